/** Businesses: the list, a new one, and the parts of one, each saved by itself. */
import { act, cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { businessQuery } from "../api/businesses";
import {
  ACE,
  type Asked,
  CLOSED,
  ID,
  ME,
  PROFESSIONS,
  type Stage,
  keeping,
  nothing,
  open,
  openWindow,
  part,
  plain,
  problem,
  setStage,
} from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
});

const PUT = `PUT /api/clients/${ID}`;
const ONE = `/api/clients/${ID}`;

function asReader() {
  stage.answers["/api/auth/me"] = { ...ME, account: { ...ME.account, role: "reader" } };
}

it("the list says what each business is and still lacks", async () => {
  stage.answers["/api/clients"] = { items: [ACE, { ...ACE, id: "b", name: "Bea", numbers: [], hours: CLOSED }] };
  open("/clients");
  const table = within(await screen.findByRole("table", { name: "Businesses" }));
  expect(plain(table.getByRole("row", { name: /Ace/ }))).toMatch(/Plumber.*\+1 202 555 0100.*Ready/);
  expect(plain(table.getByRole("row", { name: /Bea/ }))).toMatch(/no number yet, no opening hours/);
});

it("an empty list teaches, and offers a new business to whoever may make one", async () => {
  open("/clients");
  expect(await screen.findByText("No business yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "New business" }).getAttribute("href")).toBe("/clients/new");
});

it("a reader sees no control that changes anything", async () => {
  asReader();
  keeping(stage);
  stage.answers["/api/clients"] = { items: [] };
  const router = open("/clients");
  expect(await screen.findByText("No business yet")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "New business" })).toBeNull();
  await router.navigate(`/clients/${ID}`);
  const says = await part("What it says");
  expect(says.getByText("Ace Plumbing, good day.")).toBeTruthy();
  const main = within(screen.getByRole("main"));
  expect(main.queryByRole("textbox")).toBeNull();
  expect(main.queryByRole("combobox")).toBeNull();
  expect(main.queryByRole("button", { name: /Save|Release|Assign|Delete|Restore|Choose/ })).toBeNull();
  await router.navigate("/clients/new");
  expect(await screen.findByText("You may look, not change")).toBeTruthy();
});

it("a profession fills in words to begin with, and never over somebody's own", async () => {
  stage.answers["POST /api/clients"] = ({ body }: Asked) => ({ ...ACE, ...(body as object) });
  keeping(stage);
  stage.answers["POST /api/clients"] = () => Response.json(ACE, { status: 201 });
  const router = open("/clients/new");
  await user.click(await screen.findByRole("radio", { name: "Dentist" }));
  const greeting = screen.getByLabelText<HTMLTextAreaElement>("Greeting");
  expect(greeting.value).toBe("Dental practice.");
  await user.clear(screen.getByLabelText("Instructions"));
  await user.type(screen.getByLabelText("Instructions"), "My own.");
  await user.click(screen.getByRole("radio", { name: "Plumber" }));
  expect(greeting.value).toBe("Plumbing.");
  expect(screen.getByLabelText<HTMLTextAreaElement>("Instructions").value).toBe("My own.");
  await user.type(screen.getByLabelText("Name"), "Ace");
  await user.click(screen.getByRole("button", { name: "Create the business" }));
  await waitFor(() => expect(router.state.location.pathname).toBe(`/clients/${ID}`), { timeout: 5_000 });
  expect(stage.sent("POST /api/clients")).toEqual([
    {
      profession: "plumber",
      name: "Ace",
      time_zone: ME.user.time_zone,
      voice: PROFESSIONS.voices[0]?.id,
      greeting: "Plumbing.",
      instructions: "My own.",
    },
  ]);
});

it("something else takes our words away and leaves somebody's own", async () => {
  open("/clients/new");
  await user.click(await screen.findByRole("radio", { name: "Dentist" }));
  await user.type(screen.getByLabelText("Instructions"), " And be kind.");
  await user.click(screen.getByRole("radio", { name: "Something else" }));
  expect(screen.getByLabelText<HTMLTextAreaElement>("Greeting").value).toBe("");
  expect(screen.getByLabelText<HTMLTextAreaElement>("Instructions").value).toBe("Ask about pain. And be kind.");
});

