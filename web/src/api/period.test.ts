import { expect, it } from "vitest";
import { dayAfter, isDay, isInstant, isPlausibleDay, isReversed, lastDay, lastMonthByNow, monthOf } from "./period";

it("half a month is compared with half a month", () => {
  const period = lastMonthByNow(new Date(2026, 10, 15, 12));
  expect(period.from).toBe(new Date(2026, 9, 1).toISOString());
  const compared = Date.parse(period.to) - Date.parse(period.from);
  const gone = new Date(2026, 10, 15, 12).getTime() - new Date(2026, 10, 1).getTime();
  expect(compared).toBe(gone);
});

it("a longer month is compared with the whole shorter one before", () => {
  const period = lastMonthByNow(new Date(2026, 2, 31, 12));
  expect(period.to).toBe(new Date(2026, 2, 1).toISOString());
});

it("a month crosses the year", () => {
  expect(monthOf(new Date(2026, 0, 5), -1)).toEqual({
    from: new Date(2025, 11, 1).toISOString(),
    to: new Date(2026, 0, 1).toISOString(),
  });
});

it("the question about the last day stays the same for an hour", () => {
  const early = lastDay(new Date("2026-11-23T10:00:01Z"));
  const late = lastDay(new Date("2026-11-23T10:59:59Z"));
  expect(late).toEqual(early);
  expect(early).toEqual({ from: "2026-11-22T10:00:00.000Z", to: "2026-11-23T11:00:00.000Z" });
});

it("only days of the calendar are days", () => {
  expect(["2026-02-28", "2024-02-29", "1970-01-01"].every(isDay)).toBe(true);
  expect(["2026-02-29", "2026-19-01", "2026-1-1", "", "today"].some(isDay)).toBe(false);
});

it("a year on its way to four digits is no day to be asked for", () => {
  expect(["0002-11-20", "0202-11-20", "1969-12-31", "9999-01-01"].some(isPlausibleDay)).toBe(false);
  expect(["1970-01-01", "2026-11-20", "9998-12-31"].every(isPlausibleDay)).toBe(true);
  expect(isInstant("2026-11-23T10:00:00.000Z") && isInstant("2026-11-23T10:00:00+01:00")).toBe(true);
  expect(["2026-11-23T10:00", "2026-11-23T10:00:00 01:00", "0026-11-23T10:00:00Z"].some(isInstant)).toBe(false);
});

it("days are the wrong way round when nothing lies between them", () => {
  expect(isReversed({ from: "2026-11-02", to: "2026-11-01" })).toBe(true);
  expect(isReversed({ from: "2026-11-01", to: "2026-11-01" })).toBe(false);
  expect(isReversed({ from: "2026-11-01" })).toBe(false);
});

it("the day after the last of a month is the first of the next", () => {
  expect(dayAfter("2026-12-31")).toBe("2027-01-01");
  expect(dayAfter("2024-02-28")).toBe("2024-02-29");
});
