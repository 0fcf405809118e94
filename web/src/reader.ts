/**
 * Who reads: the one place that decides in which locale and time zone days, times and
 * figures are written and calendar days begin. Before anybody signed in it is the
 * browser's; then what the person chose. A zone or locale this browser does not know
 * is left out rather than thrown at every page.
 */
interface Reader {
  /** Undefined is the browser's own. */
  locale: string | undefined;
  timeZone: string;
}

let reader: Reader = ofBrowser();

export function readAs({ locale, time_zone }: { locale: string; time_zone: string }) {
  reader = {
    locale: isLocale(locale) ? locale : undefined,
    timeZone: isTimeZone(time_zone) ? time_zone : browserTimeZone(),
  };
}

export function readAsBrowser() {
  reader = ofBrowser();
}

export function locale() {
  return reader.locale;
}

export function timeZone() {
  return reader.timeZone;
}

export function browserTimeZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function browserLocale() {
  return navigator.language;
}

export function isTimeZone(name: string) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

/** The day the reader's calendar shows at an instant, as `YYYY-MM-DD`. */
export function dayOf(at: Date) {
  const { year, month, day } = wallClock(at);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

/**
 * The first instant of a day of the reader's calendar. Clocks may be set at midnight:
 * then the day begins when the clock first shows it.
 */
export function startOf(day: string) {
  const wall = Date.parse(`${day}T00:00:00Z`);
  const around = [wall - DAY_MS, wall + DAY_MS].map((near) => wall - offsetAt(near));
  const [earlier = wall, later = wall] = around.sort((a, b) => a - b);
  return new Date(dayOf(new Date(earlier)) === day ? earlier : later);
}

const DAY_MS = 86_400_000;

function ofBrowser(): Reader {
  return { locale: undefined, timeZone: browserTimeZone() };
}

function isLocale(name: string) {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(name).length > 0;
  } catch {
    return false;
  }
}

/** How far the reader's clock is ahead of UTC, in milliseconds. */
function offsetAt(instant: number) {
  const { year, month, day, hour, minute, second } = wallClock(new Date(instant));
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instant / 1000) * 1000;
}

let clock: { zone: string; format: Intl.DateTimeFormat } | undefined;

function wallClock(at: Date) {
  if (clock?.zone !== reader.timeZone) clock = { zone: reader.timeZone, format: clockIn(reader.timeZone) };
  const shown = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  for (const { type, value } of clock.format.formatToParts(at))
    if (type in shown) shown[type as keyof typeof shown] = Number(value);
  return shown;
}

function clockIn(zone: string) {
  const part = "numeric";
  return new Intl.DateTimeFormat("en-US-u-ca-gregory-nu-latn", {
    timeZone: zone,
    hourCycle: "h23",
    year: part,
    month: part,
    day: part,
    hour: part,
    minute: part,
    second: part,
  });
}

function pad(number: number, length: number) {
  return String(number).padStart(length, "0");
}
