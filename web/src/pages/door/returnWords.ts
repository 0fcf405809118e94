/** Why somebody was sent to the way in: what a provider's return or the gate says, in words. */
const WORDS: Partial<Record<string, string>> = {
  suspended:
    "This account is suspended. Its calls are kept, but nobody can sign in. Write to us to have it opened again.",
  "provider-denied": "You did not allow it there, so you are not signed in. Try again, or use your password.",
  "provider-failed": "The provider did not answer as it should. Try again in a moment, or use your password.",
  "provider-unavailable": "The provider did not answer as it should. Try again in a moment, or use your password.",
  "email-unverified":
    "The provider has not verified your e-mail address. Verify it there first, or sign up with a password.",
  "email-taken":
    "There is an account with this e-mail address already. Sign in the way you did before; then link the provider under Settings, Security.",
  "identity-taken": "This login is linked to another account. Unlink it there first.",
  "state-mismatch": "That took too long, or it was begun in another browser. Try again.",
  "code-needed": "This account wants a code as well. Sign in with your password and the code.",
};

export function returnWords(problem: string) {
  return WORDS[problem] ?? "Signing in did not work. Try again, or sign in another way.";
}
