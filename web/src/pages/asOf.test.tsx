/** One call as it was known at the moments of its past. */
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, expect, it } from "vitest";
import type { CallEvent, OneCall } from "../api/queries";
import { exactTime } from "../ui/time";
import { DETAIL, FRESH, ID, type Stage, open, plain, problem, setStage } from "./stage";

const RANG = "2026-11-23T09:57:46.040Z";
const ANSWERED = "2026-11-23T09:57:49.040Z";
const ANALYSED = "2026-11-23T10:00:22.040Z";

const NOW: OneCall["call"] = {
  ...DETAIL,
  outcome: { status: "success", label: "booked", reason: null },
  revenue: null,
  revenue_evidence: null,
  sentiment: null,
  sentiment_evidence: null,
  latencies: null,
};

const LIVE: Partial<OneCall["call"]> = {
  state: "live",
  result: null,
  ended_at: null,
  talk_ms: null,
  end_reason: null,
  outcome: null,
  summary: null,
};

function event(sequence: number, received_at: string, summary: string, changes: CallEvent["changes"]): CallEvent {
  return {
    sequence,
    event_id: `EV_${sequence}`,
    source: "/livekit/key",
    type: "io.livekit.participant_joined",
    happened_at: received_at,
    received_at,
    duplicate: false,
    late_ms: null,
    summary,
    changes,
  };
}

const EVENTS = [
  event(1, "2026-11-23T09:57:45.040Z", "The room opened", []),
  event(2, RANG, "Caller joined the room", [
    { field: "state", value: "ringing" },
    { field: "started_at", value: "2026-11-23T09:57:46.000Z" },
  ]),
  event(3, ANSWERED, "The receptionist was heard", [
    { field: "state", value: "live" },
    { field: "answered_at", value: "2026-11-23T09:57:49.000Z" },
  ]),
  event(4, ANALYSED, "Analysed", [
    { field: "outcome_label", value: "booked" },
    { field: "revenue", value: { amount_minor: 24_000, currency: "USD" } },
    { field: "response_time", value: 900 },
    { field: "summary", value: null },
    { field: "turns_added", value: 4 },
  ]),
];

let stage: Stage;

beforeEach(() => {
  stage = setStage();
  stage.answers[`/api/calls/${ID}/events`] = { items: EVENTS, complete: true, freshness: FRESH };
  stage.answers[`/api/calls/${ID}`] = ({ url }) => {
    const at = url.searchParams.get("as_of");
    if (at === null) return page(NOW);
    if (at < RANG) return problem(404, "not-found")();
    return page(at < ANALYSED ? { ...NOW, ...LIVE } : NOW);
  };
});

function page(call: OneCall["call"]) {
  return { call, turns: [], complete: true, freshness: FRESH };
}

function asked() {
  return stage.asked.flatMap(({ url }) => url.searchParams.get("as_of") ?? []);
}

async function slider() {
  return screen.findByRole<HTMLInputElement>("slider", { name: "As known at" });
}

it("each event says in words what it changed", async () => {
  open(`/calls/${ID}`);
  const events = within(await screen.findByRole("region", { name: "What happened" }));
  const items = await events.findAllByRole("listitem");
  expect(items.map((item) => plain(item))).toEqual([
    expect.stringMatching(/The room opened$/),
    expect.stringContaining(`State: Ringing · Began: ${exactTime(RANG)}`),
    expect.stringContaining(`State: On the line · Answered: ${exactTime(ANSWERED)}`),
    expect.stringContaining("In a word: Booked · Captured: $240.00 · Answers in: 0.9 s · Summary: taken back · 4 turns added"),
  ]);
});

