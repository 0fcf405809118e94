/** The administration: for administrators alone, and every act with its reason. */
import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { type Asked, ID, ME, OTHER_ID, type Stage, open, plain, problem, setStage } from "./stage";

let stage: Stage;
let user: ReturnType<typeof userEvent.setup>;

const ADMIN = { ...ME, user: { ...ME.user, role: "admin" } };
const BOB = {
  id: OTHER_ID,
  name: "Bob",
  email: "bob@example.com",
  role: "owner",
  created_at: "2026-01-05T12:00:00Z",
  seen_at: null,
  state: "active",
  clients: 2,
  deletion_due_at: null,
};

const CLIENT = {
  id: ID,
  name: "Bob's Dental",
  profession: "dentist",
  numbers: [] as string[],
  owner: { id: OTHER_ID, name: "Bob", email: "bob@example.com" },
  created_at: BOB.created_at,
  deleted_at: null,
};

/** One account as an administrator sees it. */
function opened(user: object) {
  return {
    user,
    access: {
      has_password: true,
      keys: 1,
      locale: "en-US",
      providers: ["google"],
      second_factor: true,
      sessions: 2,
      suspended_at: null,
      time_zone: "Europe/Berlin",
    },
    clients: [CLIENT],
    members: [{ user_id: OTHER_ID, name: "Bob", email: "bob@example.com", role: "owner", joined_at: BOB.created_at }],
    memberships: [],
    subscription: null,
  };
}

beforeEach(() => {
  stage = setStage();
  user = userEvent.setup();
  stage.answers["/api/auth/me"] = ADMIN;
  stage.answers["/api/admin/users"] = { items: [BOB], next_cursor: null };
  stage.answers[`/api/admin/users/${OTHER_ID}`] = opened(BOB);
});

it("to everybody else there is no such page, and nothing is asked", async () => {
  stage.answers["/api/auth/me"] = ME;
  open("/admin/users");
  expect(await screen.findByText("There is nothing at this address")).toBeTruthy();
  expect(stage.asked.some(({ url }) => url.pathname.startsWith("/api/admin"))).toBe(false);
  expect(screen.queryByRole("link", { name: "Administration" })).toBeNull();
});

it("letters typed while the search goes into the address are kept", async () => {
  const router = open("/admin/users");
  const box = await screen.findByLabelText<HTMLInputElement>("Name or e-mail address");
  const stop = router.subscribe(({ location }) => {
    if (location.search !== "?q=bo") return;
    stop();
    fireEvent.change(box, { target: { value: "bob" } });
  });
  fireEvent.change(box, { target: { value: "bo" } });
  await waitFor(() => expect(router.state.location.search).toBe("?q=bob"), { timeout: 5_000 });
  expect(box.value).toBe("bob");
});

it("users are searched by what is typed, and the search stays in the address", async () => {
  const router = open("/admin/users?cursor=abc");
  await user.type(await screen.findByLabelText("Name or e-mail address"), "bob");
  await waitFor(() => expect(router.state.location.search).toBe("?q=bob"), { timeout: 5_000 });
  await waitFor(() => {
    const searches = stage.asked.filter(({ url }) => url.pathname === "/api/admin/users");
    expect(searches.at(-1)?.url.search).toBe("?q=bob");
  });
  expect(await screen.findByRole("link", { name: "Bob" })).toBeTruthy();
});

it("users are narrowed by state and role, in the address, from the first page on", async () => {
  const router = open("/admin/users?q=bob&cursor=abc");
  await user.selectOptions(await screen.findByLabelText("State"), "Suspended");
  await waitFor(() => expect(router.state.location.search).toBe("?q=bob&state=suspended"));
  await user.selectOptions(screen.getByLabelText("Role"), "Administrator");
  await waitFor(() => {
    const asked = stage.asked.filter(({ url }) => url.pathname === "/api/admin/users").at(-1);
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual({ q: "bob", state: "suspended", role: "admin" });
  });
  await user.selectOptions(screen.getByLabelText("State"), "All but deleted");
  await waitFor(() => expect(router.state.location.search).toBe("?q=bob&role=admin"));
});

