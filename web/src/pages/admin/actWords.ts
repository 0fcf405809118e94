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

/** The particulars that are words; ids mean nothing to a reader. */
export function particulars(detail: object) {
  return Object.entries<unknown>({ ...detail })
    .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value) && !isUuid(value))
    .map(([name, value]) => `${name.replaceAll("_", " ")} ${String(value)}`)
    .join(", ");
}

function isUuid(value: unknown) {
  return typeof value === "string" && /^[0-9a-f]{8}-/.test(value);
}
