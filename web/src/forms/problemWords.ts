/** What went wrong with an act, in words that say what is safe and what to do. */
import { Problem } from "../api/problem";
import { ProofDeclined } from "../api/proof";
import { ForAnother } from "../api/session";
import { plural } from "../ui/figures";

const WORDS: Partial<Record<string, string>> = {
  "wrong-credentials": "The e-mail address, the password or the code is not right.",
  unauthorised: "You are signed out. Sign in again in another tab: what you typed stays here until then.",
  forbidden: "Your role in this account does not allow that.",
  suspended: "This account is suspended, so nothing can be changed in it.",
  "cross-site": "The browser sent this from another address than Frontdesk's. Open Frontdesk anew and try again.",
  "not-found": "It is not there any more. Somebody may have deleted it meanwhile.",
  "too-large": "This is larger than Frontdesk takes.",
  "name-taken": "Another of your businesses has this name. Choose one that tells them apart.",
  "no-subscription": "Without a subscription there is one business. Subscribe to a plan to have more.",
  "too-many-clients": "There are as many businesses as an account can have. Delete one, or write to us.",
  "member-limit": "There are as many members as an account can have. Remove one first.",
  "already-member": "They are a member already.",
  administrator: "An administrator's account cannot be deleted. Another administrator must take the role away first.",
  "link-over": "This link was used already or is too old.",
};

export function problemWords(error: unknown): string {
  if (error instanceof ProofDeclined || error instanceof ForAnother) return error.message;
  if (!(error instanceof Problem))
    return "Frontdesk does not answer. Nothing you typed is lost: try again in a moment.";
  if (error.status === 429) return `That was tried too often. Try again in ${waitWords(error.wait)}.`;
  if (error.status === 503)
    return "Frontdesk is busy or being updated. Nothing you typed is lost: try again in a moment.";
  if (error.status >= 500) {
    const request = error.request ? ` (request ${error.request})` : "";
    return `Something went wrong on our side${request}. Nothing you typed is lost: try again.`;
  }
  return WORDS[error.kind] ?? asSentence(error.message);
}

/** The api begins without a capital and ends without a full stop, so that its words fit into any sentence. */
export function asSentence(words: string) {
  return asClause(words.charAt(0).toUpperCase() + words.slice(1));
}

/** The end of a sentence: what is wrong with a field begins with a verb. */
export function asClause(words: string) {
  return /[.!?]$/.test(words) ? words : `${words}.`;
}

function waitWords(seconds: number | null) {
  if (seconds === null) return "a minute";
  return seconds < 90 ? plural(Math.max(1, Math.ceil(seconds)), "second") : plural(Math.ceil(seconds / 60), "minute");
}
