/** Says beside a button that what it does was done. It stands a while, and is read aloud once. */
import { useEffect } from "react";

/** Long enough to be read, short enough not to be taken for the next save. */
const SHOWN_MS = 6_000;

export function Saved({
  shown,
  over,
  children = "Saved",
}: {
  shown: boolean;
  over: () => void;
  children?: string | undefined;
}) {
  useEffect(() => {
    if (!shown) return;
    const timer = window.setTimeout(over, SHOWN_MS);
    return () => window.clearTimeout(timer);
  }, [shown, over]);
  return (
    <span role="status" className="text-accent">
      {shown && children}
    </span>
  );
}
