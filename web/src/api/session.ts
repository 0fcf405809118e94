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
/** Whose answers this tab shows, also when the session they came with is over. */
let ours: string | null = null;

/** Thrown instead of sending, or in place of an answer. Nothing was changed. */
export class ForAnother extends Error {
  constructor() {
    super(
      "Nothing was sent: this browser is used for another account now. Go back to this one in the other tab and try again, or copy what you typed and load this page again.",
    );
  }
}

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

/**
 * The session is theirs. When this tab shows somebody else's answers it is told to make way; until
 * it has, nothing of theirs is taken in and nothing typed here is sent on their behalf.
 */
export function recognise(user: string, account: string) {
  const theirs = `${user} ${account}`;
  if (ours === null || ours === theirs) return;
  const isNews = localStorage.getItem(NOTE) !== theirs;
  localStorage.setItem(NOTE, theirs);
  if (isNews) tell("changed");
  throw new ForAnother();
}

/** Before anything is sent: the session decides for whom, and another tab may have changed it. */
export function refuseForAnother() {
  if (ours !== null && wasSignedIn() && localStorage.getItem(NOTE) !== ours) throw new ForAnother();
}

/** The pages that showed somebody's answers are gone. What is returned brings them back. */
export function showNobody() {
  const before = ours;
  ours = null;
  return () => {
    ours = before;
  };
}

export function noteLeavingForProvider() {
  if (!mayBeSignedIn()) localStorage.setItem(NOTE, PERHAPS);
}

/** Nobody is signed in, and everybody knows. */
export function forgetSession() {
  showNobody();
  localStorage.removeItem(NOTE);
}

/** An answer said that we are not signed in any more: the page has to make way, once. */
export function loseSession() {
  const isNews = wasSignedIn();
  localStorage.removeItem(NOTE);
  if (isNews) tell("lost");
}

export function onSession(listener: (what: Told) => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

window.addEventListener("storage", ({ key, newValue }) => {
  if (key !== NOTE || ours === null || newValue === ours) return;
  if (newValue === null) tell("lost");
  else if (newValue !== PERHAPS) tell("changed");
});

function tell(what: Told) {
  for (const listener of listeners) listener(what);
}
