/**
 * The filter of the calls list: its form in the address, and its form for the api.
 * In the address days are local dates (`from=2026-11-01`), because a person reads
 * and sends that link; the api gets instants. What the address holds and we do not
 * know is refused aloud, never dropped silently: a wider list would look complete.
 */
import { instantsOf, isInstant, isPlausibleDay } from "./period";

export const DIRECTIONS = ["inbound", "outbound"] as const;
export const STATES = ["ringing", "live", "ended"] as const;
export const RESULTS = ["answered", "abandoned", "missed", "failed"] as const;
export const OUTCOMES = ["success", "fail", "unknown"] as const;
export const SENTIMENTS = ["positive", "neutral", "negative", "unknown"] as const;

export interface CallFilter {
  client_id?: string;
  unassigned?: true;
  /** Words that were said on the call. */
  q?: string;
  from?: string;
  to?: string;
  number?: string;
  direction?: (typeof DIRECTIONS)[number];
  state?: (typeof STATES)[number];
  result?: (typeof RESULTS)[number];
  outcome?: (typeof OUTCOMES)[number];
  sentiment?: (typeof SENTIMENTS)[number];
  min_talk_ms?: number;
  max_talk_ms?: number;
  has_recording?: boolean;
}

export interface ReadFilter {
  filter: CallFilter;
  /** Parts of the address that mean nothing here, as `name=value`. */
  refused: string[];
}

export function readFilter(search: URLSearchParams): ReadFilter {
  const filter: CallFilter = {};
  const refused: string[] = [];
  for (const [name, value] of search) {
    if (value !== "" && !read(filter, name, value)) refused.push(`${name}=${value}`);
  }
  return { filter, refused };
}

export function writeFilter(filter: object): URLSearchParams {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) {
    if (value !== undefined && value !== "") search.set(name, String(value));
  }
  return search;
}

/** As the api takes it. */
export function filterQuery({ from, to, ...rest }: CallFilter) {
  return { ...rest, ...instantsOf({ from, to }) };
}

/** What the api takes for an id: a UUID in its usual form. */
export function isId(value: string) {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** What the api takes for part of a number: up to 15 digits, written as people write them. */
export function isNumberPart(value: string) {
  return /^\+?\d{1,15}$/.test(value.replace(/[\s().-]/g, ""));
}

/** As the api counts them. */
const MOST_WORDS = 16;

/** What the api looks for: some words, with anything between them. */
export function isWords(value: string) {
  const words = value.match(/[\p{L}\p{M}\p{N}]+/gu)?.length ?? 0;
  return words > 0 && words <= MOST_WORDS;
}

function read(filter: CallFilter, name: string, value: string): boolean {
  switch (name) {
    case "client_id":
      if (!isId(value)) return false;
      filter.client_id = value;
      return true;
    case "unassigned":
      if (value === "true") filter.unassigned = true;
      return value === "true" || value === "false";
    case "q":
      if (!isWords(value)) return false;
      filter.q = value;
      return true;
    case "from":
    case "to":
      if (!isPlausibleDay(value) && !isInstant(value)) return false;
      filter[name] = value;
      return true;
    case "number":
      if (!isNumberPart(value)) return false;
      filter.number = value;
      return true;
    case "min_talk_ms":
    case "max_talk_ms":
      if (!/^\d{1,12}$/.test(value)) return false;
      filter[name] = Number(value);
      return true;
    case "has_recording":
      if (value === "true" || value === "false") filter.has_recording = value === "true";
      return filter.has_recording !== undefined;
    case "cursor":
      return true;
    default:
      return readChoice(filter, name, value);
  }
}

function readChoice(filter: CallFilter, name: string, value: string): boolean {
  switch (name) {
    case "direction":
      return (filter.direction = oneOf(DIRECTIONS, value)) !== undefined;
    case "state":
      return (filter.state = oneOf(STATES, value)) !== undefined;
    case "result":
      return (filter.result = oneOf(RESULTS, value)) !== undefined;
    case "outcome":
      return (filter.outcome = oneOf(OUTCOMES, value)) !== undefined;
    case "sentiment":
      return (filter.sentiment = oneOf(SENTIMENTS, value)) !== undefined;
    default:
      return false;
  }
}

function oneOf<T extends string>(choices: readonly T[], value: string): T | undefined {
  return choices.find((choice) => choice === value);
}
