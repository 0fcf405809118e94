/**
 * Whether this browser may ask the api. Until the accounts bring logins, one
 * access token from the operator opens a session kept in an HttpOnly cookie,
 * which no script can read; so one flag in localStorage remembers that it was
 * opened, and a first visit asks for the token without a refused request.
 * The token itself is never stored and leaves the address at once.
 */
import { useSyncExternalStore } from "react";

/** `refused`: a link was followed whose token is not the one in force. */
export type Session = "open" | "needed" | "refused";

const FLAG = "frontdesk.session";
const listeners = new Set<() => void>();
let session: Session = localStorage.getItem(FLAG) ? "open" : "needed";

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function refuseSession() {
  set("needed");
}

/** Trades the token for a session; false when the server refuses it. */
export async function openSession(token: string): Promise<boolean> {
  // A header takes Latin-1 without line ends only; anything else cannot be the token.
  if (!/^[\x21-\x7e]+$/.test(token)) return false;
  const answered = await fetch("/api/dev/session", {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answered.ok && answered.status !== 401 && answered.status !== 403) {
    throw new Error(`The server answered with status ${answered.status}.`);
  }
  set(answered.ok ? "open" : "needed");
  return answered.ok;
}

/** Trades the token of a link for a session; true when it opened one. The gate says when the link is too old. */
export async function openByLink(): Promise<boolean> {
  const token = tokenFromAddress();
  if (token === null) return false;
  const opened = await openSession(token);
  if (!opened) set("refused");
  return opened;
}

/** Ends the session here at once, so that nothing more is asked, then on the server, if it can be reached. */
export async function closeSession() {
  set("needed");
  await fetch("/api/dev/session", { method: "DELETE" }).catch(() => undefined);
}

/** Takes `#token=…` out of the address, so that it is neither seen, bookmarked nor sent. */
export function tokenFromAddress(): string | null {
  const token = new URLSearchParams(window.location.hash.slice(1)).get("token");
  if (token === null) return null;
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return token;
}

function set(next: Session) {
  if (next === "open") localStorage.setItem(FLAG, "open");
  else localStorage.removeItem(FLAG);
  if (next === session) return;
  session = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
