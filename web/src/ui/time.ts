/**
 * Instants and lengths in words and figures, in the reader's locale and zone.
 * Outside dates may be anything (1970, 9999, nonsense): none of them throws.
 */

/** A running clock: `02:14`, `1:02:14`; minutes have at least `digits` digits. */
export function clock(ms: number, digits = 2) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = String(s).padStart(2, "0");
  return h > 0
    ? `${h.toLocaleString()}:${String(m).padStart(2, "0")}:${tail}`
    : `${String(m).padStart(digits, "0")}:${tail}`;
}

/** A length one reads: `3 s`, `2 min 31 s`, `1 h 04 min`. */
export function duration(ms: number | null | undefined) {
  if (ms == null) return "–";
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60).toLocaleString()} h ${String(minutes % 60).padStart(2, "0")} min`;
}

/** A short wait, to the tenth: `0.4 s`. */
export function tenths(ms: number) {
  return `${(ms / 1000).toLocaleString(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 })} s`;
}

/** `Tue 24 Nov`, with the year where it is not `now`'s. */
export function day(at: string | null | undefined, now: Date) {
  const date = parsed(at);
  if (!date) return "unknown day";
  const sameYear = date.getFullYear() === now.getFullYear();
  return date.toLocaleDateString(undefined, {
    weekday: "short",
    day: "numeric",
    month: "short",
    ...(!sameYear && { year: "numeric" }),
  });
}

/** What a list has room for: the time today, else the day. */
export function moment(at: string | null | undefined, now: Date) {
  const date = parsed(at);
  if (!date) return "–";
  if (date.toDateString() === now.toDateString()) return timeOfDay(at);
  const sameYear = date.getFullYear() === now.getFullYear();
  const shortDay = date.toLocaleDateString(undefined, { day: "numeric", month: "short" });
  return sameYear ? `${shortDay}, ${timeOfDay(at)}` : longDay(at);
}

export function timeOfDay(at: string | null | undefined) {
  return parsed(at)?.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" }) ?? "–";
}

/** To the tenth of a second, where the order of things is the question. */
export function exactTime(at: string | null | undefined) {
  const options: Intl.DateTimeFormatOptions = {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 1,
    hour12: false,
  };
  return parsed(at)?.toLocaleTimeString(undefined, options) ?? "–";
}

export function longDay(at: string | null | undefined) {
  return parsed(at)?.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" }) ?? "–";
}

export function monthName(at: string) {
  return parsed(at)?.toLocaleDateString(undefined, { month: "long" }) ?? "that month";
}

function parsed(at: string | null | undefined) {
  const date = new Date(at ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? null : date;
}
