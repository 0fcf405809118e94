/** The list of calls: what it asks for, and what it says when there is nothing to show. */
import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ACE, BEA, CALL, FRESH, OTHER_ID, type Stage, asMember, open, plain, setStage } from "./stage";

let stage: Stage;
let answers: Stage["answers"];

beforeEach(() => {
  stage = setStage();
  answers = stage.answers;
});

it("a list without any call says which number to ring", async () => {
  answers["/api/clients"] = { items: [ACE] };
  open("/calls");
  expect(await screen.findByText("No calls yet")).toBeTruthy();
  expect(await screen.findByText("+1 202 555 0100")).toBeTruthy();
});

it("a business without a number is not given another's", async () => {
  answers["/api/clients"] = { items: [ACE, BEA] };
  open(`/calls?client_id=${OTHER_ID}`);
  expect(await screen.findByText(/has no number yet/)).toBeTruthy();
  expect(screen.queryByText(/0100/)).toBeNull();
});

it("a filter that matches nothing offers the way out", async () => {
  const user = userEvent.setup();
  const router = open("/calls?result=failed&number=555&bogus=1");
  expect(await screen.findByText("No call matches")).toBeTruthy();
  expect(screen.getByText(/Left out.*bogus=1/)).toBeTruthy();
  await user.click(screen.getByRole("link", { name: "Show all calls" }));
  expect(await screen.findByText("No calls yet")).toBeTruthy();
  expect(router.state.location.search).toBe("");
});

it("the address decides what is asked for", async () => {
  open("/calls?result=missed&from=2026-11-01&min_talk_ms=30000&cursor=abc");
  await screen.findByText("No older calls");
  const query = stage.asked.find(({ url }) => url.pathname === "/api/calls")?.url.searchParams;
  expect(Object.fromEntries(query ?? [])).toEqual({
    result: "missed",
    from: new Date(2026, 10, 1).toISOString(),
    min_talk_ms: "30000",
    limit: "50",
    cursor: "abc",
  });
});

it("a number typed goes into the address and keeps the other filters", async () => {
  const user = userEvent.setup();
  const router = open("/calls?result=missed&cursor=abc");
  await user.type(await screen.findByLabelText("Number or part of one"), "0147");
  await waitFor(() => expect(router.state.location.search).toBe("?result=missed&number=0147"));
  expect(screen.getByLabelText<HTMLInputElement>("Number or part of one").value).toBe("0147");
});

it("calls that the receptionist made are a filter in the address", async () => {
  open("/calls?direction=outbound");
  expect(await screen.findByRole("link", { name: "Remove filter: Made by the receptionist" })).toBeTruthy();
  const query = stage.asked.find(({ url }) => url.pathname === "/api/calls")?.url.searchParams;
  expect(query?.get("direction")).toBe("outbound");
});

it("filters chosen faster than the page follows are all kept", async () => {
  const user = userEvent.setup();
  const router = open("/calls");
  await user.click(await screen.findByRole("button", { name: "Filters" }));
  const choose = (label: string, value: string) => {
    fireEvent.change(screen.getByLabelText(label), { target: { value } });
  };
  choose("Result", "missed");
  choose("Sentiment", "negative");
  choose("Talked for", "long");
  const wanted = { result: "missed", sentiment: "negative", min_talk_ms: "120001" };
  await waitFor(() => expect(Object.fromEntries(new URLSearchParams(router.state.location.search))).toEqual(wanted));
});

it("letters in the number field are refused in words and asked of nobody", async () => {
  const user = userEvent.setup();
  const router = open("/calls");
  await user.type(await screen.findByLabelText("Number or part of one"), "Maria");
  expect(screen.getByRole("alert").textContent).toMatch(/digits/);
  await user.clear(screen.getByLabelText("Number or part of one"));
  await user.type(screen.getByLabelText("Number or part of one"), "+1 (202)");
  await waitFor(() => expect(router.state.location.search).toBe("?number=%2B1+%28202%29"));
  expect(screen.queryByRole("alert")).toBeNull();
});

it("a list says first that a caller was upset, before an outcome of any length", async () => {
  const outcome = { status: "success" as const, label: "emergency_plumber_dispatched_to_the_address", reason: null };
  answers["/api/calls"] = {
    items: [{ ...CALL, outcome, sentiment: { label: "negative", score: -0.9 } }],
    next_cursor: null,
    freshness: FRESH,
  };
  open("/calls");
  const cell = (await screen.findByText(/^Emergency plumber dispatched/)).closest("[role=cell]");
  expect(plain(cell)).toMatch(/^Upset · Emergency plumber/);
});

it("a day that cannot be asked for keeps the filters open", async () => {
  const user = userEvent.setup();
  const router = open("/calls?from=2026-11-20");
  await user.click(await screen.findByRole("button", { name: "Filters" }));
  const to = screen.getByLabelText<HTMLInputElement>("Up to and including");
  fireEvent.change(to, { target: { value: "2026-11-10" } });
  await user.click(screen.getByRole("button", { name: "Show these calls" }));
  expect(document.activeElement).toBe(to);
  fireEvent.change(to, { target: { value: "2026-11-21" } });
  await user.click(screen.getByRole("button", { name: "Show these calls" }));
  expect(screen.queryByRole("button", { name: "Show these calls" })).toBeNull();
  await waitFor(() => expect(router.state.location.search).toBe("?from=2026-11-20&to=2026-11-21"));
});

it("a business that is not there has no calls to come", async () => {
  answers["/api/clients"] = { items: [ACE] };
  open(`/calls?client_id=${OTHER_ID}`);
  expect(await screen.findByText("No call matches")).toBeTruthy();
  expect(screen.getByText(/The business that was chosen is not there/)).toBeTruthy();
  expect(screen.queryByText("No calls yet")).toBeNull();
});

it.each([
  ["live", "On the line", "Nobody is on the line"],
  ["ringing", "Ringing", "Nobody is ringing"],
])("nobody there is said as it is when only %s calls are asked for", async (state, tab, words) => {
  answers["/api/clients"] = { items: [ACE] };
  open(`/calls?state=${state}`);
  expect(await screen.findByText(words)).toBeTruthy();
  expect(screen.getByRole("link", { name: tab }).getAttribute("aria-current")).toBe("true");
  expect(screen.queryByText(/Take a filter away/)).toBeNull();
});

it("a filter beside the tab may be what hides a call that is going on", async () => {
  open("/calls?state=live&number=555");
  expect(await screen.findByText(/Take a filter away/)).toBeTruthy();
});

it("a new owner is led to a first business", async () => {
  open("/calls");
  const add = await screen.findByRole("link", { name: "New business" });
  expect(add.getAttribute("href")).toBe("/clients/new");
});

it("a reader of an account without a business is led to none", async () => {
  asMember(stage, "reader");
  open("/calls");
  expect(await screen.findByText(/no business yet/)).toBeTruthy();
  expect(screen.queryByRole("link", { name: "New business" })).toBeNull();
});

it("what a row has to cut short can be read in full", async () => {
  answers["/api/calls"] = { items: [{ ...CALL, caller_name: "Number ending in 0147" }], next_cursor: null, freshness: FRESH };
  open("/calls");
  const row = (await screen.findByRole("link", { name: "Number ending in 0147" })).closest("[role=row]");
  expect(row?.getAttribute("title")).toBe("Number ending in 0147\nBright Smile Dental\nBooked\nWants a cleaning.");
});