it("own words stay as they are typed, whatever they are on the way", async () => {
  keeping(stage);
  open(`/clients/${ID}`);
  const about = await part("Business");
  await user.click(await about.findByRole("radio", { name: "Something else" }));
  const own = () => about.getByLabelText<HTMLInputElement>("In your own words");
  await user.type(own(), "plumber of boats");
  expect(own().value).toBe("plumber of boats");
  await user.clear(own());
  await user.type(own(), "dentist");
  expect(own().value).toBe("dentist");
  await user.click(about.getByRole("radio", { name: "Dentist" }));
  expect(about.queryByLabelText("In your own words")).toBeNull();
});

it("a business can be something none of the professions names", async () => {
  stage.answers["POST /api/clients"] = () => Response.json(ACE, { status: 201 });
  open("/clients/new");
  await user.click(await screen.findByRole("radio", { name: "Something else" }));
  await user.type(screen.getByLabelText("Name"), "Keys");
  await user.click(screen.getByRole("button", { name: "Create the business" }));
  expect(await screen.findByText("Enter what the business is.")).toBeTruthy();
  await user.type(screen.getByLabelText("In your own words"), "Piano tuner");
  await user.click(screen.getByRole("button", { name: "Create the business" }));
  await waitFor(() => expect(stage.sent("POST /api/clients")).toMatchObject([{ profession: "Piano tuner" }]));
  expect(stage.sent("POST /api/clients"), "the api knows words for any business").toMatchObject([
    { greeting: null, instructions: null },
  ]);
});

it("a part is saved with everything else as it was", async () => {
  keeping(stage);
  open(`/clients/${ID}`);
  const says = await part("What it says");
  await user.clear(says.getByLabelText("Greeting"));
  await user.type(says.getByLabelText("Greeting"), "Hello.");
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  expect(await says.findByText("Saved")).toBeTruthy();
  const { name, profession, time_zone, voice, instructions, hours } = ACE;
  expect(stage.sent(PUT)).toEqual([
    { name, profession, time_zone, voice, instructions, hours, greeting: "Hello.", transfer_number: null, version: 1 },
  ]);
});

it("an answer from before a save that comes after it changes nothing", async () => {
  keeping(stage);
  const queries = openWindow(`/clients/${ID}`);
  const says = await part("What it says");
  const greeting = says.getByLabelText<HTMLTextAreaElement>("Greeting");
  let arrive: () => void = () => undefined;
  stage.answers[ONE] = () =>
    new Promise((resolve) => {
      arrive = () => resolve(Response.json(ACE));
    });
  const asked = queries.invalidateQueries({ queryKey: businessQuery(ID).queryKey, exact: true });
  await user.type(greeting, " Hi.");
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  expect(await says.findByText("Saved")).toBeTruthy();
  arrive();
  await act(() => asked);
  expect(greeting.value).toBe("Ace Plumbing, good day. Hi.");
  expect(queries.getQueryData(businessQuery(ID).queryKey)?.version).toBe(2);
});

it("a failed save loses nothing that was typed", async () => {
  keeping(stage);
  stage.answers[PUT] = problem(503, "unavailable");
  open(`/clients/${ID}`);
  const says = await part("What it says");
  await user.type(says.getByLabelText("Greeting"), " And welcome.");
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  expect((await says.findByRole("alert")).textContent).toMatch(/Nothing you typed is lost/);
  expect(says.getByLabelText<HTMLTextAreaElement>("Greeting").value).toBe("Ace Plumbing, good day. And welcome.");
});

it("what somebody else changed elsewhere meanwhile is kept without a question", async () => {
  const api = keeping(stage);
  open(`/clients/${ID}`);
  const says = await part("What it says");
  await user.type(says.getByLabelText("Greeting"), " Hi.");
  api.change({ transfer_number: "+12025550123" });
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  expect(await says.findByText("Saved")).toBeTruthy();
  expect(api.now()).toMatchObject({ greeting: "Ace Plumbing, good day. Hi.", transfer_number: "+12025550123" });
});

