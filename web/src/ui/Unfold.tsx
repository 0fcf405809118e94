/** One line that unfolds to more, for whoever wants to know. */
import type { ReactNode } from "react";
import { classes } from "./classes";

interface Props {
  words: string;
  /** Of the line. */
  look?: string;
  className?: string;
  /** It was opened or closed: what is in it may be asked for only then. */
  turned?: (open: boolean) => void;
  children: ReactNode;
}

export function Unfold({ words, look = "text-quiet hover:text-ink", className, turned, children }: Props) {
  return (
    <details className={classes("group", className)} onToggle={(event) => turned?.(event.currentTarget.open)}>
      <summary className={classes("inline-flex min-h-6 items-center gap-1.5 rounded-inner", look)}>
        {words}{" "}
        <span aria-hidden className="transition-transform group-open:rotate-90">
          ›
        </span>
      </summary>
      {children}
    </details>
  );
}
