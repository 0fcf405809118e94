/** What an event changed about its call, in words: `Answered: 10:04:03`, `4 turns added`. */
import type { CallEvent } from "../../api/queries";
import { OUTCOME_WORDS, RESULT_WORDS, SENTIMENT_WORDS } from "../../forms/callFilterWords";
import { money, plural } from "../../ui/figures";
import { phone, withPhones } from "../../ui/phone";
import { exactTime, tenths } from "../../ui/time";
import { sentence } from "../calls/words";

export type Change = CallEvent["changes"][number];

const NAMES: Record<Change["field"], string> = {
  state: "State",
  result: "Result",
  caller_number: "Number",
  caller_name: "Name",
  started_at: "Began",
  answered_at: "Answered",
  ended_at: "Ended",
  end_reason: "Why it ended",
  agent_name: "Taken by",
  transferred_to: "Handed over to",
  outcome: "Outcome",
  outcome_label: "In a word",
  revenue: "Captured",
  summary: "Summary",
  sentiment: "Sentiment",
  recording: "Recording",
  response_time: "Answers in",
  turns_added: "Turns",
};

/** The words of the filters, and of the lists. */
const WORDS: Record<"state" | "result" | "outcome" | "sentiment", Partial<Record<string, string>>> = {
  state: { ringing: "Ringing", live: "On the line", ended: "Over" },
  result: RESULT_WORDS,
  outcome: OUTCOME_WORDS,
  sentiment: SENTIMENT_WORDS,
};

export function changeWords({ field, value }: Change) {
  if (field === "turns_added" && typeof value === "number") {
    return `${plural(Math.abs(value), "turn")} ${value < 0 ? "taken back" : "added"}`;
  }
  return value == null ? `${NAMES[field]}: taken back` : `${NAMES[field]}: ${valueWords(field, value)}`;
}

function valueWords(field: Change["field"], value: NonNullable<Change["value"]>) {
  if (typeof value === "number") return tenths(value);
  if (typeof value === "object") return money(value);
  switch (field) {
    case "state":
    case "result":
    case "outcome":
    case "sentiment":
      return WORDS[field][value] ?? sentence(value);
    case "started_at":
    case "answered_at":
    case "ended_at":
      return exactTime(value);
    case "caller_number":
    case "transferred_to":
      return phone(value);
    case "end_reason":
      return withPhones(value);
    case "caller_name":
    case "agent_name":
    case "summary":
      return value;
    default:
      return sentence(value);
  }
}