it("what is no state or role narrows nothing, and shows so", async () => {
  open("/admin/users?state=happy&role=king");
  expect(await screen.findByRole("link", { name: "Bob" })).toBeTruthy();
  expect(stage.asked.find(({ url }) => url.pathname === "/api/admin/users")?.url.search).toBe("");
  expect(screen.getByLabelText<HTMLSelectElement>("State").value).toBe("");
});

it("an administrator looks at an account's dashboard, and goes back by what says so, or the account menu", async () => {
  const looking = { ...ADMIN, account: { id: OTHER_ID, name: "Bob", role: "reader" } };
  const goOver = "POST /api/auth/account";
  stage.answers[goOver] = problem(503, "unavailable");
  const router = open(`/admin/users/${OTHER_ID}`);
  await user.click(await screen.findByRole("button", { name: "Look at their dashboard" }));
  expect((await screen.findByRole("alert")).textContent).toMatch(/try again in a moment/);
  stage.answers[goOver] = looking;
  await user.click(screen.getByRole("button", { name: "Look at their dashboard" }));
  await waitFor(() => expect(router.state.location.pathname).toBe("/"));
  expect(stage.sent(goOver).at(-1)).toEqual({ account_id: OTHER_ID });
  const back = async (press: () => Promise<void>) => {
    stage.answers[goOver] = ADMIN;
    await press();
    await waitFor(() => expect(stage.sent(goOver).at(-1)).toEqual({ account_id: ADMIN.account.id }));
    expect(await screen.findByRole("button", { name: new RegExp(`^Account: ${ADMIN.account.name}`) })).toBeTruthy();
    expect(screen.queryByText(/You look at the account of/)).toBeNull();
  };
  expect((await screen.findByText(/You look at the account of/)).textContent).toMatch(/Bob/);
  await back(() => user.click(screen.getByRole("button", { name: "Back to your own" })));
  stage.answers[goOver] = looking;
  await act(() => router.navigate(`/admin/users/${OTHER_ID}`));
  await user.click(await screen.findByRole("button", { name: "Look at their dashboard" }));
  await user.click(await screen.findByRole("button", { name: /^Account: Bob/ }));
  const own = await screen.findByRole("menuitemradio", { name: new RegExp(ADMIN.account.name) });
  await back(() => user.click(own));
});

it("nothing more is done to an account that is deleted", async () => {
  stage.answers[`/api/admin/users/${OTHER_ID}`] = opened({ ...BOB, state: "deleted" });
  open(`/admin/users/${OTHER_ID}`);
  expect(await screen.findByText(/this account is deleted/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Suspend|administrator/ })).toBeNull();
  expect(screen.queryByText("Signs in")).toBeNull();
});

it("an account is suspended with a reason, and what was typed survives a refusal", async () => {
  const suspend = `POST /api/admin/users/${OTHER_ID}/suspend`;
  stage.answers[suspend] = problem(503, "unavailable");
  open(`/admin/users/${OTHER_ID}`);
  expect(await screen.findByText("Bob's Dental")).toBeTruthy();
  expect(screen.getByText("with a password, through Google, with a second step, 2 browsers")).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Suspend the account" }));
  const dialog = within(await screen.findByRole("dialog"));
  await user.click(dialog.getByRole("button", { name: "Suspend the account" }));
  expect(await dialog.findByText("Say why.")).toBeTruthy();
  await user.type(dialog.getByLabelText("Reason"), "Chargebacks");
  await user.click(dialog.getByRole("button", { name: "Suspend the account" }));
  expect((await dialog.findByRole("alert")).textContent).toMatch(/Nothing you typed is lost/);
  stage.answers[suspend] = () => {
    const suspended = { ...BOB, state: "suspended" };
    stage.answers[`/api/admin/users/${OTHER_ID}`] = opened(suspended);
    return suspended;
  };
  await user.click(dialog.getByRole("button", { name: "Suspend the account" }));
  expect(await screen.findByRole("button", { name: "Open the account again" })).toBeTruthy();
  expect(stage.sent(suspend)).toEqual([{ reason: "Chargebacks" }, { reason: "Chargebacks" }]);
});

