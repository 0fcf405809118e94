/** An act in words: what was done, to what, and how. */
import { isInstant } from "../../api/period";
import type { AuditPage } from "../../api/settings";
import { providerName } from "../../forms/providerWords";
import { roleWords } from "../../forms/roleWords";
import { scopeWords } from "../../forms/scopeWords";
import { count } from "../../ui/figures";
import { longDay, timeOfDay } from "../../ui/time";

type Entry = AuditPage["items"][number];

/** What was done, as the end of a sentence that begins with who did it. An act not known here stands as it is. */
const WORDS: Partial<Record<string, string>> = {
  "account.support_look": "looked at the account to help",
  "call.hung_up": "ended a call",
  "client.deleted": "deleted a business",
  "client.restored": "brought a business back",
  "dead_letter.discarded": "threw a dead letter away",
  "dead_letter.redriven": "had a dead letter tried again",
  "dead_letter.viewed": "looked at a dead letter",
  "export.fetched": "fetched an export",
  "export.requested": "asked for an export",
  "identity.linked": "linked a login",
  "identity.unlinked": "unlinked a login",
  "invitation.revoked": "took an invitation back",
  "key.created": "made an API key",
  "key.revoked": "revoked an API key",
  "member.changed": "changed a member's role",
  "member.invited": "invited somebody",
  "member.joined": "joined",
  "member.left": "left",
  "member.removed": "removed a member",
  "number.assigned": "assigned a number",
  "number.released": "released a number",
  "second_factor.disabled": "turned the second step off",
  "second_factor.enabled": "turned the second step on",
  "second_factor.wrong_code": "showed a wrong first code",
  "second_factor.recovery_code_used": "used a recovery code",
  "second_factor.recovery_codes_renewed": "made new recovery codes",
  "session.revoked": "signed a browser out",
  "session.revoked_all": "signed out everywhere",
  "token.reused": "used a program's token twice, so all that follow from it were ended",
  "user.deleted": "deleted the account",
  "user.deletion_cancelled": "kept the account",
  "user.deletion_requested": "asked to delete the account",
  "user.demoted": "made them an administrator no more",
  "user.email_change_requested": "asked to change the e-mail address",
  "user.email_changed": "changed the e-mail address",
  "user.logged_in": "signed in",
  "user.logged_out": "signed out",
  "user.login_failed": "failed to sign in",
  "user.password_changed": "changed the password",
  "user.password_reset": "chose a new password by mail",
  "user.password_reset_requested": "asked for a new password",
  "user.promoted": "made them an administrator",
  "user.proven": "confirmed who they are",
  "user.resumed": "opened the account again",
  "user.signed_up": "signed up",
  "user.suspended": "suspended the account",
};

export function actWords(act: string) {
  return WORDS[act] ?? act.replaceAll(/[._]/g, " ");
}

/** What was done to a business or a number of one is said with its name, as far as it is known. */
export function subjectWords({ act, subject }: Pick<Entry, "act" | "subject">, businesses: Map<string, string>) {
  const name = businesses.get(subject ?? "");
  if (!name) return null;
  return act.startsWith("number.") ? { before: "of", name } : act.startsWith("client.") ? { before: "called", name } : null;
}

/** The particulars, in words; ids mean nothing to a reader. */
export function particulars(detail: object) {
  return Object.entries<unknown>({ ...detail })
    .map(([name, value]) => (isUuid(value) ? null : (KNOWN[name]?.(value) ?? otherwise(name, value))))
    .filter(Boolean)
    .join(", ");
}

const KNOWN: Partial<Record<string, (value: unknown) => string | null | undefined>> = {
  method: (value) => METHODS[String(value)],
  // On most acts it is not, and that is no news.
  is_new_device: (value) => (value === true ? "from a new device" : ""),
  provider: (value) => providerName(String(value)),
  due_at: (value) => `due on ${timeWords(String(value))}`,
  wrong: (value) => `the ${String(value)} was wrong`,
  role: (value) => `as ${roleWords(String(value)).a}`,
  reason: String,
  by: (value) => `by ${String(value)}`,
  file: String,
  prefix: (value) => `${String(value)}…`,
  scopes: (value) => (Array.isArray(value) ? scopeWords(value.map(String)) : null),
  sequence: (value) => `event number ${String(value)}`,
};

const METHODS: Partial<Record<string, string>> = {
  password: "with a password",
  google: "through Google",
  github: "through GitHub",
  token: "with a program",
};

/** One that is not known here, as near to words as it comes. */
function otherwise(name: string, value: unknown) {
  const words = name.replaceAll("_", " ");
  if (typeof value === "boolean") return `${value ? "" : "not "}${words.replace(/^is /, "")}`;
  if (typeof value === "number") return `${words} ${count(value)}`;
  if (typeof value !== "string") return null;
  return `${words} ${isInstant(value) ? timeWords(value) : value}`;
}

function timeWords(at: string) {
  return `${longDay(at)}, ${timeOfDay(at)}`;
}

function isUuid(value: unknown) {
  return typeof value === "string" && /^[0-9a-f]{8}-/.test(value);
}
