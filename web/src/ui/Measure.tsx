/** A bar against a ceiling, optionally with a target line; always beside words that say the same. */
import { classes } from "./classes";
import type { Tone } from "./Mark";

const FILL: Record<Tone, string> = {
  good: "bg-accent",
  late: "bg-late",
  bad: "bg-bad",
  quiet: "bg-before",
  plain: "bg-quiet",
};

export function Measure({
  value,
  of,
  target,
  tone = "good",
}: {
  value: number;
  of: number;
  target?: number;
  tone?: Tone;
}) {
  const part = (n: number) => `${of > 0 ? Math.min(100, (n / of) * 100) : 0}%`;
  return (
    <span aria-hidden className="relative block h-1.5 w-full rounded-full bg-sunken">
      <span className={classes("block h-full rounded-full", FILL[tone])} style={{ width: part(value) }} />
      {target !== undefined && <span className="absolute -top-1 h-3.5 w-px bg-ink" style={{ left: part(target) }} />}
    </span>
  );
}
