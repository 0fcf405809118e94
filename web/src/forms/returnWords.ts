/** Why somebody was sent back: what a provider's return or the gate says, in words. */
const WORDS: Partial<Record<string, string>> = {
  suspended:
    "This account is suspended. Its calls are kept, but nobody can sign in. Write to us to have it opened again.",
  "session-ended": "You are signed out: your session ended, here or in another tab. Sign in to go on where you were.",
  "state-mismatch": "That took too long, or it was begun in another browser. Try again.",
  "provider-denied": "You did not allow it there, so nothing was done here. Try again, or use your password.",
  "provider-failed": "The provider did not answer as it should. Try again in a moment, or use your password.",
  "provider-unavailable": "The provider does not answer. Try again in a moment, or use your password.",
  "email-unverified":
    "The provider does not vouch for your e-mail address. Verify it there first, or sign up with a password.",
  "address-known":
    "There is an account with this e-mail address already. Sign in the way you did before; then link this login under Settings, Security.",
  "identity-taken": "This login is linked to another account. Unlink it there first.",
  "already-linked": "Another login of this provider is linked. Unlink it first.",
  "signed-out": "You were signed out meanwhile. Sign in, and link it again.",
  "too-many": "That was tried too often. Wait a minute, and try again.",
  unavailable: "Frontdesk is busy or being updated. Try again in a moment.",
};

export function returnWords(problem: string) {
  return WORDS[problem] ?? "That did not work. Try again, or another way.";
}
