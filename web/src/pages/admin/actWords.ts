/** What was done, as the end of a sentence that begins with who did it. An act not known here stands as it is. */
const WORDS: Partial<Record<string, string>> = {
  "user.signed_up": "signed up",
  "user.verified": "confirmed their address",
  "user.logged_in": "signed in",
  "user.logged_out": "signed out",
  "user.login_failed": "failed to sign in",
  "user.proved": "confirmed who they are",
  "user.suspended": "suspended the account",
  "user.resumed": "opened the account again",
  "user.promoted": "made them an administrator",
  "user.demoted": "made them an administrator no more",
  "user.email_change_asked": "asked to change the e-mail address",
  "user.email_changed": "changed the e-mail address",
  "user.deletion_asked": "asked to delete the account",
  "user.deletion_taken_back": "kept the account",
  "user.export_asked": "asked for an export",
  "password.changed": "changed the password",
  "password.reset": "chose a new password by mail",
  "password.reset_asked": "asked for a new password",
  "session.revoked": "signed a browser out",
  "sessions.revoked": "signed out everywhere",
  "identity.linked": "linked a login",
  "identity.unlinked": "unlinked a login",
  "second_factor.on": "turned the second step on",
  "second_factor.off": "turned the second step off",
  "recovery_code.used": "used a recovery code",
  "recovery_codes.made": "made new recovery codes",
  "key.created": "made an API key",
  "key.revoked": "revoked an API key",
  "member.invited": "invited somebody",
  "invitation.revoked": "took an invitation back",
  "member.joined": "joined",
  "member.role_changed": "changed a member's role",
  "member.removed": "removed a member",
  "member.left": "left",
  "client.deleted": "deleted a business",
  "number.assigned": "assigned a number",
  "number.released": "released a number",
  "account.looked_at": "looked at the account",
  "export.asked": "asked for an export",
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
