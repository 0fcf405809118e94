import { describe, expect, it } from "vitest";
import { bytes, change, heroCount, money, points, pointsChange } from "./figures";
import { isDiallable, phone, typedPhone, withPhones } from "./phone";
import { clock, day, duration, exactTime, hourOfDay, hourSpan, lateness, moment, timeOfDay, weekdayName } from "./time";

describe("time", () => {
  it.each([
    [0, "00:00"],
    [134_000, "02:14"],
    [3_734_000, "1:02:14"],
    [-500, "00:00"],
  ])("a clock at %d ms reads %s", (ms, shown) => expect(clock(ms)).toBe(shown));

  it.each([
    [3_200, "3 s"],
    [120_000, "2 min"],
    [151_000, "2 min 31 s"],
    [3_840_000, "1 h 04 min"],
    [34_559_940_000, "9,599 h"],
    [null, "–"],
  ])("a length of %s ms reads %s", (ms, shown) => expect(duration(ms)).toBe(shown));

  it("shows the time alone for today and names the year of another", () => {
    const now = new Date(2026, 10, 24, 18);
    expect(moment(new Date(2026, 10, 24, 10, 4).toISOString(), now)).not.toMatch(/24|2026/);
    expect(moment(new Date(2026, 10, 23, 10, 4).toISOString(), now)).toMatch(/23/);
    expect(moment("1970-01-05T12:00:00Z", now)).toMatch(/1970/);
    expect(day("9999-12-20T12:00:00Z", now)).toMatch(/9999/);
  });

  it("writes a time of day the same way everywhere, and tenths only where they are asked for and known", () => {
    const at = (ms: number) => new Date(2026, 10, 24, 9, 4, 3, ms).toISOString();
    expect(timeOfDay(at(0))).toMatch(/^9:04\sAM$/);
    expect(exactTime(at(120))).toMatch(/^9:04:03\sAM$/);
    expect(exactTime(at(120), true)).toMatch(/^9:04:03\.1\sAM$/);
    expect(exactTime(at(0), true)).toMatch(/^9:04:03\sAM$/);
    expect([0, 6, 12, 18].map(hourOfDay).join()).toMatch(/^12\sAM,6\sAM,12\sPM,6\sPM$/);
    expect(hourSpan(23)).toMatch(/^11\sPM to 12\sAM$/);
    expect([1, 7].map(weekdayName)).toEqual(["Mon", "Sun"]);
  });

  it.each([
    [4_100, "4.1 s"],
    [720_000, "12 min"],
    [3 * 3_600_000, "3 h"],
    [21 * 24 * 3_600_000, "21 days"],
  ])("%d ms late reads %s", (ms, shown) => expect(lateness(ms)).toBe(shown));

  it("survives what is no date", () => {
    for (const write of [exactTime, (at: string) => moment(at, new Date()), (at: string) => day(at, new Date())]) {
      expect(write("2026-19-01T00:00:00Z")).toMatch(/–|unknown/);
    }
  });
});

describe("money", () => {
  it("has no cents where PayPal counts whole units", () => {
    expect(money({ amount_minor: 1500, currency: "TWD" })).toMatch(/1,500(?![.\d])/);
    expect(money({ amount_minor: 1500, currency: "USD" })).toMatch(/15\.00/);
  });

  it("writes a currency nobody knows beside its amount", () => {
    expect(money({ amount_minor: 1500, currency: "dollars" })).toBe("15.00 dollars");
    expect(money({ amount_minor: 1500, currency: "" })).toMatch(/^15\.00/);
  });
});

describe("figures", () => {
  it("reaches 100 % and 0 % only when it is so", () => {
    expect([1, 0.9996, 0.5, 0.0001, 0].map(points)).toEqual([100, 99, 50, 1, 0]);
  });

  it("says a change in words", () => {
    expect([change(212, 194), change(1, 3), change(5, 5)]).toEqual(["18 more", "2 fewer", "the same"]);
    expect([pointsChange(0.97, 0.96), pointsChange(0.5, 0.7)]).toEqual(["1 point more", "20 points less"]);
  });

  it("shortens a count only when it would not fit", () => {
    expect(heroCount(1_234_567)).toBe("1,234,567");
    expect(heroCount(12_345_678)).toBe("12.3M");
  });
});

describe("phone numbers", () => {
  it("groups what it knows and leaves the rest", () => {
    expect(phone("+12025550147")).toBe("+1\u00a0202\u00a0555\u00a00147");
    expect(phone("+4930123456")).toBe("+4930123456");
    expect(phone("anonymous")).toBe("anonymous");
  });

  it("stand in a field as somebody would type them", () => {
    expect(typedPhone("+12025550147")).toBe("+1 202 555 0147");
    expect(typedPhone("+4930123456")).toBe("+4930123456");
  });

  it("are written the same way inside somebody else's sentence", () => {
    expect(withPhones("transferred to +18015550100.")).toBe("transferred to +1\u00a0801\u00a0555\u00a00100.");
    expect(withPhones("arrived: 2 items, +1")).toBe("arrived: 2 items, +1");
  });

  it("rings only what can be rung", () => {
    expect(["+12025550147", "+4930123456"].every(isDiallable)).toBe(true);
    expect([null, "", "anonymous", "911", "+1202;phone-context=x"].some(isDiallable)).toBe(false);
  });
});

it.each([
  [0, "0 bytes"],
  [1, "1 byte"],
  [417, "417 bytes"],
  [340_000, "340 kB"],
  [2_400_000, "2.4 MB"],
])("a file of %d bytes has %s", (n, words) => expect(bytes(n)).toBe(words));
