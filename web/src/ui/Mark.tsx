/** A word that says what became of something. The colour repeats the word and never replaces it. */
import type { ReactNode } from "react";
import { classes } from "./classes";

export type Tone = "good" | "late" | "bad" | "quiet" | "plain";

const TONES: Record<Tone, string> = {
  good: "bg-accent-soft text-accent",
  late: "bg-late-soft text-late",
  bad: "bg-bad-soft text-bad",
  quiet: "bg-sunken text-quiet",
  plain: "bg-sunken text-ink",
};

const INK: Record<Tone, string> = {
  good: "text-accent",
  late: "text-late",
  bad: "text-bad",
  quiet: "text-quiet",
  plain: "text-ink",
};

export function Mark({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span
      className={classes(
        "inline-block max-w-full truncate rounded-inner px-1.5 py-0.5 text-xs font-medium",
        TONES[tone],
      )}
    >
      {children}
    </span>
  );
}

export function toneInk(tone: Tone) {
  return INK[tone];
}
