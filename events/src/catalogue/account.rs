//! Facts about people, accounts and clients: our own event types, version 1, of stream ACCOUNTS.
//!
//! The api writes them to its outbox in the transaction of the change, the relay publishes them. A
//! fact says who and what by id. It never holds an address, a caller's number, a secret or what a
//! link in a mail carries: streams are kept for ever and read by many. Whoever needs one of these
//! looks it up when it is needed, and finds nothing where it was erased meanwhile.
//!
//! Agents share the prefix and may send none of these: ingest refuses every type of ours that is not
//! a report.

mod words;

pub use words::describe;

use super::{EventType, tolerant::root_schema};
use crate::StreamName;
use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the `type` of a fact begins with.
pub const PREFIX: &str = "dev.frontdesk.";

/// Somebody asked for an account and must prove the address.
pub const SIGNUP_REQUESTED: &str = "dev.frontdesk.signup.requested.v1";
/// Somebody asked for an account with the address of one.
pub const SIGNUP_REPEATED: &str = "dev.frontdesk.signup.repeated.v1";
/// An account began.
pub const SIGNED_UP: &str = "dev.frontdesk.user.signed_up.v1";
/// Somebody signed in.
pub const SIGNED_IN: &str = "dev.frontdesk.user.signed_in.v1";
/// Somebody forgot a password.
pub const PASSWORD_RESET_REQUESTED: &str = "dev.frontdesk.user.password_reset_requested.v1";
/// A password was set.
pub const PASSWORD_CHANGED: &str = "dev.frontdesk.user.password_changed.v1";
/// Somebody wants another address, which must be proven.
pub const EMAIL_CHANGE_REQUESTED: &str = "dev.frontdesk.user.email_change_requested.v1";
/// The other address was proven and holds now.
pub const EMAIL_CHANGED: &str = "dev.frontdesk.user.email_changed.v1";
/// Name, time zone, language or notifications changed.
pub const PROFILE_CHANGED: &str = "dev.frontdesk.user.profile_changed.v1";
/// An administrator suspended somebody.
pub const SUSPENDED: &str = "dev.frontdesk.user.suspended.v1";
/// An administrator ended a suspension.
pub const RESUMED: &str = "dev.frontdesk.user.resumed.v1";
/// Somebody became an administrator.
pub const PROMOTED: &str = "dev.frontdesk.user.promoted.v1";
/// Somebody is an administrator no more.
pub const DEMOTED: &str = "dev.frontdesk.user.demoted.v1";
/// Somebody wants to leave.
pub const DELETION_REQUESTED: &str = "dev.frontdesk.user.deletion_requested.v1";
/// They stay after all.
pub const DELETION_CANCELLED: &str = "dev.frontdesk.user.deletion_cancelled.v1";
/// The account is gone.
pub const DELETED: &str = "dev.frontdesk.user.deleted.v1";
/// Somebody wants all that is kept about them.
pub const EXPORT_REQUESTED: &str = "dev.frontdesk.user.export_requested.v1";
/// It can be fetched.
pub const EXPORT_READY: &str = "dev.frontdesk.user.export_ready.v1";
/// A login at a provider was linked.
pub const IDENTITY_LINKED: &str = "dev.frontdesk.user.identity_linked.v1";
/// It was unlinked.
pub const IDENTITY_UNLINKED: &str = "dev.frontdesk.user.identity_unlinked.v1";
/// Signing in now wants a code as well.
pub const SECOND_FACTOR_ENABLED: &str = "dev.frontdesk.user.second_factor_enabled.v1";
/// It wants none any more.
pub const SECOND_FACTOR_DISABLED: &str = "dev.frontdesk.user.second_factor_disabled.v1";
/// A key for programs was made.
pub const KEY_CREATED: &str = "dev.frontdesk.key.created.v1";
/// It opens nothing any more.
pub const KEY_REVOKED: &str = "dev.frontdesk.key.revoked.v1";
/// Somebody was invited to an account.
pub const MEMBER_INVITED: &str = "dev.frontdesk.member.invited.v1";
/// They came.
pub const MEMBER_JOINED: &str = "dev.frontdesk.member.joined.v1";
/// Their role is another.
pub const MEMBER_CHANGED: &str = "dev.frontdesk.member.changed.v1";
/// They left or were sent.
pub const MEMBER_REMOVED: &str = "dev.frontdesk.member.removed.v1";
/// A client was made.
pub const CLIENT_CREATED: &str = "dev.frontdesk.client.created.v1";
/// It was edited.
pub const CLIENT_CHANGED: &str = "dev.frontdesk.client.changed.v1";
/// It was set back to what it was before a change.
pub const CLIENT_RESTORED: &str = "dev.frontdesk.client.restored.v1";
/// It was deleted.
pub const CLIENT_DELETED: &str = "dev.frontdesk.client.deleted.v1";
/// A phone number was given to a client.
pub const NUMBER_ASSIGNED: &str = "dev.frontdesk.number.assigned.v1";
/// It was taken from it.
pub const NUMBER_RELEASED: &str = "dev.frontdesk.number.released.v1";
/// Somebody at the dashboard wants a call to end.
pub const HANGUP_REQUESTED: &str = "dev.frontdesk.call.hangup_requested.v1";
/// An administrator wants a dead letter's event to be taken again.
pub const REDRIVE_REQUESTED: &str = "dev.frontdesk.dead_letter.redrive_requested.v1";
/// An administrator wants a dead letter to be thrown away.
pub const DISCARD_REQUESTED: &str = "dev.frontdesk.dead_letter.discard_requested.v1";

const fn fact<T: JsonSchema>(kind: &'static str) -> EventType {
    EventType {
        kind,
        stream: StreamName::Accounts,
        source: "",
        schema: root_schema::<T>,
        fields: &[],
    }
}

