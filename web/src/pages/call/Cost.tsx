/** What drives the cost of a call: the quantities each provider will bill. */
import type { OneCall } from "../../api/queries";
import { count, plural } from "../../ui/figures";
import { duration } from "../../ui/time";
import { sentence } from "../calls/words";

/** The agent's names; one that is not here is shown as it came. */
const KINDS: Partial<Record<string, string>> = {
  llm_usage: "Thinking",
  stt_usage: "Understanding speech",
  tts_usage: "Voice",
  eot_usage: "Noticing when the caller has finished",
};

const QUANTITIES: Partial<Record<string, (n: number) => string>> = {
  input_tokens: (n) => `${count(n)} tokens read`,
  input_cached_tokens: (n) => `${count(n)} of them from the cache`,
  output_tokens: (n) => `${count(n)} tokens written`,
  characters_count: (n) => `${count(n)} letters spoken`,
  audio_duration: (n) => `${duration(n * 1000)} of sound`,
  total_requests: (n) => `asked ${plural(n, "time")}`,
};

/** Read before its part, whatever order the names have. */
const ORDER = Object.keys(QUANTITIES);

export function Cost({ call }: { call: OneCall["call"] }) {
  if (call.usage.length === 0) return null;
  return (
    <section aria-label="What it used" className="mt-4 text-xs">
      <h3 className="mb-2 font-semibold">What it used</h3>
      <ul className="flex flex-col gap-3">
        {call.usage.map((usage, at) => (
          <li key={at}>
            <p className="flex items-baseline justify-between gap-4">
              <span>{KINDS[usage.kind] ?? sentence(usage.kind)}</span>
              <bdi className="min-w-0 text-right text-xs text-quiet [overflow-wrap:anywhere]">
                {[usage.provider, usage.model].filter(Boolean).join(" ")}
              </bdi>
            </p>
            <p className="figures text-quiet">{quantities(usage.quantities)}</p>
          </li>
        ))}
      </ul>
    </section>
  );
}

function quantities(amounts: Record<string, number>) {
  const names = Object.keys(amounts).sort((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b));
  return names
    .map((name) => {
      const n = amounts[name] ?? 0;
      return QUANTITIES[name]?.(n) ?? `${count(n)} ${name.replaceAll("_", " ")}`;
    })
    .join(", ");
}
