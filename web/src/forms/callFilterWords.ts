/** The words for each part of a filter, the same in the form and in the list of what is chosen. */
import type { CallFilter } from "../api/callFilter";
import { isDay, startOfDay } from "../api/period";
import { duration, longDay, timeOfDay } from "../ui/time";

export const DIRECTION_WORDS = { inbound: "From callers", outbound: "Made by the receptionist" } as const;
export const STATE_WORDS = { ringing: "Ringing now", live: "On the line now", ended: "Ended" } as const;
export const RESULT_WORDS = {
  answered: "Answered",
  abandoned: "Gave up waiting",
  missed: "Missed",
  failed: "Failed",
} as const;
export const OUTCOME_WORDS = { success: "Success", fail: "No success", unknown: "Outcome unclear" } as const;
export const SENTIMENT_WORDS = {
  positive: "Positive",
  neutral: "Neutral",
  negative: "Upset",
  unknown: "Sentiment unknown",
} as const;
export const RECORDING_WORDS = { yes: "Recorded", no: "Not recorded" } as const;
export const LENGTH_WORDS = {
  short: "Under 30 s",
  middle: "30 s to 2 min",
  long: "Over 2 min",
  longest: "Over 10 min",
} as const;

type Length = keyof typeof LENGTH_WORDS;

export const LENGTHS: Record<Length, Pick<CallFilter, "min_talk_ms" | "max_talk_ms">> = {
  short: { max_talk_ms: 29_999 },
  middle: { min_talk_ms: 30_000, max_talk_ms: 120_000 },
  long: { min_talk_ms: 120_001 },
  longest: { min_talk_ms: 600_001 },
};

/** The named length that is exactly what the filter asks for. */
export function lengthOf({ min_talk_ms, max_talk_ms }: CallFilter): Length | undefined {
  const lengths = Object.keys(LENGTHS) as Length[];
  return lengths.find((key) => LENGTHS[key].min_talk_ms === min_talk_ms && LENGTHS[key].max_talk_ms === max_talk_ms);
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
  add(filter.q && `Said: ${filter.q}`, "q");
  add(filter.number && `Number has ${filter.number}`, "number");
  add(filter.from && `From ${edge(filter.from)}`, "from");
  add(filter.to && `Up to ${edge(filter.to)}`, "to");
  add(filter.direction && DIRECTION_WORDS[filter.direction], "direction");
  add(filter.state && STATE_WORDS[filter.state], "state");
  add(filter.result && RESULT_WORDS[filter.result], "result");
  add(filter.outcome && OUTCOME_WORDS[filter.outcome], "outcome");
  add(filter.sentiment && SENTIMENT_WORDS[filter.sentiment], "sentiment");
  add(lengthWords(filter), "min_talk_ms", "max_talk_ms");
  if (filter.has_recording !== undefined) add(RECORDING_WORDS[filter.has_recording ? "yes" : "no"], "has_recording");
  return parts;
}

function lengthWords(filter: CallFilter) {
  const { min_talk_ms: min, max_talk_ms: max } = filter;
  if (min === undefined && max === undefined) return null;
  const named = lengthOf(filter);
  if (named) return LENGTH_WORDS[named];
  return [min !== undefined && `at least ${duration(min)}`, max !== undefined && `at most ${duration(max)}`]
    .filter(Boolean)
    .join(", ");
}

/** A whole day by its name, an instant with its time. */
function edge(at: string) {
  return isDay(at) ? longDay(startOfDay(at)) : `${longDay(at)}, ${timeOfDay(at)}`;
}