it("what somebody else changed in the same part is shown, and either can be kept", async () => {
  const api = keeping(stage);
  open(`/clients/${ID}`);
  const says = await part("What it says");
  const greeting = says.getByLabelText<HTMLTextAreaElement>("Greeting");
  await user.type(greeting, " Mine.");
  api.change({ greeting: "Theirs." });
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  const theirs = within(await says.findByRole("region", { name: "Their version" }));
  expect(says.getByText(/Somebody changed this meanwhile/)).toBeTruthy();
  expect(theirs.getByText("Theirs.")).toBeTruthy();
  expect(greeting.value).toBe("Ace Plumbing, good day. Mine.");
  await user.click(theirs.getByRole("button", { name: "Keep mine" }));
  expect(await says.findByText("Saved")).toBeTruthy();
  expect(api.now().greeting).toBe("Ace Plumbing, good day. Mine.");

  await user.type(greeting, " Again.");
  api.change({ greeting: "Theirs again." });
  await user.click(says.getByRole("button", { name: "Save what it says" }));
  await user.click(await says.findByRole("button", { name: "Use their version" }));
  expect(greeting.value).toBe("Theirs again.");
  expect(says.queryByRole("region", { name: "Their version" })).toBeNull();
});

it("leaving with something unsaved asks first", async () => {
  keeping(stage);
  const router = open(`/clients/${ID}`);
  const says = await part("What it says");
  await user.type(says.getByLabelText("Greeting"), " Hi.");
  await user.click(screen.getByRole("link", { name: /All businesses/ }));
  const dialog = within(await screen.findByRole("dialog", { name: "Leave without saving?" }));
  await user.click(dialog.getByRole("button", { name: "Stay here" }));
  expect(router.state.location.pathname).toBe(`/clients/${ID}`);
  expect(says.getByLabelText<HTMLTextAreaElement>("Greeting").value).toMatch(/ Hi\.$/);
  await user.click(screen.getByRole("link", { name: /All businesses/ }));
  await user.click(await screen.findByRole("button", { name: "Leave without saving" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Businesses" })).toBeTruthy();
});

it("hours are copied to all days, checked in words, and days can be closed", async () => {
  const api = keeping(stage);
  open(`/clients/${ID}`);
  const hours = await part("Hours");
  await user.click(hours.getByRole("button", { name: "Copy Monday to all days" }));
  expect(hours.getByLabelText<HTMLInputElement>("Sunday, opens").value).toBe("09:00");
  fireEvent.change(hours.getByLabelText("Tuesday, closes"), { target: { value: "08:00" } });
  await user.click(hours.getByRole("button", { name: "Save hours" }));
  expect((await hours.findByRole("alert")).textContent).toMatch(/second time must be later/);
  expect(stage.sent(PUT)).toEqual([]);
  await user.click(hours.getByRole("button", { name: /Remove Tuesday/ }));
  await user.click(hours.getByRole("button", { name: "Add a time on Friday" }));
  expect(hours.getByLabelText<HTMLInputElement>("Friday, 2, opens").value).toBe("18:00");
  await user.click(hours.getByRole("button", { name: "Save hours" }));
  expect(await hours.findByText("Saved")).toBeTruthy();
  expect(api.now().hours.tuesday).toEqual([]);
  expect(api.now().hours.friday).toHaveLength(2);
});

it("a time that is taken away leaves the focus at its day", async () => {
  keeping(stage);
  open(`/clients/${ID}`);
  const hours = await part("Hours");
  await user.click(hours.getByRole("button", { name: /Remove Monday/ }));
  expect(document.activeElement).toBe(hours.getByRole("group", { name: "Monday" }));
});

it("days are called in English, and times are written as the person reads them", async () => {
  stage.answers["/api/auth/me"] = { ...ME, user: { ...ME.user, locale: "de-DE" } };
  keeping(stage);
  open(`/clients/${ID}`);
  expect((await part("Hours")).getByRole("button", { name: "Copy Monday to all days" })).toBeTruthy();
  cleanup();
  asReader();
  open(`/clients/${ID}`);
  const closed = (await part("Hours")).getByText("Monday").nextElementSibling;
  await waitFor(() => expect(closed?.textContent).toMatch(/^9:00\sAM to 5:00\sPM$/));
});

it("what the api refuses about a day stands at that day", async () => {
  keeping(stage);
  const errors = [{ field: "hours.monday[0].to", message: "must be later than from" }];
  stage.answers[PUT] = problem(422, "invalid", { errors });
  open(`/clients/${ID}`);
  const hours = await part("Hours");
  fireEvent.change(hours.getByLabelText("Monday, closes"), { target: { value: "18:00" } });
  await user.click(hours.getByRole("button", { name: "Save hours" }));
  const monday = within(await hours.findByRole("group", { name: "Monday" }));
  expect((await monday.findByRole("alert")).textContent).toBe("This must be later than from.");
});

it.each([
  ["number-taken", /Another business has this number/, false],
  ["number-limit", /no room for another number/, true],
  ["no-subscription", /put into service with a subscription/, true],
])("%s is told plainly, with the way on", async (kind, words, leadsToPlan) => {
  keeping(stage);
  stage.answers[`POST ${ONE}/numbers`] = problem(409, kind);
  open(`/clients/${ID}`);
  const numbers = await part("Numbers");
  await user.type(numbers.getByLabelText("Give it a number"), "+1 202 555 0123");
  await user.click(numbers.getByRole("button", { name: "Assign number" }));
  expect((await numbers.findByRole("alert")).textContent).toMatch(words);
  expect(numbers.queryByRole("link", { name: "See the plan" }) !== null).toBe(leadsToPlan);
  expect(numbers.getByLabelText<HTMLInputElement>("Give it a number").value).toBe("+1 202 555 0123");
});

it("a number is assigned, and released after the consequence was named", async () => {
  const api = keeping(stage);
  stage.answers[`POST ${ONE}/numbers`] = ({ body }: Asked) =>
    api.change({ numbers: [...api.now().numbers, (body as { number: string }).number] });
  stage.answers[`DELETE ${ONE}/numbers/%2B12025550100`] = () => api.change({ numbers: ["+12025550123"] });
  open(`/clients/${ID}`);
  const numbers = await part("Numbers");
  await user.type(numbers.getByLabelText("Give it a number"), "12");
  await user.click(numbers.getByRole("button", { name: "Assign number" }));
  expect((await numbers.findByRole("alert")).textContent).toMatch(/with its country code/);
  await user.clear(numbers.getByLabelText("Give it a number"));
  await user.type(numbers.getByLabelText("Give it a number"), "+12025550123");
  await user.click(numbers.getByRole("button", { name: "Assign number" }));
  await waitFor(() => expect(plain(numbers.getByRole("list", { name: "In service" }))).toMatch(/0100.*0123/));
  await user.click(numbers.getByRole("button", { name: /Release .*0100/ }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/no longer answered for/)).toBeTruthy();
  await user.click(dialog.getByRole("button", { name: "Release the number" }));
  await waitFor(() => expect(plain(numbers.getByRole("list", { name: "In service" }))).not.toMatch(/0100/));
  const inService = numbers.getByRole("list", { name: "In service" });
  await waitFor(() => expect(document.activeElement).toBe(inService.parentElement));
});

it("which numbers it had is looked for when somebody looks", async () => {
  keeping(stage);
  let answer: (given: object) => void = () => undefined;
  stage.answers[`${ONE}/numbers`] = () =>
    new Promise<Response>((resolve) => (answer = (given) => resolve(Response.json(given))));
  open(`/clients/${ID}`);
  const numbers = await part("Numbers");
  await user.click(numbers.getByText("Which numbers it had, and when"));
  expect(await numbers.findByText("Looking for them…")).toBeTruthy();
  await waitFor(() => expect(stage.asked.some(({ url }) => url.pathname === `${ONE}/numbers`)).toBe(true));
  answer({ items: [{ number: "+12025550111", assigned_at: "2026-10-01T10:00:00Z", released_at: null }] });
  expect(await numbers.findByText(/0111.*until now/)).toBeTruthy();
  expect(numbers.queryByText("Looking for them…")).toBeNull();
});

it("deleting names the consequence, and a deleted business can be brought back", async () => {
  const api = keeping(stage);
  stage.answers[`DELETE ${ONE}`] = nothing;
  const router = open(`/clients/${ID}`);
  await user.click(await screen.findByRole("button", { name: "Delete this business" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/Calls to its number are no longer answered/)).toBeTruthy();
  stage.answers["/api/clients"] = ({ url }: Asked) => ({ items: url.searchParams.has("deleted") ? [api.now()] : [] });
  await user.click(dialog.getByRole("button", { name: "Delete the business" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/clients"), { timeout: 5_000 });
  const deleted = { id: 9, at: "2026-11-20T10:00:00Z", by: null, kind: "deleted", changes: {} };
  stage.answers[`${ONE}/history`] = { items: [deleted], next_cursor: null };
  stage.answers[`POST ${ONE}/restore`] = () => api.change({ numbers: [] });
  await user.click(await screen.findByText("Deleted businesses"));
  await user.click(await screen.findByRole("button", { name: "Bring back Ace" }));
  await waitFor(() => expect(router.state.location.pathname).toBe(`/clients/${ID}`), { timeout: 5_000 });
  expect(stage.sent(`POST ${ONE}/restore`)).toEqual([{ change_id: 9 }]);
});

it("a business that is deleted is left without a question, whatever was unsaved in it", async () => {
  keeping(stage);
  stage.answers[`DELETE ${ONE}`] = nothing;
  const router = open(`/clients/${ID}`);
  await user.type((await part("What it says")).getByLabelText("Greeting"), " Hi.");
  await user.click(screen.getByRole("button", { name: "Delete this business" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Delete the business" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/clients"), { timeout: 5_000 });
  expect(screen.queryByRole("dialog", { name: "Leave without saving?" })).toBeNull();
  expect(await screen.findByText("Deleted businesses")).toBeTruthy();
  const asked = stage.asked.filter(({ method, url }) => method === "GET" && url.pathname === ONE);
  expect(asked, "what is gone is asked for no more").toHaveLength(1);
});

it("a business that is not there says so", async () => {
  open(`/clients/${ID}`);
  expect(await screen.findByText("Not found")).toBeTruthy();
});

it("what was said of a number goes with it: another one is typed, or one is released", async () => {
  const api = keeping(stage);
  stage.answers[`POST ${ONE}/numbers`] = problem(409, "number-limit");
  stage.answers[`DELETE ${ONE}/numbers/%2B12025550100`] = () => api.change({ numbers: [] });
  open(`/clients/${ID}`);
  const numbers = await part("Numbers");
  const field = numbers.getByLabelText("Give it a number");
  const plan = () => numbers.queryByRole("link", { name: "See the plan" });
  const refuse = async () => {
    await user.click(numbers.getByRole("button", { name: "Assign number" }));
    expect((await numbers.findByRole("alert")).textContent).toMatch(/no room for another number/);
    expect(plan()).toBeTruthy();
  };
  await user.type(field, "+1 202 555 0123");
  await refuse();
  await user.type(field, "4");
  expect(numbers.queryByRole("alert")).toBeNull();
  expect(plan()).toBeNull();
  await refuse();
  await user.click(numbers.getByRole("button", { name: /^Release number/ }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Release the number" }));
  await numbers.findByText(/No number yet/);
  await waitFor(() => expect(numbers.queryByRole("alert")).toBeNull());
  expect(plan()).toBeNull();
});

it("a number to put callers through to is grouped as numbers are elsewhere", async () => {
  keeping(stage, { ...ACE, transfer_number: "+12025550199" });
  open(`/clients/${ID}`);
  const transfer = await part("Transfer");
  expect(transfer.getByLabelText<HTMLInputElement>("Number of a person").value).toBe("+1 202 555 0199");
});

it("near its limit a text says how long it is", async () => {
  keeping(stage);
  open(`/clients/${ID}`);
  const says = await part("What it says");
  expect(says.queryByText(/of 500 characters/)).toBeNull();
  fireEvent.change(says.getByLabelText("Greeting"), { target: { value: "x".repeat(430) } });
  expect(await says.findByText(/430 of 500 characters\./)).toBeTruthy();
});
