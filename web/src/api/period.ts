/**
 * Calendar periods in the reader's own time zone. Days are `YYYY-MM-DD`, instants
 * RFC 3339 in UTC. Every function takes the time it counts from.
 */
import { dayOf, startOf } from "../reader";

export interface Period {
  from: string;
  to: string;
}

/** A calendar day that exists: `2026-02-30` is none. */
export function isDay(value: string) {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false;
  const parsed = new Date(`${value}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(value);
}

/**
 * One that calls can have happened on. Whoever types a year passes through 0002, 0020 and 0202: none
 * of them may be asked for.
 */
export function isPlausibleDay(value: string) {
  return isDay(value) && isPlausible(value);
}

/** An instant as the api takes it, within the same years. */
export function isInstant(value: string) {
  return INSTANT.test(value) && !Number.isNaN(Date.parse(value)) && isPlausible(value);
}

const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function isPlausible(date: string) {
  const year = Number(date.slice(0, 4));
  return year >= 1970 && year <= LAST_YEAR;
}

/** Beyond it the api counts no days. */
const LAST_YEAR = 9998;

export const LAST_DAY = `${LAST_YEAR}-12-31`;

/** Nothing lies between a first day and a last one before it. */
export function isReversed(days: Days) {
  const { from, to } = instantsOf(days);
  return from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to);
}

export function startOfDay(day: string) {
  return startOf(day).toISOString();
}

/** The last day that can be written has none after it, and is its own. */
export function dayAfter(day: string) {
  if (day === "9999-12-31") return day;
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/** The first and the last day of a filter, each of which may be open or, in a link, an instant. */
export interface Days {
  from?: string | undefined;
  to?: string | undefined;
}

/** As the api takes them: local days become instants, the last day inclusive. */
export function instantsOf({ from, to }: Days) {
  return {
    ...(from && { from: isDay(from) ? startOfDay(from) : from }),
    ...(to && { to: isDay(to) ? startOfDay(dayAfter(to)) : to }),
  };
}

/** The whole calendar month around `now`, moved by `months`. */
export function monthOf(now: Date, months = 0): Period {
  const [year = 1970, month = 1] = dayOf(now).split("-").map(Number);
  const first = (moved: number) =>
    startOfDay(new Date(Date.UTC(year, month - 1 + moved, 1)).toISOString().slice(0, 10));
  return { from: first(months), to: first(months + 1) };
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
