/**
 * Instants and lengths in words and figures, in the reader's locale and zone. Nothing
 * else writes a day or a time of day, so every page writes them the same way.
 * Outside dates may be anything (1970, 9999, nonsense): none of them throws.
 */
import { dayOf, locale, timeZone } from "../reader";

const DAY: Intl.DateTimeFormatOptions = { day: "numeric", month: "short" };
const DAY_OF_YEAR: Intl.DateTimeFormatOptions = { ...DAY, year: "numeric" };
const TIME: Intl.DateTimeFormatOptions = { hour: "numeric", minute: "2-digit" };

/** A running clock: `02:14`, `1:02:14`; minutes have at least `digits` digits. */
export function clock(ms: number, digits = 2) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h > 0
    ? `${h.toLocaleString(locale())}:${String(m).padStart(2, "0")}:${tail}`
    : `${String(m).padStart(digits, "0")}:${tail}`;
}

/** A length one reads: `3 s`, `2 min 31 s`, `1 h 04 min`, `9,599 h`: minutes no longer matter there, and columns are narrow. */
export function duration(ms: number | null | undefined) {
  if (ms == null) return "–";
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 100
    ? `${hours} h ${String(minutes % 60).padStart(2, "0")} min`
    : `${hours.toLocaleString(locale())} h`;
}

/** A short wait, to the tenth: `0.4 s`. */
export function tenths(ms: number) {
  return `${(ms / 1000).toLocaleString(locale(), { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY_LONG = 24 * HOUR;

/** How much later something came, as coarsely as it matters: `4.1 s`, `12 min`, `3 h`, `21 days`. */
export function lateness(ms: number) {
  if (ms < MINUTE) return tenths(ms);
  if (ms < HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 2 * DAY_LONG) return `${Math.round(ms / HOUR)} h`;
  return `${Math.round(ms / DAY_LONG).toLocaleString(locale())} days`;
}

/** `Tue 24 Nov`, with the year where it is not `now`'s. */
export function day(at: string | null | undefined, now: Date) {
  const date = parsed(at);
  if (!date) return "unknown day";
  return written(date, { weekday: "short", ...(isSameYear(date, now) ? DAY : DAY_OF_YEAR) });
}

/** What a list has room for: the time today, else the day. */
export function moment(at: string | null | undefined, now: Date) {
  const date = parsed(at);
  if (!date) return "–";
  if (dayOf(date) === dayOf(now)) return timeOfDay(at);
  return isSameYear(date, now) ? `${written(date, DAY)}, ${timeOfDay(at)}` : longDay(at);
}

export function timeOfDay(at: string | null | undefined) {
  return writtenAt(at, TIME);
}

/**
 * To the second. To the tenth only beside the codes, where the order of things is the question;
 * whole seconds stand without one: most senders who write them know no better.
 */
export function exactTime(at: string | null | undefined, toTenth = false) {
  const date = parsed(at);
  if (!date) return "–";
  const tenth = toTenth && date.getMilliseconds() > 0 && ({ fractionalSecondDigits: 1 } as const);
  return written(date, { ...TIME, second: "2-digit", ...tenth });
}

/** An hour of the day as a scale names it: `6 AM`, `18:00`. */
export function hourOfDay(hour: number) {
  const { hour12 } = new Intl.DateTimeFormat(locale(), { hour: "numeric" }).resolvedOptions();
  return ofNoZone(new Date(Date.UTC(2024, 0, 1, hour % 24)), hour12 ? { hour: "numeric" } : TIME);
}

export function hourSpan(hour: number) {
  return `${hourOfDay(hour)} to ${hourOfDay(hour + 1)}`;
}

/** A time of day as a clock on the wall of any place shows it, from `HH:MM`. */
export function wallTime(time: string) {
  const date = parsed(`2024-01-01T${time}Z`);
  return date ? ofNoZone(date, TIME) : "–";
}

/** By its number; 1 is Monday, as 1 January 2024 was. */
export function weekdayName(weekday: number) {
  return ofNoZone(new Date(Date.UTC(2024, 0, weekday)), { weekday: "short" });
}

export function longDay(at: string | null | undefined) {
  return writtenAt(at, DAY_OF_YEAR);
}

/** A month as a word, in English as the sentences and headings it stands in: it is no date. */
export function monthName(at: string) {
  return parsed(at)?.toLocaleString("en", { timeZone: timeZone(), month: "long" }) ?? "that month";
}

function writtenAt(at: string | null | undefined, how: Intl.DateTimeFormatOptions) {
  const date = parsed(at);
  return date ? written(date, how) : "–";
}

function written(date: Date, how: Intl.DateTimeFormatOptions) {
  return date.toLocaleString(locale(), { timeZone: timeZone(), ...how });
}

/** An hour or weekday as such, which is the same everywhere. */
function ofNoZone(date: Date, how: Intl.DateTimeFormatOptions) {
  return date.toLocaleString(locale(), { timeZone: "UTC", ...how });
}

function isSameYear(a: Date, b: Date) {
  return dayOf(a).slice(0, 4) === dayOf(b).slice(0, 4);
}

function parsed(at: string | null | undefined) {
  const date = new Date(at ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
