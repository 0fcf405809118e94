/** Each page with a stand-in for the api: what it says when there is nothing, too much, or trouble. */
import { act, cleanup, fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import type { CallEvent, OneCall, Subscription } from "../api/queries";
import { ACE, CALL, DETAIL, FRESH, ID, INVOICE, ME, OTHER_ID, type Stage, open, plain, problem, setStage } from "./stage";

const EVENT: CallEvent = {
  sequence: 1,
  event_id: "EV_1",
  source: "/livekit/key",
  type: "io.livekit.participant_joined",
  happened_at: "2026-11-23T09:57:46.100Z",
  received_at: "2026-11-23T09:57:46.200Z",
  duplicate: false,
  late_ms: null,
  summary: "Caller joined the room",
  changes: [],
};

const BEA = { ...ACE, id: OTHER_ID, name: "Bea", numbers: [] };

function subscription(change: Partial<Subscription>): Subscription {
  return {
    id: "I-Ann",
    plan_id: null,
    status: "ACTIVE",
    words: [{ text: "Active, next payment ", day: "2026-12-24T12:00:00Z" }],
    started_at: null,
    next_billing_at: "2026-12-24T12:00:00Z",
    paid_through: "2026-12-24T12:00:00Z",
    entitled: true,
    past_due: false,
    cancelled_at: null,
    outstanding: null,
    last_payment: null,
    ...change,
  };
}

let stage: Stage;
let answers: Stage["answers"];

beforeEach(() => {
  stage = setStage();
  answers = stage.answers;
});

function answerCall(call: Partial<OneCall["call"]>, turns: OneCall["turns"] = []) {
  answers[`/api/calls/${ID}`] = { call: { ...DETAIL, ...call }, turns, complete: true, freshness: FRESH };
}

function openCall(call: Partial<OneCall["call"]>, turns: OneCall["turns"] = [], events: CallEvent[] = []) {
  answerCall(call, turns);
  answers[`/api/calls/${ID}/events`] = { items: events, complete: true, freshness: FRESH };
  return open(`/calls/${ID}`);
}

it("a list without any call says which number to ring", async () => {
  answers["/api/clients"] = { items: [ACE] };
  open("/calls");
  expect(await screen.findByText("No calls yet")).toBeTruthy();
  expect(await screen.findByText("+1 202 555 0100")).toBeTruthy();
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

it("a call shows who, how long, why it ended and what its figures rest on", async () => {
  openCall({});
  expect(await screen.findByRole("heading", { level: 1, name: /202.555.0147/ })).toBeTruthy();
  expect(screen.getByText(/rang 3 s, talked 2 min 31 s.*The caller hung up/)).toBeTruthy();
  expect(screen.getByText("CLIENT_INITIATED").closest("details")?.open, "codes stand behind the words").toBe(false);
  expect(screen.getByText("$240.00")).toBeTruthy();
  expect(screen.getByText("List price of a cleaning.")).toBeTruthy();
  expect(screen.getByText("Tuesday at ten was agreed.")).toBeTruthy();
  expect(screen.getByText("over 1.0 s")).toBeTruthy();
  expect(screen.queryByText("Starting to speak")).toBeNull();
});

it("marks repeats and late events", async () => {
  openCall(
    {},
    [],
    [
      EVENT,
      { ...EVENT, sequence: 2, duplicate: true },
      { ...EVENT, sequence: 3, event_id: "EV_3", summary: "Analysed", late_ms: 4_100 },
    ],
  );
  const events = within(await screen.findByRole("region", { name: "What happened" }));
  expect(await events.findAllByRole("listitem")).toHaveLength(3);
  expect(events.getByText("repeat")).toBeTruthy();
  expect(events.getByText("arrived 4.1 s late")).toBeTruthy();
});

it("says in words what happened, and shows the codes when asked", async () => {
  const user = userEvent.setup();
  openCall({}, [], [EVENT]);
  const events = within(await screen.findByRole("region", { name: "What happened" }));
  expect(await events.findByText("Caller joined the room")).toBeTruthy();
  expect(events.queryByText(/io\.livekit|EV_1/)).toBeNull();
  expect(events.queryByText(/:46\.1/)).toBeNull();
  await user.click(events.getByRole("button", { name: "Show codes" }));
  expect(events.getByText(/io\.livekit\.participant_joined EV_1/)).toBeTruthy();
});

it("says once that a whole call was told later", async () => {
  const days = 21 * 24 * 3_600_000;
  openCall(
    {},
    [],
    [
      { ...EVENT, late_ms: days },
      { ...EVENT, sequence: 2, event_id: "EV_2", late_ms: days + 5_000 },
    ],
  );
  const events = within(await screen.findByRole("region", { name: "What happened" }));
  expect(await events.findByText(/All of it arrived later, the first 21 days after it happened/)).toBeTruthy();
  expect(events.queryByText(/arrived.*late$/)).toBeNull();
});

it("draws a hostile transcript as text", async () => {
  const text = `<img src=x onerror="alert(1)"> \u202Eevil\u0000`;
  openCall({ caller_name: "<script>alert(1)</script>" }, [
    { id: "1", at: null, offset_ms: 0, speaker: "caller", text, interrupted: false, tool: null, e2e_ms: null },
    { id: "2", at: null, offset_ms: null, speaker: "system", text: null, interrupted: true, tool: null, e2e_ms: null },
    {
      id: "3",
      at: null,
      offset_ms: 1,
      speaker: "tool",
      text: null,
      interrupted: false,
      tool: { name: "book", arguments: "{", output: null, is_error: true },
      e2e_ms: null,
    },
  ]);
  expect(await screen.findByText(/<img src=x/)).toBeTruthy();
  expect(screen.getByText("(nothing was written down)")).toBeTruthy();
  expect(screen.getByText(/which failed/)).toBeTruthy();
  expect(document.querySelector("img[src=x], script")).toBeNull();
});

it.each([
  [{ caller_number: null, caller_name: null }, "Hidden number"],
  [{ caller_number: null, caller_name: null, channel: "web" as const }, "Web visitor"],
  [{ caller_number: null, caller_name: "visitor_48259", channel: "web" as const }, "Web visitor"],
  [{ caller_number: null, caller_name: "Petra", channel: "web" as const }, "Petra"],
  [{ caller_number: "anonymous", caller_name: null }, "anonymous"],
])("a caller without a usable number has a name all the same", async (who, shown) => {
  openCall(who);
  expect(await screen.findByRole("heading", { level: 1, name: shown })).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Ring back" })).toBeNull();
});

it("a call that the receptionist made says so, in the list and by itself", async () => {
  const made = { ...CALL, direction: "outbound" as const, result: "missed" as const, outcome: null };
  answers["/api/calls"] = { items: [made], next_cursor: null, freshness: FRESH };
  openCall(made);
  expect(plain(await screen.findByRole("heading", { name: /^Called/ }))).toBe("Called +1 202 555 0147");
  expect(plain(screen.getByText(/^for/))).toBe("for Bright Smile Dental from +1 202 555 0100");
  expect(screen.getByRole("link", { name: "Ring again" })).toBeTruthy();
  const list = within(await screen.findByRole("table", { name: "Calls, newest first" }));
  expect(plain(list.getByRole("link"))).toBe("Called +1 202 555 0147");
  expect(list.getByText("Not reached")).toBeTruthy();
});

it("calls that the receptionist made are a filter in the address", async () => {
  open("/calls?direction=outbound");
  expect(await screen.findByRole("link", { name: "Remove filter: Made by the receptionist" })).toBeTruthy();
  const query = stage.asked.find(({ url }) => url.pathname === "/api/calls")?.url.searchParams;
  expect(query?.get("direction")).toBe("outbound");
});

it("a call that is going on has a clock and no end", async () => {
  openCall({
    state: "live",
    result: null,
    ended_at: null,
    talk_ms: null,
    end_reason: null,
    answered_at: new Date().toISOString(),
  });
  expect(await screen.findByText(/on the line for/)).toBeTruthy();
  expect(screen.getAllByRole("timer").length).toBeGreaterThan(0);
});

it("a call that is not there says so and names the request", async () => {
  open(`/calls/${ID}`);
  expect((await screen.findAllByText("Not found")).length).toBeGreaterThan(0);
  expect(screen.getAllByText("Request req-7").length).toBeGreaterThan(0);
});

it("what is no id is not asked for", async () => {
  open("/calls/not-an-id");
  expect(await screen.findByText("There is nothing at this address")).toBeTruthy();
  expect(stage.asked.some(({ url }) => url.pathname.startsWith("/api/calls/"))).toBe(false);
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

it("without a subscription, billing says what one brings", async () => {
  open("/billing");
  expect(await screen.findByText("No subscription yet")).toBeTruthy();
  expect(await screen.findByText(/No payment yet/)).toBeTruthy();
});

it("billing says what is paid for, in words, and lists each payment", async () => {
  answers["/api/subscriptions/current"] = { subscription: subscription({}), freshness: FRESH };
  answers["/api/invoices"] = { items: [INVOICE], next_cursor: null, freshness: FRESH };
  open("/billing");
  expect(await screen.findByText("Active, next payment Dec 24, 2026")).toBeTruthy();
  const payments = within(await screen.findByRole("table", { name: "Payments, newest first" }));
  expect(payments.getByText("S-1")).toBeTruthy();
  expect(payments.getByText("Paid")).toBeTruthy();
});

it("a payment that is due is said on the overview, whichever business is chosen", async () => {
  answers["/api/subscriptions/current"] = { subscription: subscription({ past_due: true }), freshness: FRESH };
  open(`/?client_id=${ID}`);
  const due = await screen.findByRole("link", { name: /Payment is due/ });
  expect(due.getAttribute("href")).toBe(`/billing?client_id=${ID}`);
});

it("the chosen business is kept while other pages are looked at, and chosen only where it counts", async () => {
  const user = userEvent.setup();
  answers["/api/clients"] = { items: [ACE, BEA] };
  answers["/api/members"] = { members: [], invitations: [] };
  const router = open("/calls");
  const choice = () => screen.queryByRole<HTMLSelectElement>("combobox", { name: "Business" });
  const link = (name: string) => within(screen.getByRole("navigation", { name: "Pages" })).getByRole("link", { name });
  const go = (name: string) => user.click(link(name));
  await screen.findByRole("option", { name: "Bea" });
  await user.selectOptions(screen.getByRole("combobox", { name: "Business" }), "Bea");
  await waitFor(() => expect(router.state.location.search).toBe(`?client_id=${OTHER_ID}`));
  for (const elsewhere of ["Businesses", "Billing", "Settings"]) {
    await go(elsewhere);
    await waitFor(() => expect(link(elsewhere).getAttribute("aria-current")).toBe("page"));
    expect(choice()).toBeNull();
  }
  await user.click(await screen.findByRole("link", { name: "Members" }));
  await screen.findByRole("heading", { level: 1, name: "Members" });
  await go("Overview");
  await waitFor(() => expect(router.state.location.search).toBe(`?client_id=${OTHER_ID}`));
  await waitFor(() => expect(choice()?.value).toBe(OTHER_ID));
  await user.selectOptions(screen.getByRole("combobox", { name: "Business" }), "All businesses");
  // The address changes a moment before the links are drawn.
  await waitFor(() => expect(link("Calls").getAttribute("href")).toBe("/calls"));
  await go("Calls");
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"));
  expect(router.state.location.search).toBe("");
});

it("an address that leads nowhere leads back", async () => {
  open("/nowhere/at/all");
  expect(await screen.findByRole("link", { name: "Go to the overview" })).toBeTruthy();
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

const ON_THE_LINE = { state: "live", result: null, ended_at: null, talk_ms: null, end_reason: null } as const;
const HANG_UP = `POST /api/calls/${ID}/hangup`;

it("a live call is ended after a question, and asked for once", async () => {
  const user = userEvent.setup();
  answers[HANG_UP] = () => Response.json({}, { status: 202 });
  openCall(ON_THE_LINE);
  await user.click(await screen.findByRole("button", { name: "Hang up" }));
  const question = within(await screen.findByRole("dialog", { name: /^Hang up on/ }));
  await user.click(question.getByRole("button", { name: "Let them talk" }));
  expect(stage.sent(HANG_UP)).toHaveLength(0);
  await user.click(screen.getByRole("button", { name: "Hang up" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Hang up" }));
  const asked = await screen.findByRole<HTMLButtonElement>("button", { name: "Hanging up…" });
  expect(asked.disabled).toBe(true);
  expect(stage.sent(HANG_UP)).toHaveLength(1);
});

it("Escape closes the question over a call, and the call only when it is asked of it", async () => {
  const user = userEvent.setup();
  const router = openCall(ON_THE_LINE);
  const navigate = vi.spyOn(router, "navigate");
  await user.click(await screen.findByRole("button", { name: "Hang up" }));
  const question = within(await screen.findByRole("dialog"));
  await user.keyboard("{Escape}");
  expect(navigate).not.toHaveBeenCalled();
  await user.click(question.getByRole("button", { name: "Let them talk" }));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"));
});

it("Escape closes a call from the moment it is on the page, and its row has the focus", async () => {
  answers["/api/calls"] = { items: [{ ...CALL, id: OTHER_ID }, CALL], next_cursor: null, freshness: FRESH };
  const router = openCall({});
  await screen.findByRole("article", { name: "One call" });
  await act(() => router.navigate("/calls"));
  const seen = new MutationObserver(() => {
    if (!screen.queryByRole("article", { name: "One call" })) return;
    seen.disconnect();
    // Neither this nor the way there by the testing library, which has every effect done before it goes on.
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  });
  seen.observe(document.body, { childList: true, subtree: true });
  await router.navigate(`/calls/${ID}`);
  await waitFor(() => expect(router.state.location.pathname).toBe("/calls"));
  await waitFor(() => expect(document.activeElement?.getAttribute("href")).toBe(`/calls/${ID}`));
});

it.each([
  [503, "not-set-up", /no LiveKit is set up/],
  [403, "forbidden", /Your role/],
  [404, "not-found", /not there any more/],
])("what stands in the way of hanging up (%s) is said in the question", async (status, kind, words) => {
  const user = userEvent.setup();
  answers[HANG_UP] = problem(status, kind);
  openCall(ON_THE_LINE);
  await user.click(await screen.findByRole("button", { name: "Hang up" }));
  const question = within(await screen.findByRole("dialog"));
  await user.click(question.getByRole("button", { name: "Hang up" }));
  expect((await question.findByRole("alert")).textContent).toMatch(words);
});

it("a call that ended meanwhile is shown as it is", async () => {
  const user = userEvent.setup();
  answers[HANG_UP] = () => {
    answerCall({});
    return problem(409, "call-over")();
  };
  openCall(ON_THE_LINE);
  await user.click(await screen.findByRole("button", { name: "Hang up" }));
  await user.click(within(await screen.findByRole("dialog")).getByRole("button", { name: "Hang up" }));
  expect(await screen.findByText(/talked 2 min 31 s/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: /^Hang/ })).toBeNull();
});

it("nobody hangs up who may only read, nor on a call that is over", async () => {
  answers["/api/auth/me"] = { ...ME, account: { ...ME.account, role: "reader" } };
  openCall(ON_THE_LINE);
  await screen.findByText(/on the line for/);
  expect(screen.queryByRole("button", { name: "Hang up" })).toBeNull();
});

it("a call that did not end is said to go on, and can be ended again", async () => {
  const user = userEvent.setup();
  answers[HANG_UP] = () => Response.json({}, { status: 202 });
  openCall(ON_THE_LINE);
  const hangUp = async () => {
    await user.click(await screen.findByRole("button", { name: "Hang up" }));
    const question = within(await screen.findByRole("dialog", { name: /^Hang up on/ }));
    await user.click(question.getByRole("button", { name: "Hang up" }));
    await screen.findByRole("button", { name: "Hanging up…" });
  };
  const later = waits(30_000);
  await hangUp();
  expect(screen.queryByRole("alert")).toBeNull();
  act(later);
  expect((await screen.findByRole("alert")).textContent).toBe("The call did not end. Try again.");
  await hangUp();
  expect(screen.queryByRole("alert")).toBeNull();
});

/** Takes hold of what would be done after so long. What is returned does it now. */
function waits(ms: number) {
  const wait = window.setTimeout.bind(window);
  const held: (() => void)[] = [];
  vi.spyOn(window, "setTimeout").mockImplementation(((done: () => void, after?: number) =>
    after === ms ? held.push(done) : wait(done, after)) as typeof window.setTimeout);
  return () => {
    for (const done of held.splice(0)) done();
  };
}

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

it("what is refused is asked once", async () => {
  open(`/calls/${ID}`);
  await screen.findAllByText("Not found");
  const asked = stage.asked.filter(({ url }) => url.pathname.startsWith(`/api/calls/${ID}`));
  expect(asked.map(({ url }) => url.pathname).toSorted()).toEqual([`/api/calls/${ID}`, `/api/calls/${ID}/events`]);
});

it.each(["/settings", "/admin"])("%s leads on without a warning", async (address) => {
  answers["/api/auth/me"] = { ...ME, user: { ...ME.user, role: "admin" } };
  const warn = vi.spyOn(console, "warn");
  const router = open(address);
  await waitFor(() => expect(router.state.location.pathname).toMatch(new RegExp(`^${address}/`)));
  expect(warn).not.toHaveBeenCalled();
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