it("the slider shows the call as of each moment, and its end is now", async () => {
  const router = open(`/calls/${ID}?result=answered`);
  const moments = await slider();
  expect([moments.min, moments.max, moments.value]).toEqual(["0", "3", "3"]);
  expect(moments.getAttribute("aria-valuetext")).toBe("now");
  expect(asked()).toEqual([]);

  fireEvent.change(moments, { target: { value: "1" } });
  const back = await screen.findByRole("link", { name: "Back to now" });
  expect(plain(back.parentElement)).toMatch(`As known at ${exactTime(ANSWERED)}`);
  expect(await screen.findByText(/on the line for/)).toBeTruthy();
  expect(screen.getByRole("timer").textContent).toBe("00:00");
  expect(screen.queryByText("Wants a cleaning.")).toBeNull();
  expect(screen.queryByRole("button", { name: "Hang up" }), "the past cannot be ended").toBeNull();
  expect(Object.fromEntries(new URLSearchParams(router.state.location.search))).toEqual({
    result: "answered",
    as_of: ANSWERED,
  });
  expect((await slider()).getAttribute("aria-valuetext")).toBe(
    `${exactTime(ANSWERED)}, The receptionist was heard`,
  );
  const last = screen.getByText("Analysed").closest("li");
  expect(plain(last)).toContain("not known yet");
  expect(screen.getAllByText("not known yet")).toHaveLength(1);

  fireEvent.change(await slider(), { target: { value: "3" } });
  expect(await screen.findByText("Wants a cleaning.")).toBeTruthy();
  expect(router.state.location.search).toBe("?result=answered");
  expect(asked()).toEqual([ANSWERED]);
});

it("an address with a moment shows the past, and one press leads back", async () => {
  const user = userEvent.setup();
  const router = open(`/calls/${ID}?as_of=${ANSWERED}`);
  expect(await screen.findByText(/on the line for/)).toBeTruthy();
  await user.click(screen.getByRole("link", { name: "Back to now" }));
  expect(await screen.findByText("Wants a cleaning.")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Back to now" })).toBeNull();
  expect(router.state.location.search).toBe("");
});

it("the moment is no filter of the list and does not follow to another call", async () => {
  const other = ID.replace(/.$/, "9");
  stage.answers["/api/calls"] = { items: [{ ...NOW, id: other }], next_cursor: null, freshness: FRESH };
  open(`/calls/${ID}?result=answered&as_of=${ANSWERED}`);
  const list = within(await screen.findByRole("table", { name: "Calls, newest first" }));
  expect(list.getByRole("link").getAttribute("href")).toBe(`/calls/${other}?result=answered`);
  expect(screen.queryByText(/Left out/)).toBeNull();
  expect(screen.getByRole("link", { name: /Close/ }).getAttribute("href")).toBe("/calls?result=answered");
});

it("before its first event the call is said to have been unknown, with the way on", async () => {
  open(`/calls/${ID}?as_of=2026-11-23T09:00:00.000Z`);
  expect(await screen.findByText("Nothing was known of this call then")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Back to now" })).toBeTruthy();
  await waitFor(async () => expect((await slider()).value).toBe("0"));
});

it("says when more has happened than can be looked at", async () => {
  stage.answers[`/api/calls/${ID}/events`] = { items: EVENTS, complete: false, freshness: FRESH };
  stage.answers[`/api/calls/${ID}`] = { ...page(NOW), complete: false };
  open(`/calls/${ID}?as_of=${ANALYSED}`);
  expect(await screen.findByText(/There may be more/)).toBeTruthy();
  expect(screen.getByText(/something may be missing/)).toBeTruthy();
});

it("events say what became of the call in the words of the lists", async () => {
  const changes: CallEvent["changes"] = [
    { field: "result", value: "abandoned" },
    { field: "sentiment", value: "negative" },
    { field: "outcome", value: "fail" },
  ];
  const items = [...EVENTS.slice(0, 3), event(4, ANALYSED, "Analysed", changes)];
  stage.answers[`/api/calls/${ID}/events`] = { items, complete: true, freshness: FRESH };
  open(`/calls/${ID}`);
  expect(await screen.findByText("Result: Gave up waiting · Sentiment: Upset · Outcome: No success")).toBeTruthy();
});

it("the slider stands above all that it changes", async () => {
  open(`/calls/${ID}`);
  const moments = await slider();
  const heading = await screen.findByRole("heading", { level: 1, name: /202/ });
  expect(moments.compareDocumentPosition(heading) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
});