/// Every fact of ACCOUNTS.
pub const TYPES: &[EventType] = &[
    fact::<Signup>(SIGNUP_REQUESTED),
    fact::<User>(SIGNUP_REPEATED),
    fact::<SignedUp>(SIGNED_UP),
    fact::<SignedIn>(SIGNED_IN),
    fact::<Link>(PASSWORD_RESET_REQUESTED),
    fact::<User>(PASSWORD_CHANGED),
    fact::<Link>(EMAIL_CHANGE_REQUESTED),
    fact::<Link>(EMAIL_CHANGED),
    fact::<Profile>(PROFILE_CHANGED),
    fact::<Standing>(SUSPENDED),
    fact::<Standing>(RESUMED),
    fact::<Standing>(PROMOTED),
    fact::<Standing>(DEMOTED),
    fact::<Deletion>(DELETION_REQUESTED),
    fact::<User>(DELETION_CANCELLED),
    fact::<User>(DELETED),
    fact::<Export>(EXPORT_REQUESTED),
    fact::<Export>(EXPORT_READY),
    fact::<Identity>(IDENTITY_LINKED),
    fact::<Identity>(IDENTITY_UNLINKED),
    fact::<User>(SECOND_FACTOR_ENABLED),
    fact::<User>(SECOND_FACTOR_DISABLED),
    fact::<Key>(KEY_CREATED),
    fact::<Key>(KEY_REVOKED),
    fact::<Invitation>(MEMBER_INVITED),
    fact::<Member>(MEMBER_JOINED),
    fact::<Member>(MEMBER_CHANGED),
    fact::<Member>(MEMBER_REMOVED),
    fact::<Client>(CLIENT_CREATED),
    fact::<Client>(CLIENT_CHANGED),
    fact::<Client>(CLIENT_RESTORED),
    fact::<Client>(CLIENT_DELETED),
    fact::<Number>(NUMBER_ASSIGNED),
    fact::<Number>(NUMBER_RELEASED),
    fact::<Hangup>(HANGUP_REQUESTED),
    fact::<DeadLetter>(REDRIVE_REQUESTED),
    fact::<DeadLetter>(DISCARD_REQUESTED),
];

/// A sign-up that is no account yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signup {
    /// Its row in `account.signups`.
    pub signup_id: Uuid,
}

/// Whom it concerns, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// The user.
    pub user_id: Uuid,
}

/// An account began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedUp {
    /// The new user.
    pub user_id: Uuid,
    /// `password`, `google` or `github`.
    pub method: String,
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SignedIn {
    /// The user.
    pub user_id: Uuid,
    /// The session that began; absent for a program's tokens.
    pub session_id: Option<Uuid>,
    /// `password`, `google`, `github`, `signup` or `reset`.
    pub method: String,
    /// Whether this browser was not known.
    #[serde(default)]
    pub is_new_device: bool,
}

/// How long after a link is over its row can still be looked up. Mails about it are tried for days, and
/// without the row the one that warns of a changed address does not know where to go.
pub const LINKS_STAY: TimeDelta = TimeDelta::days(7);

/// Something that a link in a mail is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The user.
    pub user_id: Uuid,
    /// Its row in `account.mail_tokens`.
    pub token_id: Uuid,
}

/// A profile changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// The user.
    pub user_id: Uuid,
    /// The names of the fields that changed; their values stay in the database.
    pub changes: Vec<String>,
}

/// What an administrator decided about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Standing {
    /// The user.
    pub user_id: Uuid,
    /// The administrator; absent when an operator did it by hand.
    pub by: Option<Uuid>,
}

/// Somebody wants to leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deletion {
    /// The user.
    pub user_id: Uuid,
    /// When the account goes unless its owner comes back.
    pub due_at: DateTime<Utc>,
}

/// All that is kept about somebody, as files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Export {
    /// The user.
    pub user_id: Uuid,
    /// Its row in `account.exports`.
    pub export_id: Uuid,
}

/// A login at a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Identity {
    /// The user.
    pub user_id: Uuid,
    /// `google` or `github`.
    pub provider: String,
}

/// A key for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// Who made it.
    pub user_id: Uuid,
    /// Its row in `account.api_keys`.
    pub key_id: Uuid,
    /// What it opens.
    pub scopes: Vec<String>,
}

/// An invitation to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invitation {
    /// The account: its owner's user id.
    pub account_id: Uuid,
    /// Its row in `account.invitations`.
    pub invitation_id: Uuid,
    /// `manager` or `reader`.
    pub role: String,
}

/// Who else sees or changes an account's clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Member {
    /// The account: its owner's user id.
    pub account_id: Uuid,
    /// The member.
    pub user_id: Uuid,
    /// `manager` or `reader`.
    pub role: String,
}

/// A client changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Client {
    /// Whose client it is.
    pub user_id: Uuid,
    /// The client.
    pub client_id: Uuid,
    /// The names of the fields that changed; their values stay in the database.
    pub changes: Vec<String>,
}

/// A phone number changed hands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Number {
    /// Whose client it is.
    pub user_id: Uuid,
    /// The client.
    pub client_id: Uuid,
    /// The business's own number, E.164.
    pub number: String,
}

/// A call that somebody wants to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hangup {
    /// Whose call it is.
    pub user_id: Uuid,
    /// The call, as the read model names it.
    pub call_id: Uuid,
    /// Who wants it.
    pub by: Uuid,
}

/// What is to become of a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    /// Its sequence in the stream DEAD.
    pub sequence: u64,
    /// Its event id: another letter at this sequence is not meant.
    pub letter_id: String,
    /// The administrator.
    pub by: Uuid,
}
