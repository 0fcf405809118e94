/**
 * Whether this browser is signed in, as far as it can tell: the session is an HttpOnly
 * cookie that no script can read, so a note in localStorage remembers whose it is. With
 * it a first visit asks for the password without a refused request, and a tab notices
 * that another one signed out or went over to another account.
 */
type Told = "lost" | "changed";

const NOTE = "frontdesk.session";
/** Somebody left for a login provider and may come back signed in. */
const PERHAPS = "perhaps";

const listeners = new Set<(what: Told) => void>();
/** Whose answers this tab shows. */
let ours: string | null = null;

export function mayBeSignedIn() {
  return localStorage.getItem(NOTE) !== null;
}

/** Somebody signed in here and has not signed out; leaving for a login provider is not enough. */
export function wasSignedIn() {
  const note = localStorage.getItem(NOTE);
  return note !== null && note !== PERHAPS;
}

export function noteSession(user: string, account: string) {
  ours = `${user} ${account}`;
  localStorage.setItem(NOTE, ours);
}

export function noteLeavingForProvider() {
  if (!mayBeSignedIn()) localStorage.setItem(NOTE, PERHAPS);
}

/** Nobody is signed in, and everybody knows. */
export function forgetSession() {
  ours = null;
  localStorage.removeItem(NOTE);
}

/** An answer said that we are not signed in any more: the page has to make way, once. */
export function loseSession() {
  if (!mayBeSignedIn()) return;
  forgetSession();
  tell("lost");
}

export function onSession(listener: (what: Told) => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

window.addEventListener("storage", ({ key, newValue }) => {
  if (key !== NOTE || ours === null || newValue === ours) return;
  if (newValue === null) {
    ours = null;
    tell("lost");
  } else if (newValue !== PERHAPS) tell("changed");
});

function tell(what: Told) {
  for (const listener of listeners) listener(what);
}
