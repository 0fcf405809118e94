/**
 * What a link in a mail carries, behind `#` so that no server logs it. It is taken out of the
 * address before anything is drawn, so that it is neither seen, bookmarked nor sent on.
 */
export function takeMailToken(): string | null {
  const token = window.location.hash.slice(1);
  if (token === "") return null;
  window.history.replaceState(window.history.state, "", window.location.pathname + window.location.search);
  return token;
}

const NEW_ADDRESS = "frontdesk.newAddress";

/** A proof of a new address waits in this tab while somebody signs in: the link alone changes nothing. */
export function keepNewAddress(token: string) {
  sessionStorage.setItem(NEW_ADDRESS, token);
}

export function keptNewAddress() {
  return sessionStorage.getItem(NEW_ADDRESS);
}

export function dropNewAddress() {
  sessionStorage.removeItem(NEW_ADDRESS);
}

const INVITATION = "frontdesk.invitation";

/**
 * An invitation waits here while somebody signs up or in, also in another tab: the link that
 * proves an address opens one. Only the invited address can accept it, and it ends by itself.
 */
export function keepInvitation(token: string) {
  localStorage.setItem(INVITATION, token);
}

export function keptInvitation() {
  return localStorage.getItem(INVITATION);
}

export function dropInvitation() {
  localStorage.removeItem(INVITATION);
}
