import { afterEach, expect, it } from "vitest";
import { dayOf, isTimeZone, locale, readAs, readAsBrowser, startOf, timeZone } from "./reader";
import { count } from "./ui/figures";
import { hourOfDay, longDay, monthName, timeOfDay, weekdayName } from "./ui/time";

afterEach(readAsBrowser);

function as(time_zone: string, locale = "en-US") {
  readAs({ time_zone, locale });
}

it.each([
  ["America/New_York", "2026-11-27", "2026-11-27T05:00:00.000Z"],
  ["America/New_York", "2026-11-01", "2026-11-01T04:00:00.000Z"],
  ["America/New_York", "2026-11-02", "2026-11-02T05:00:00.000Z"],
  ["Asia/Kolkata", "2026-11-27", "2026-11-26T18:30:00.000Z"],
  ["Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00.000Z"],
  ["UTC", "9999-12-31", "9999-12-31T00:00:00.000Z"],
])("in %s the day %s begins at %s", (zone, day, instant) => {
  as(zone);
  expect(startOf(day).toISOString()).toBe(instant);
  expect(dayOf(startOf(day))).toBe(day);
});

it("a day whose midnight the clock skips begins when the clock first shows it", () => {
  as("Africa/Cairo");
  // On 24 April 2026 clocks went from 00:00 to 01:00.
  expect(startOf("2026-04-24").toISOString()).toBe("2026-04-23T22:00:00.000Z");
  expect(dayOf(startOf("2026-04-24"))).toBe("2026-04-24");
});

it("writes days and times as the person chose, wherever the browser is", () => {
  as("Asia/Tokyo", "de-DE");
  expect(timeOfDay("2026-11-23T23:30:00Z")).toBe("8:30");
  expect(longDay("2026-11-23T23:30:00Z")).toBe("24. Nov. 2026");
  expect(count(12_345)).toBe("12.345");
  expect(hourOfDay(18)).toMatch(/18/);
  expect(weekdayName(1)).toBe("Mo");
});

it("names a month in English, as the sentence it stands in, and by the person's calendar", () => {
  as("Asia/Tokyo", "de-DE");
  expect(monthName("2026-09-30T23:30:00Z")).toBe("October");
  expect(monthName("nonsense")).toBe("that month");
});

it("falls back to the browser's where it does not know the name", () => {
  as("Mars/Olympus", "not a locale");
  expect(locale()).toBeUndefined();
  expect(isTimeZone(timeZone())).toBe(true);
});
