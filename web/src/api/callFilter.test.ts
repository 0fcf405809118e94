import { describe, expect, it } from "vitest";
import { type CallFilter, filterQuery, readFilter, writeFilter } from "./callFilter";

const CLIENT = "0190c5f2-7b1a-7c3e-8a55-0f4f6b1f2d11";

describe("the filter in the address", () => {
  it("comes back as it was written", () => {
    const filter: CallFilter = {
      client_id: CLIENT,
      from: "2026-11-01",
      to: "2026-11-30",
      q: '"next tuesday" appoint*',
      number: "+1 555",
      direction: "outbound",
      state: "ended",
      result: "missed",
      outcome: "fail",
      sentiment: "negative",
      min_talk_ms: 0,
      max_talk_ms: 120_000,
      has_recording: false,
    };
    expect(readFilter(writeFilter(filter))).toEqual({ filter, refused: [] });
  });

  it("names what it does not know instead of dropping it silently", () => {
    const search = new URLSearchParams(
      "state=asleep&bogus=1&min_talk_ms=-5&client_id=x&from=2026-02-30&to=soon&has_recording=perhaps&number=Maria&q=%3F%21&direction=out",
    );
    const { filter, refused } = readFilter(search);
    expect(filter).toEqual({});
    expect(refused).toEqual([
      "state=asleep",
      "bogus=1",
      "min_talk_ms=-5",
      "client_id=x",
      "from=2026-02-30",
      "to=soon",
      "has_recording=perhaps",
      "number=Maria",
      "q=?!",
      "direction=out",
    ]);
  });

  it("leaves the page's place in the list out of the filter", () => {
    expect(readFilter(new URLSearchParams("cursor=abc"))).toEqual({ filter: {}, refused: [] });
  });

  it("takes an empty part as not chosen", () => {
    expect(readFilter(new URLSearchParams("number=&state="))).toEqual({ filter: {}, refused: [] });
  });
});

describe("the filter for the api", () => {
  it("turns local days into instants, the last day inclusive", () => {
    expect(filterQuery({ from: "2026-11-01", to: "2026-11-30" })).toEqual({
      from: new Date(2026, 10, 1).toISOString(),
      to: new Date(2026, 11, 1).toISOString(),
    });
  });

  it("keeps instants as they are", () => {
    expect(filterQuery({ from: "2026-11-23T10:00:00.000Z" })).toEqual({ from: "2026-11-23T10:00:00.000Z" });
  });
});
