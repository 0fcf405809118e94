/**
 * Fresh proof of who is at the keyboard. Dangerous acts want it; whoever acts waits here
 * until the dialog (`forms/ProofDialog`) has it, however many acts wait at once.
 */
import { useSyncExternalStore } from "react";

/** Thrown into the act when the person would rather not. Nothing was changed. */
export class ProofDeclined extends Error {
  constructor() {
    super("Nothing was changed: this needs your confirmation.");
  }
}

interface Waiting {
  proof: Promise<void>;
  proven: () => void;
  declined: (why: ProofDeclined) => void;
}

const listeners = new Set<() => void>();
let waiting: Waiting | null = null;

export function proveIdentity(): Promise<void> {
  if (!waiting) {
    let settle: Pick<Waiting, "proven" | "declined"> | undefined;
    const proof = new Promise<void>((proven, declined) => (settle = { proven, declined }));
    if (settle) tell({ proof, ...settle });
    return proof;
  }
  return waiting.proof;
}

export function endProof(isProven: boolean) {
  const ended = waiting;
  tell(null);
  if (isProven) ended?.proven();
  else ended?.declined(new ProofDeclined());
}

export function useProofWanted(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => waiting !== null,
  );
}

function tell(next: Waiting | null) {
  waiting = next;
  for (const listener of listeners) listener();
}
