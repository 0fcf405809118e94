/**
 * Calendar periods in the reader's own time zone. Days are `YYYY-MM-DD`, instants
 * RFC 3339 in UTC. Every function takes the time it counts from.
 */
export interface Period {
  from: string;
  to: string;
}

export function localTimeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A calendar day that exists: `2026-02-30` is none. */
export function isDay(value: string) {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const parsed = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value);
}

export function startOfDay(day: string) {
  return localMidnight(day).toISOString();
}

export function dayAfter(day: string) {
  const date = localMidnight(day);
  date.setDate(date.getDate() + 1);
  return localDay(date);
}

export function localDay(date: Date) {
  return `${pad(date.getFullYear(), 4)}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)}`;
}

/** The whole calendar month around `now`, moved by `months`. */
export function monthOf(now: Date, months = 0): Period {
  const year = now.getFullYear();
  const month = now.getMonth() + months;
  return { from: new Date(year, month, 1).toISOString(), to: new Date(year, month + 1, 1).toISOString() };
}

/**
 * The part of last month as long as this one is old: half a month is compared
 * with half a month. Cut to the hour, so that the question stays the same one.
 */
export function lastMonthByNow(now: Date): Period {
  const { from } = monthOf(now);
  const before = monthOf(now, -1);
  const hour = 3_600_000;
  const age = Math.ceil((now.getTime() - Date.parse(from)) / hour) * hour;
  const to = Math.min(Date.parse(before.from) + age, Date.parse(before.to));
  return { from: before.from, to: new Date(to).toISOString() };
}

/** The last 24 hours and the rest of this one, so that the question stays the same for an hour. */
export function lastDay(now: Date): Period {
  const hour = 3_600_000;
  const end = (Math.floor(now.getTime() / hour) + 1) * hour;
  return { from: new Date(end - 25 * hour).toISOString(), to: new Date(end).toISOString() };
}

function localMidnight(day: string) {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date);
}

function pad(number: number, length: number) {
  return String(number).padStart(length, "0");
}
