/** The words for each part of a filter, the same in the form and in the list of what is chosen. */
import type { CallFilter } from "../api/callFilter";
import { duration, longDay } from "../ui/time";

export const STATE_WORDS = { ringing: "Ringing now", live: "On the line now", ended: "Ended" } as const;
export const RESULT_WORDS = { answered: "Answered", abandoned: "Gave up waiting", missed: "Missed", failed: "Failed" } as const;
const OUTCOME_WORDS = { success: "Success", fail: "No success", unknown: "Outcome unclear" } as const;
const SENTIMENT_WORDS = { positive: "Positive", neutral: "Neutral", negative: "Upset", unknown: "Sentiment unknown" } as const;

interface Length {
  key: string;
  words: string;
  min?: number;
  max?: number;
}

export const LENGTHS: Length[] = [
  { key: "short", words: "Under 30 s", max: 29_999 },
  { key: "middle", words: "30 s to 2 min", min: 30_000, max: 120_000 },
  { key: "long", words: "Over 2 min", min: 120_001 },
  { key: "longest", words: "Over 10 min", min: 600_001 },
];

export function lengthOf(filter: CallFilter) {
  return LENGTHS.find((length) => length.min === filter.min_talk_ms && length.max === filter.max_talk_ms);
}

export interface Chosen {
  name: keyof CallFilter;
  words: string;
  /** The filter without this part. */
  without: CallFilter;
}

/** What is chosen, part by part; the business is left out, for the switch in the rail shows it. */
export function chosenParts(filter: CallFilter): Chosen[] {
  const parts: Chosen[] = [];
  const add = (words: string | null | undefined, name: keyof CallFilter, and = name) => {
    if (words) parts.push({ name, words, without: { ...filter, [name]: undefined, [and]: undefined } });
  };
  add(filter.number && `Number has ${filter.number}`, "number");
  add(filter.from && `From ${longDay(asLocal(filter.from))}`, "from");
  add(filter.to && `Up to ${longDay(asLocal(filter.to))}`, "to");
  add(filter.state && STATE_WORDS[filter.state], "state");
  add(filter.result && RESULT_WORDS[filter.result], "result");
  add(filter.outcome && OUTCOME_WORDS[filter.outcome], "outcome");
  add(filter.sentiment && SENTIMENT_WORDS[filter.sentiment], "sentiment");
  add(lengthWords(filter), "min_talk_ms", "max_talk_ms");
  if (filter.has_recording !== undefined) add(filter.has_recording ? "Recorded" : "Not recorded", "has_recording");
  return parts;
}

function lengthWords(filter: CallFilter) {
  const { min_talk_ms: min, max_talk_ms: max } = filter;
  if (min === undefined && max === undefined) return null;
  const named = lengthOf(filter);
  if (named) return named.words;
  return [min !== undefined && `at least ${duration(min)}`, max !== undefined && `at most ${duration(max)}`].filter(Boolean).join(", ");
}

/** A day of the address is local; without a time, `Date` would read it as UTC. */
function asLocal(day: string) {
  return day.length === 10 ? `${day}T00:00` : day;
}
