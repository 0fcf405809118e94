/** Several views beside each other, one of them open; where there is no room for all, the open one is in sight. */
import { type ReactNode, useEffect, useRef } from "react";
import { classes } from "./classes";

interface Props {
  label: string;
  /** Which one is open: another one is brought into sight. */
  at: string;
  className?: string;
  children: ReactNode;
}

export function TabRow({ label, at, className, children }: Props) {
  const row = useRef<HTMLElement>(null);
  useEffect(() => {
    const open = row.current?.querySelector<HTMLElement>("[aria-current=page]");
    // The row alone is moved: a browser asked to show the tab would move the page too.
    if (row.current && open) row.current.scrollLeft = open.offsetLeft - (row.current.clientWidth - open.offsetWidth) / 2;
  }, [at]);
  return (
    <nav ref={row} aria-label={label} className={classes("relative flex gap-0.5 overflow-x-auto", className)}>
      {children}
    </nav>
  );
}
