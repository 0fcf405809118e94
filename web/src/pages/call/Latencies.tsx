/** How long a caller waited for each answer, part by part, against what we promise. */
import type { OneCall } from "../../api/queries";
import { plural } from "../../ui/figures";
import { Measure } from "../../ui/Measure";
import { Panel } from "../../ui/Panel";
import { tenths } from "../../ui/time";

type Figures = NonNullable<OneCall["call"]["latencies"]>;

/** The targets of the product: the parts leave the whole under two seconds. */
const PARTS: { key: keyof Figures; name: string; target: number }[] = [
  { key: "stt_p50_ms", name: "Understanding speech", target: 500 },
  { key: "llm_p50_ms", name: "Thinking", target: 1_000 },
  { key: "tts_p50_ms", name: "Starting to speak", target: 500 },
  { key: "e2e_p50_ms", name: "Whole wait, usually", target: 2_000 },
  { key: "e2e_p95_ms", name: "Longest waits, 1 in 20", target: 2_000 },
];

export function Latencies({ latencies }: { latencies: Figures | null | undefined }) {
  const rows = PARTS.flatMap((part) => {
    const ms = latencies?.[part.key];
    return ms == null ? [] : [{ ...part, ms }];
  });
  const longest = Math.max(2_400, ...rows.map((row) => row.ms));
  return (
    <Panel title="Time to answer" hint={latencies?.turns ? `over ${plural(latencies.turns, "answer")}` : null}>
      {rows.length === 0 ? (
        <p className="text-quiet">Measured when the receptionist has answered and reported.</p>
      ) : (
        <dl className="figures grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-4 gap-y-3">
          {rows.map(({ key, name, target, ms }) => (
            <div key={key} className="col-span-2 grid grid-cols-subgrid gap-y-1">
              <dt className="[overflow-wrap:anywhere]">{name}</dt>
              <dd className="text-right">
                <strong className="font-semibold">{tenths(ms)}</strong>{" "}
                {ms > target ? (
                  <span className="text-late">over {tenths(target)}</span>
                ) : (
                  <span className="text-quiet">within {tenths(target)}</span>
                )}
              </dd>
              <dd aria-hidden className="col-span-2">
                <Measure value={ms} of={longest} target={target} tone={ms > target ? "late" : "good"} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}
