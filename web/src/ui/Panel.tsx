/** A card with a heading; the heading may carry one line of context and one control. */
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { classes } from "./classes";

interface Props {
  title: string;
  hint?: ReactNode;
  control?: ReactNode;
  className?: string;
  /** Rows reach from edge to edge; text and figures keep the card's padding. */
  flush?: boolean;
  children: ReactNode;
}

export function Panel({ title, hint, control, className, flush = false, children }: Props) {
  const id = useId();
  return (
    <section aria-labelledby={id} className={classes("card min-w-0", !flush && "p-5", className)}>
      <header className={classes("flex items-baseline gap-3", flush ? "px-5 pt-4 pb-2" : "mb-3")}>
        {/* Beside a hint, the hint gives way; alone, the title does, for a button cannot. */}
        <h2 id={id} tabIndex={-1} className={classes("text-sm font-semibold", hint ? "shrink-0" : "min-w-0")}>
          {title}
        </h2>
        {hint && <p className="min-w-0 text-xs text-quiet [overflow-wrap:anywhere]">{hint}</p>}
        {control && <div className="ml-auto shrink-0 self-center">{control}</div>}
      </header>
      {children}
    </section>
  );
}

/**
 * For a row of a panel that can be taken away: the focus it has then goes to the panel's heading, or to
 * the page when the panel goes too. A browser would begin at the top again.
 */
export function useHandOver<Row extends HTMLElement>() {
  const row = useRef<Row>(null);
  useLayoutEffect(() => {
    const shown = row.current;
    const heading = shown?.closest("section")?.querySelector("h2");
    return () => {
      // A dialog in it has the focus, or had it until its button was disabled.
      if (!shown?.contains(document.activeElement) && !shown?.querySelector("dialog")) return;
      // A moment later: the row and its dialog are still there.
      queueMicrotask(() => (heading?.isConnected ? heading : document.querySelector("main"))?.focus());
    };
  }, []);
  return row;
}