it("an administrator makes another, and does nothing to themselves", async () => {
  const promote = `POST /api/admin/users/${OTHER_ID}/promote`;
  stage.answers[promote] = ({ body }: Asked) => ({ ...BOB, ...(body as object) });
  stage.answers[`/api/admin/users/${ME.user.id}`] = opened({ ...BOB, id: ME.user.id, name: "Ann Able" });
  const router = open(`/admin/users/${OTHER_ID}`);
  await user.click(await screen.findByRole("button", { name: "Make an administrator" }));
  const dialog = within(await screen.findByRole("dialog"));
  expect(dialog.getByText(/They see every account/)).toBeTruthy();
  await user.type(dialog.getByLabelText("Reason"), "On call");
  await user.click(dialog.getByRole("button", { name: "Make an administrator" }));
  await waitFor(() => expect(stage.sent(promote)).toEqual([{ reason: "On call" }]));
  await router.navigate(`/admin/users/${ME.user.id}`);
  expect(await screen.findByText(/This is your own account/)).toBeTruthy();
});

it("every business names its owner, and leads there", async () => {
  stage.answers["/api/admin/clients"] = {
    items: [CLIENT],
    next_cursor: null,
  };
  open("/admin/clients");
  const link = await screen.findByRole("link", { name: "Bob's Dental" });
  expect(link.getAttribute("href")).toBe(`/admin/users/${OTHER_ID}`);
  await waitFor(() => expect(plain(link.closest("[role=row]"))).toMatch(/Bob.*Dentist.*no number/));
});

it("the audit says whose account each act concerned", async () => {
  const entry = {
    id: 1,
    at: "2026-11-20T10:00:00Z",
    act: "user.suspended",
    account: { id: OTHER_ID, name: "Bob" },
    actor: { id: ME.user.id, kind: "admin", name: "Ann Able" },
    subject: OTHER_ID,
    address: "192.0.2.7",
    user_agent: null,
    detail: { reason: "Chargebacks" },
  };
  stage.answers["/api/admin/audit"] = { items: [entry], next_cursor: null };
  open("/admin/audit");
  const act = await screen.findByRole("listitem");
  expect(plain(act)).toMatch(/Ann Able suspended the account: Chargebacks.*account Bob/);
  expect(screen.getByRole("link", { name: "Download CSV" }).getAttribute("href")).toBe("/api/admin/audit.csv");
});

it("the audit is narrowed by kind and days, and so is its file", async () => {
  stage.answers["/api/admin/audit"] = { items: [], next_cursor: null };
  const router = open("/admin/audit?cursor=abc");
  await user.selectOptions(await screen.findByLabelText("About"), "Dead letters");
  fireEvent.change(screen.getByLabelText("From"), { target: { value: "2026-11-01" } });
  await waitFor(() => expect(router.state.location.search).toBe("?act=dead_letter&from=2026-11-01"));
  // The fields follow a moment after the address.
  await waitFor(() => expect(screen.getByLabelText<HTMLInputElement>("From").value).toBe("2026-11-01"));
  fireEvent.change(screen.getByLabelText("Up to and including"), { target: { value: "2026-11-02" } });
  const wanted = {
    act: "dead_letter",
    from: new Date(2026, 10, 1).toISOString(),
    to: new Date(2026, 10, 3).toISOString(),
  };
  await waitFor(() => {
    const asked = stage.asked.filter(({ url }) => url.pathname === "/api/admin/audit").at(-1);
    expect(Object.fromEntries(asked?.url.searchParams ?? [])).toEqual(wanted);
  });
  expect(await screen.findByText("Nothing matches")).toBeTruthy();
  const file = new URL(screen.getByRole<HTMLAnchorElement>("link", { name: "Download CSV" }).href);
  expect(Object.fromEntries(file.searchParams)).toEqual(wanted);
});
