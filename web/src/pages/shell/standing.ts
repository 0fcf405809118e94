/** Whether pages behind the gate are on screen. They go a moment after the router has left, drawn once more maybe. */
import { useEffect } from "react";

let standing = 0;
const waiting = new Set<() => void>();

/** For what stands around them. */
export function useStanding() {
  useEffect(() => {
    standing += 1;
    return () => {
      standing -= 1;
      if (standing > 0) return;
      for (const tell of waiting) tell();
      waiting.clear();
    };
  }, []);
}

/** Waits until none is: what they show may be forgotten then. */
export function pagesAreGone(): Promise<void> {
  return new Promise((resolve) => {
    if (standing === 0) resolve();
    else waiting.add(resolve);
  });
}
