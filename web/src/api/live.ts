/**
 * Follows `/api/live`. It carries names of what changed and nothing else; we ask
 * again for what is on screen. At each new connection, and on `resync`, names may have
 * been missed, so everything is asked for again. It never writes an answer itself. Why it is
 * refused a browser does not tell; who is signed in is asked then, so that a session that
 * ended is noticed on pages that ask for nothing else.
 */
import type { Query, QueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";

export type LiveState = "connecting" | "live" | "lost";

/**
 * Lists and figures are asked for at most this often: a busy minute names dozens of
 * changes. Still well under the second within which a change must be seen.
 */
const PAUSE_MS = 400;
const FIRST_RETRY_MS = 500;
/** Long enough that a thousand open dashboards do not keep a starting server down. */
const LAST_RETRY_MS = 15_000;

/** `EventSource.CLOSED`. */
const CLOSED = 2;

const listeners = new Set<() => void>();
let state: LiveState = "connecting";

export function useLive(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}

/** Follows until the returned function is called. */
export function followLive(queries: QueryClient): () => void {
  const changes = new Changes(queries);
  let source: EventSource | null = null;
  let timer: number | undefined;
  let failures = 0;

  function connect() {
    window.clearTimeout(timer);
    source?.close();
    source = new EventSource("/api/live");
    source.addEventListener("hello", () => {
      failures = 0;
      tell("live");
      // The first time too: what changed between the first answers and now was told to nobody.
      changes.noteAll();
    });
    source.addEventListener("resync", () => changes.noteAll());
    source.addEventListener("calls", (event: MessageEvent<unknown>) => {
      changes.note(["calls"], ["stats"], ...ids(event.data).map((id) => ["call", id]));
    });
    source.addEventListener("billing", () => changes.note(["billing"]));
    source.addEventListener("error", retryLater);
  }

  function retryLater() {
    // Closed already when the server refused; one that is not reached is still being tried.
    if (source?.readyState === CLOSED) changes.note(["me"]);
    source?.close();
    tell("lost");
    const wait = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
    failures += 1;
    window.clearTimeout(timer);
    // Half fixed, half by chance: everyone lost the same server at the same moment.
    timer = window.setTimeout(connect, wait / 2 + (Math.random() * wait) / 2);
  }

  /** A woken phone or a returned network need not wait for the timer. */
  function retryNow() {
    if (state === "lost" && !document.hidden) connect();
  }

  window.addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", retryNow);
  connect();
  return () => {
    window.clearTimeout(timer);
    source?.close();
    changes.stop();
    window.removeEventListener("online", retryNow);
    document.removeEventListener("visibilitychange", retryNow);
    tell("connecting");
  };
}

/**
 * Gathers what changed while the last questions are still on their way: no change
 * is missed, and a slow server is asked less often instead of more.
 */
class Changes {
  readonly #queries: QueryClient;
  #waiting = new Map<string, string[]>();
  #running = false;
  #stopped = false;

  constructor(queries: QueryClient) {
    this.#queries = queries;
  }

  note(...keys: string[][]) {
    for (const key of keys) this.#waiting.set(key.join("/"), key);
    if (!this.#running) void this.#ask();
  }

  noteAll() {
    this.note([]);
  }

  stop() {
    this.#stopped = true;
  }

  async #ask() {
    this.#running = true;
    while (this.#waiting.size > 0 && !this.#stopped) {
      const keys = [...this.#waiting.values()];
      this.#waiting.clear();
      const everything = keys.some((key) => key.length === 0);
      await Promise.all(
        everything
          ? [this.#queries.invalidateQueries({ predicate: mayHaveChanged })]
          : keys.map((queryKey) => this.#queries.invalidateQueries({ queryKey })),
      );
      await pause(PAUSE_MS);
    }
    this.#running = false;
  }
}

/** A month that is over stays as it was answered, once it was. */
function mayHaveChanged({ queryKey, state }: Query) {
  return queryKey[0] !== "past" || state.data === undefined;
}

function ids(text: unknown): string[] {
  if (typeof text !== "string") return [];
  try {
    const told: unknown = JSON.parse(text);
    const named = typeof told === "object" && told !== null && "ids" in told ? told.ids : [];
    return Array.isArray(named) ? named.filter((id) => typeof id === "string") : [];
  } catch {
    return [];
  }
}

function pause(ms: number) {
  return new Promise<void>((resolve) => window.setTimeout(resolve, ms));
}

function tell(next: LiveState) {
  if (next === state) return;
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
