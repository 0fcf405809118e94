/** What became of a call, in the fewest words; and who rang, or was called. */
import type { Call } from "../../api/queries";
import type { Tone } from "../../ui/Mark";
import { phone } from "../../ui/phone";

type Who = Pick<Call, "caller_name" | "caller_number" | "channel" | "direction">;

/** Who was on the line; of a call that the receptionist made, that they were called. */
export function callerWords(call: Who) {
  return call.direction === "outbound" ? `Called ${personWords(call)}` : personWords(call);
}

export function personWords(call: Who) {
  if (call.caller_name && !isMadeUp(call)) return call.caller_name;
  if (call.caller_number) return phone(call.caller_number);
  if (call.channel === "web") return "Web visitor";
  return call.direction === "outbound" ? "a hidden number" : "Hidden number";
}

/** A website names a visitor who gave no name by a number of its own: `visitor_48259`. */
function isMadeUp({ channel, caller_name }: Who) {
  return channel === "web" && /^\S*[_\d]\S*$/.test(caller_name ?? "");
}

export function clientWords(call: Pick<Call, "client">) {
  return call.client?.name ?? "Not assigned";
}

export interface Verdict {
  words: string;
  tone: Tone;
}

export function verdict(call: Pick<Call, "direction" | "state" | "result" | "outcome">): Verdict {
  if (call.state === "ringing") return { words: "Ringing", tone: "plain" };
  if (call.state === "live") return { words: "On the line", tone: "good" };
  switch (call.result) {
    case "missed":
      // Nobody waited for us: whom we called was not there.
      if (call.direction === "outbound") return { words: "Not reached", tone: "plain" };
      return { words: "Missed", tone: "late" };
    case "abandoned":
      return { words: "Gave up waiting", tone: "late" };
    case "failed":
      return { words: "Failed", tone: "bad" };
    default:
      return outcomeVerdict(call.outcome);
  }
}

function outcomeVerdict(outcome: Call["outcome"]): Verdict {
  const label = outcome?.label ? sentence(outcome.label) : null;
  switch (outcome?.status) {
    case "success":
      return { words: label ?? "Success", tone: "good" };
    case "fail":
      return { words: label ?? "No success", tone: "plain" };
    default:
      return { words: label ?? "Answered", tone: "plain" };
  }
}

/** How a word that was looked for is marked; bold, for a colour alone says nothing. */
export const FOUND = "rounded-inner bg-accent-soft font-semibold text-accent";

const SPEAKERS: Partial<Record<string, string>> = {
  caller: "Caller",
  receptionist: "Receptionist",
  system: "System",
  tool: "Tool",
};

export function speakerWords(speaker: string) {
  return SPEAKERS[speaker] ?? sentence(speaker);
}

/** A provider's word as a word of ours: `callback_requested` → `Callback requested`. */
export function sentence(label: string) {
  const words = label.replaceAll("_", " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
