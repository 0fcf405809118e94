/** One call: what it says of itself, and how it is ended. */
import { act, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it, vi } from "vitest";
import type { CallEvent, OneCall } from "../api/queries";
import { CALL, DETAIL, FRESH, ID, ME, OTHER_ID, type Stage, open, plain, problem, setStage } from "./stage";

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
