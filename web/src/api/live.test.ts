import { QueryClient } from "@tanstack/react-query";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { followLive } from "./live";

/** The browser's EventSource as far as the dashboard uses it, told what to say. */
class Stream extends EventTarget {
  static opened: Stream[] = [];
  closed = false;
  readyState = 0;

  constructor() {
    super();
    Stream.opened.push(this);
  }
  close() {
    this.closed = true;
  }
  say(type: string, data?: unknown) {
    this.dispatchEvent(new MessageEvent(type, { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
}

let queries: QueryClient;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers();
  Stream.opened = [];
  vi.stubGlobal("EventSource", Stream);
  queries = new QueryClient();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function follow() {
  const asked = vi.spyOn(queries, "invalidateQueries").mockResolvedValue();
  stop = followLive(queries);
  const latest = () => Stream.opened.at(-1) ?? expect.fail("no stream was opened");
  const keys = () => asked.mock.calls.map(([filters]) => filters?.queryKey ?? "everything");
  return { asked, latest, keys };
}

/** Connected, and done with what the connection itself asks for. */
async function connected() {
  const following = follow();
  following.latest().say("hello", {});
  await vi.advanceTimersByTimeAsync(500);
  following.asked.mockClear();
  return following;
}

it("asks for everything once it is connected: what changed before was told to nobody", () => {
  const { latest, keys } = follow();
  expect(keys()).toEqual([]);
  latest().say("hello", {});
  expect(keys()).toEqual(["everything"]);
});

it("asks again for exactly what a change names", async () => {
  const { latest, keys } = await connected();
  latest().say("calls", { ids: ["a"] });
  expect(keys()).toEqual([["calls"], ["stats"], ["call", "a"]]);
});

it("gathers what arrives while the last questions are out", async () => {
  const { latest, keys, asked } = await connected();
  latest().say("billing", { ids: [] });
  asked.mockClear();
  for (const id of ["a", "b", "a"]) latest().say("calls", { ids: [id] });
  expect(keys()).toEqual([]);
  await vi.advanceTimersByTimeAsync(500);
  expect(keys()).toEqual([["calls"], ["stats"], ["call", "a"], ["call", "b"]]);
});

it("asks for everything on resync", async () => {
  const { latest, keys } = await connected();
  latest().say("resync", {});
  expect(keys()).toEqual(["everything"]);
});

it("comes back by itself, waiting longer each time, and then asks for everything", async () => {
  const { latest, keys } = await connected();
  for (const waited of [500, 1_000, 2_000]) {
    const lost = latest();
    lost.say("error");
    expect(lost.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(waited);
    expect(latest()).not.toBe(lost);
  }
  expect(keys()).toEqual([]);
  latest().say("hello", {});
  expect(keys()).toEqual(["everything"]);
});

it("asks who is signed in when it is refused, and not when nobody is reached", async () => {
  const { latest, keys } = await connected();
  latest().say("error");
  await vi.advanceTimersByTimeAsync(500);
  expect(keys()).toEqual([]);
  latest().readyState = 2;
  latest().say("error");
  expect(keys()).toEqual([["me"]]);
});

it("is not disturbed by a change that names nothing readable", async () => {
  const { latest, keys } = await connected();
  latest().say("calls", "{not json");
  expect(keys()).toEqual([["calls"], ["stats"]]);
});

it("opens nothing more once it was stopped", async () => {
  const { latest } = follow();
  latest().say("error");
  stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(Stream.opened).toHaveLength(1);
});
