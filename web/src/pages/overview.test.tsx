/** The overview: who is on the line, the way to the first call, and what its figures lead to. */
import { cleanup, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import { ACE, BEA, CALL, FRESH, ID, ME, OTHER_ID, type Stage, open, plain, problem, setStage, subscription } from "./stage";

let stage: Stage;
let answers: Stage["answers"];

beforeEach(() => {
  stage = setStage();
  answers = stage.answers;
});

it.each([
  ["/", /Ring any of your businesses, for one Ace on \+1 202 555 0100/],
  [`/?client_id=${OTHER_ID}`, /Ring \+1 415 555 0123 and the call appears here/],
  ["/?unassigned=true", /a number that no business has/],
])("an idle line at %s names a number that is meant", async (address, words) => {
  answers["/api/clients"] = { items: [ACE, { ...BEA, numbers: ["+14155550123"] }] };
  open(address);
  const now = within(await screen.findByRole("region", { name: "Now" }));
  await waitFor(() => expect(plain(now.getByText("Nobody is on the line").parentElement)).toMatch(words));
});

it("a payment that is due is said on the overview, whichever business is chosen", async () => {
  answers["/api/subscriptions/current"] = { subscription: subscription({ past_due: true }), freshness: FRESH };
  open(`/?client_id=${ID}`);
  const due = await screen.findByRole("link", { name: /Payment is due/ });
  expect(due.getAttribute("href")).toBe(`/billing?client_id=${ID}`);
});

it("a call going on says on every screen whether it rings or is on the line", async () => {
  answers["/api/calls"] = {
    items: [{ ...CALL, state: "ringing", result: null, answered_at: null, ended_at: null }],
    next_cursor: null,
    freshness: FRESH,
  };
  open("/");
  const now = within(await screen.findByRole("table", { name: "Calls going on now" }));
  expect(now.getAllByText("ringing").every(({ className }) => !/hidden/.test(className))).toBe(true);
});

it("a new owner is shown the way to the first call, and none is promised before it can come", async () => {
  open("/");
  const steps = within(await screen.findByRole("region", { name: "Before the first call" }));
  expect(steps.getAllByRole("listitem").map((item) => plain(item))).toEqual([
    expect.stringMatching(/^A business.*missing/),
    expect.stringMatching(/^A subscription.*missing/),
    expect.stringMatching(/^A phone number.*missing/),
  ]);
  expect(steps.getByRole("link", { name: "Make a business" }).getAttribute("href")).toBe("/clients/new");
  expect(screen.queryByText(/at its first ring/)).toBeNull();
});

it("what is there already is no step any more, and with a number there is none", async () => {
  answers["/api/clients"] = { items: [BEA] };
  answers["/api/subscriptions/current"] = { subscription: subscription({}), freshness: FRESH };
  open("/");
  const steps = within(await screen.findByRole("region", { name: "Before the first call" }));
  expect(steps.getAllByText("done")).toHaveLength(2);
  expect(steps.getByRole("link", { name: "Give it a number" }).getAttribute("href")).toBe(`/clients/${OTHER_ID}`);
  cleanup();
  answers["/api/clients"] = { items: [ACE] };
  open("/");
  expect(await screen.findByText(/the call appears here at its first ring/)).toBeTruthy();
  expect(screen.queryByRole("region", { name: "Before the first call" })).toBeNull();
});

it("an administrator without a business is led to those of others", async () => {
  answers["/api/auth/me"] = { ...ME, user: { ...ME.user, role: "admin" } };
  open("/");
  expect((await screen.findByRole("link", { name: "See all accounts" })).getAttribute("href")).toBe("/admin/users");
  expect(screen.queryByText(/at its first ring/)).toBeNull();
});

it("whoever was invited and has no business is led to the account they were invited to", async () => {
  const theirs = { id: OTHER_ID, name: "Bob's", role: "reader" as const };
  const accounts = [...ME.accounts, theirs];
  answers["/api/auth/me"] = { ...ME, accounts };
  const over = "POST /api/auth/account";
  answers[over] = problem(503, "unavailable");
  open("/");
  const user = userEvent.setup();
  await user.click(await screen.findByRole("button", { name: "See that account" }));
  expect(await screen.findByText(/try again in a moment/)).toBeTruthy();
  answers[over] = { ...ME, accounts, account: theirs };
  await user.click(screen.getByRole("button", { name: "See that account" }));
  expect(await screen.findByRole("button", { name: /^Account: Bob's/ })).toBeTruthy();
  expect(stage.sent(over).at(-1)).toEqual({ account_id: OTHER_ID });
});

it("what was captured leads nowhere, for no list has those calls", async () => {
  const good = { calls: 2, talk_ms: 1, missed: 0, abandoned: 0, failed: 0, answered_share: 1, success_share: 1 };
  const totals = { ...good, average_talk_ms: 1, revenue: [{ amount_minor: 5_000, currency: "USD" }] };
  const period = { from: "2026-11-01T00:00:00Z", to: "2026-12-01T00:00:00Z" };
  const sentiment = { positive: 0, neutral: 0, negative: 0, unknown: 2 };
  answers["/api/stats"] = { period, totals, sentiment, by_day: [], by_hour: [], heat: [], freshness: FRESH };
  open("/");
  expect(await screen.findByText("$50")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Captured" })).toBeNull();
});

it("what went well is a share of answered calls, and leads to those alone", async () => {
  const good = { calls: 2, talk_ms: 1, missed: 0, abandoned: 0, failed: 0, answered_share: 1, success_share: 0.5 };
  const totals = { ...good, average_talk_ms: 1, revenue: [] };
  const period = { from: "2026-11-01T12:00:00Z", to: "2026-12-01T12:00:00Z" };
  const sentiment = { positive: 0, neutral: 0, negative: 0, unknown: 2 };
  answers["/api/stats"] = { period, totals, sentiment, by_day: [], by_hour: [], heat: [], freshness: FRESH };
  open(`/?client_id=${ID}`);
  const link = await screen.findByRole("link", { name: "Successful" });
  const asked = Object.fromEntries(new URL(link.getAttribute("href") ?? "", "http://x").searchParams);
  expect(asked).toEqual({
    client_id: ID,
    from: "2026-11-01",
    direction: "inbound",
    result: "answered",
    outcome: "success",
  });
});

it("more calls than are shown are led to by lists that have every one of them", async () => {
  const going = (state: "live" | "ringing", n: number) =>
    Array.from({ length: n }, (_, at) => ({ ...CALL, id: `${ID.slice(0, -2)}${state === "live" ? 1 : 2}${at}`, state, ended_at: null }));
  const calls = { live: going("live", 3), ringing: going("ringing", 2) };
  answers["/api/calls"] = ({ url }) => ({
    items: Object.entries(calls).find(([state]) => state === url.searchParams.get("state"))?.[1] ?? [],
    next_cursor: null,
    freshness: FRESH,
  });
  open(`/?client_id=${ID}`);
  const now = within(await screen.findByRole("region", { name: "Now" }));
  expect(await now.findByText("3 on the line, 2 ringing")).toBeTruthy();
  const leads = (name: string) => now.getByRole("link", { name }).getAttribute("href");
  expect(leads("All on the line")).toBe(`/calls?client_id=${ID}&state=live`);
  expect(leads("All ringing")).toBe(`/calls?client_id=${ID}&state=ringing`);
});

it("where all are shown, no list is offered", async () => {
  answers["/api/calls"] = { items: [], next_cursor: null, freshness: FRESH };
  open("/");
  const now = within(await screen.findByRole("region", { name: "Now" }));
  expect(await now.findByText("Nobody is on the line")).toBeTruthy();
  expect(now.queryByRole("link", { name: /^All/ })).toBeNull();
});
