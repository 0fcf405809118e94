/** What was said and done, in order. All of it is outside text: it is drawn as text and nothing else. */
import type { Hit, OneCall, Turn } from "../../api/queries";
import { classes } from "../../ui/classes";
import { Panel } from "../../ui/Panel";
import { clock, tenths } from "../../ui/time";
import { FOUND, sentence, speakerWords } from "../calls/words";

interface Props {
  call: OneCall["call"];
  turns: Turn[];
  /** Where the words were said by which the call was found. */
  hits: Hit[];
}

export function Transcript({ call, turns, hits }: Props) {
  return (
    <Panel title="Transcript" flush>
      {turns.length === 0 ? (
        <p className="px-5 pb-5 text-quiet">{nothingSaid(call)}</p>
      ) : (
        <ol className="flex flex-col pb-3">
          {turns.map((turn) => (
            <li key={turn.id} className="grid grid-cols-[44px_minmax(0,1fr)] gap-x-3 px-5 py-1.5">
              <span className="figures pt-px text-right text-xs leading-5 text-quiet">
                {turn.offset_ms == null ? "" : clock(turn.offset_ms)}
              </span>
              {turn.tool ? <ToolCall tool={turn.tool} /> : <Said turn={turn} found={foundIn(turn, hits)} />}
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function Said({ turn, found }: { turn: Turn; found: string[] }) {
  const ours = turn.speaker === "receptionist";
  return (
    <div className="min-w-0">
      <p className="flex items-baseline gap-2 text-xs text-quiet">
        <span className={classes("font-semibold", ours ? "text-accent" : "text-ink")}>
          {speakerWords(turn.speaker)}
        </span>
        {turn.e2e_ms != null && ours && (
          <span className={classes("figures", turn.e2e_ms > 2_000 && "text-late")}>
            answered in {tenths(turn.e2e_ms)}
          </span>
        )}
        {turn.interrupted && <span>interrupted</span>}
      </p>
      <p dir="auto" className="max-w-reading [overflow-wrap:anywhere]">
        {turn.text == null ? (
          <span className="text-quiet">(nothing was written down)</span>
        ) : (
          <Marked text={turn.text} found={found} />
        )}
      </p>
    </div>
  );
}

/** The words of this turn that were looked for, as they were said. */
function foundIn(turn: Turn, hits: Hit[]) {
  const pieces = hits.filter(({ turn_id }) => turn_id === turn.id).flatMap(({ pieces }) => pieces);
  return pieces.filter(({ hit }) => hit).map(({ text }) => text);
}

function Marked({ text, found }: { text: string; found: string[] }) {
  if (found.length === 0) return text;
  const any = found.map((words) => words.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  // With a group, every second part is what matched.
  return text
    .split(new RegExp(`(?<![\\p{L}\\p{N}])(${any})(?![\\p{L}\\p{N}])`, "u"))
    .map((part, at) =>
      at % 2 === 1 ? (
        <mark key={at} className={FOUND}>
          {part}
        </mark>
      ) : (
        part
      ),
    );
}

function ToolCall({ tool }: { tool: NonNullable<Turn["tool"]> }) {
  return (
    <details className="group min-w-0">
      <summary className="inline-flex min-h-6 max-w-full items-baseline gap-2 rounded-inner text-quiet hover:text-ink">
        <span className="min-w-0 truncate">
          {tool.is_error ? "Tried" : "Used"}{" "}
          <bdi className={tool.is_error ? "font-medium text-bad" : "font-medium"}>{sentence(tool.name)}</bdi>
          {tool.is_error && ", which failed"}
        </span>
        <span aria-hidden className="shrink-0 transition-transform group-open:rotate-90">
          ›
        </span>
      </summary>
      <dl className="mt-1 mb-1 flex flex-col gap-2 rounded-inner bg-sunken p-3 text-xs">
        <Payload name="Asked" text={tool.arguments} />
        <Payload name="Answered" text={tool.output} />
      </dl>
    </details>
  );
}

function Payload({ name, text }: { name: string; text: string | null | undefined }) {
  if (!text) return null;
  return (
    <div>
      <dt className="text-quiet">{name}</dt>
      <dd className="font-mono whitespace-pre-wrap [overflow-wrap:anywhere]">{text}</dd>
    </div>
  );
}

function nothingSaid(call: OneCall["call"]) {
  if (call.state !== "ended") return "What is said appears here as it is reported.";
  if (call.result === "answered")
    return "No transcript has arrived for this call. One that comes later appears here by itself.";
  return "Nobody spoke: the call was not answered.";
}
