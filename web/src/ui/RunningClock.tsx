/**
 * How long something has been going on, counting by itself. One timer serves every
 * clock on the page, so that all of them turn at the same moment.
 */
import { useSyncExternalStore } from "react";
import { clock } from "./time";

export function RunningClock({ since, now }: { since: string; now: () => number }) {
  const shown = useSyncExternalStore(onSecond, () => clock(now() - Date.parse(since)));
  return (
    <time dateTime={since} role="timer" aria-live="off" className="figures">
      {shown}
    </time>
  );
}

const listeners = new Set<() => void>();
let timer: number | undefined;

function onSecond(listener: () => void) {
  listeners.add(listener);
  timer ??= window.setInterval(() => listeners.forEach((turn) => turn()), 250);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    window.clearInterval(timer);
    timer = undefined;
  };
}
