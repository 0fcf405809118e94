//! Who may use which route, and with what body it is asked.

use super::town::Actor;
use frontdesk_api::viewer::Scope;

/// Who a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// Strangers too.
    Anyone,
    /// Whoever is signed in; no key.
    Person,
    /// Everybody who looks at the account, and keys of this scope.
    Looking(Scope),
    /// Managers and the owner, and keys of this scope.
    Editing(Scope),
    /// Managers and the owner; no key.
    Managing,
    /// The owner, and keys of this scope.
    Answering(Scope),
    /// The owner.
    Owner,
    /// Administrators of the service.
    Administrator,
}

/// A route.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) who: For,
    /// A body that is right, when it takes one; `{…}` as in paths.
    pub(super) body: &'static str,
}

impl Route {
    /// The status for somebody who may not use it at all; `None` for those who may.
    pub(super) fn refusal(&self, actor: Actor) -> Option<u16> {
        use Actor::{Admin, Key, Manager, Other, OtherKey, Owner, Reader, Stranger, Suspended};
        if self.who == For::Anyone {
            return None;
        }
        let allowed = match actor {
            Stranger => return Some(401),
            Suspended => false,
            Owner | Other => self.who != For::Administrator,
            Admin => true,
            Manager => matches!(
                self.who,
                For::Person | For::Looking(_) | For::Editing(_) | For::Managing
            ),
            Reader => matches!(self.who, For::Person | For::Looking(_)),
            Key(scope) => self.who.scope() == Some(scope),
            OtherKey => self.who.scope().is_some(),
        };
        (!allowed).then_some(403)
    }

    /// Whether what its path or body names by an id is not this actor's, so that it is not there.
    pub(super) fn is_anothers(&self, actor: Actor) -> bool {
        if self.who == For::Anyone || self.shows_others_to(actor) {
            return false;
        }
        let of_the_owner = self.path.contains("{session}");
        let of_the_account =
            self.body.contains("{account}") || self.path.replace("{provider}", "").contains('{');
        match actor {
            Actor::Manager | Actor::Reader => of_the_owner,
            actor => actor.is_foreign() && of_the_account,
        }
    }

    /// Whether it is there to look at other accounts.
    pub(super) fn shows_others_to(&self, actor: Actor) -> bool {
        let looks = self.who == For::Administrator || self.path == "/api/auth/account";
        looks && actor == Actor::Admin
    }
}

impl For {
    fn scope(self) -> Option<Scope> {
        match self {
            Self::Looking(scope) | Self::Editing(scope) | Self::Answering(scope) => Some(scope),
            Self::Anyone | Self::Person | Self::Managing | Self::Owner | Self::Administrator => {
                None
            }
        }
    }
}

const fn route(method: &'static str, path: &'static str, who: For, body: &'static str) -> Route {
    Route {
        method,
        path,
        who,
        body,
    }
}

const CALLS: For = For::Looking(Scope::CallsRead);
const CLIENTS: For = For::Looking(Scope::ClientsRead);
const BILLING: For = For::Looking(Scope::BillingRead);
const EDIT: For = For::Editing(Scope::ClientsWrite);

const CLIENT: &str = r#"{"name":"Walked","profession":"dentist","time_zone":"UTC"}"#;
const EDITED: &str = r#"{"name":"Walked","profession":"dentist","time_zone":"UTC","voice":"warm","greeting":"Hello",
    "instructions":"Be kind","hours":{},"transfer_number":null,"version":1}"#;
const PROFILE: &str = r#"{"name":"Walked","time_zone":"UTC","locale":"en-US","notifications":
    {"new_call":false,"missed_call":true,"daily_summary":true,"payment_trouble":true}}"#;
const LINK: &str = r#"{"token":"not-the-token-of-any-link-there-is"}"#;
const REASON: &str = r#"{"reason":"a walk"}"#;

/// Every route, those that take something away last.
pub(super) const ROUTES: &[Route] = &[
    route("GET", "/api/openapi.json", For::Anyone, ""),
    route("GET", "/api/auth/offer", For::Anyone, ""),
    route(
        "POST",
        "/api/auth/signup",
        For::Anyone,
        r#"{"name":"W","email":"walker@example.com","password":"three bells by nine"}"#,
    ),
    route("POST", "/api/auth/verify-email", For::Anyone, LINK),
    route(
        "POST",
        "/api/auth/login",
        For::Anyone,
        r#"{"email":"walker@example.com","password":"three bells by nine"}"#,
    ),
    route(
        "POST",
        "/api/auth/login/code",
        For::Anyone,
        r#"{"code":"123456"}"#,
    ),
    route(
        "POST",
        "/api/auth/token",
        For::Anyone,
        r#"{"email":"walker@example.com","password":"three bells by nine"}"#,
    ),
    route(
        "POST",
        "/api/auth/refresh",
        For::Anyone,
        r#"{"refresh_token":"not-a-token"}"#,
    ),
    route(
        "POST",
        "/api/auth/password/forgot",
        For::Anyone,
        r#"{"email":"walker@example.com"}"#,
    ),
    route(
        "POST",
        "/api/auth/password/reset",
        For::Anyone,
        r#"{"token":"not-a-token","password":"three bells by nine"}"#,
    ),
    route("GET", "/api/auth/{provider}", For::Anyone, ""),
    route("GET", "/api/auth/{provider}/callback", For::Anyone, ""),
    route("POST", "/api/invitations/show", For::Anyone, LINK),
    route("GET", "/api/auth/me", For::Person, ""),
    route("POST", "/api/users/email/confirm", For::Person, LINK),
    route("GET", "/api/auth/sessions", For::Person, ""),
    route("GET", "/api/auth/identities", For::Person, ""),
    route(
        "POST",
        "/api/auth/identities/{provider}/link",
        For::Person,
        "",
    ),
    route(
        "POST",
        "/api/auth/prove",
        For::Person,
        r#"{"password":"three bells by nine"}"#,
    ),
    route("POST", "/api/auth/totp", For::Person, ""),
    route(
        "POST",
        "/api/auth/totp/confirm",
        For::Person,
        r#"{"code":"123456"}"#,
    ),
    route("POST", "/api/auth/totp/recovery-codes", For::Person, ""),
    route(
        "POST",
        "/api/auth/password/change",
        For::Person,
        r#"{"current_password":"three bells by nine","password":"four bells by ten"}"#,
    ),
    route("GET", "/api/users/profile", For::Person, ""),
    route("PUT", "/api/users/profile", For::Person, PROFILE),
    route(
        "POST",
        "/api/users/email",
        For::Person,
        r#"{"email":"elsewhere@example.com"}"#,
    ),
    route("POST", "/api/users/account/keep", For::Person, ""),
    route("POST", "/api/invitations/accept", For::Person, LINK),
    route("GET", "/api/live", CALLS, ""),
    route("GET", "/api/calls", CALLS, ""),
    route("GET", "/api/calls.csv", CALLS, ""),
    route("GET", "/api/calls/{call}", CALLS, ""),
    route("GET", "/api/calls/{call}/events", CALLS, ""),
    route("POST", "/api/calls/{call}/hangup", For::Managing, ""),
    route("GET", "/api/stats", CALLS, ""),
    route("GET", "/api/clients", CLIENTS, ""),
    route("GET", "/api/professions", CLIENTS, ""),
    route("GET", "/api/clients/{client}", CLIENTS, ""),
    route("GET", "/api/clients/{client}/numbers", CLIENTS, ""),
    route("GET", "/api/clients/{client}/history", CLIENTS, ""),
    route("GET", "/api/clients/{client}/stats", CALLS, ""),
    route("GET", "/api/clients/{client}/calls", CALLS, ""),
    route("GET", "/api/clients/{client}/revenue", CALLS, ""),
    route(
        "GET",
        "/api/agent/clients/by-number/{number}",
        For::Answering(Scope::Agent),
        "",
    ),
    route("GET", "/api/subscriptions/plans", BILLING, ""),
    route("GET", "/api/subscriptions/current", BILLING, ""),
    route("GET", "/api/invoices", BILLING, ""),
    route("POST", "/api/clients", EDIT, CLIENT),
    route("PUT", "/api/clients/{client}", EDIT, EDITED),
    route(
        "POST",
        "/api/clients/{client}/numbers",
        EDIT,
        r#"{"number":"+14155550126"}"#,
    ),
    route(
        "POST",
        "/api/clients/{client}/restore",
        EDIT,
        r#"{"change_id":1}"#,
    ),
    route("PUT", "/api/clients/{client}/voice-sample", EDIT, ""),
    route("GET", "/api/clients/{client}/voice-sample", CLIENTS, ""),
    route("GET", "/api/members", For::Person, ""),
    route(
        "POST",
        "/api/members/invitations",
        For::Owner,
        r#"{"email":"guest@example.com","role":"reader"}"#,
    ),
    route(
        "PUT",
        "/api/members/{member}",
        For::Owner,
        r#"{"role":"manager"}"#,
    ),
    route("GET", "/api/keys", For::Owner, ""),
    route(
        "POST",
        "/api/keys",
        For::Owner,
        r#"{"name":"Walked","scopes":["calls:read"]}"#,
    ),
    route("GET", "/api/audit", For::Owner, ""),
    route("GET", "/api/audit.csv", For::Owner, ""),
    route("POST", "/api/users/export", For::Owner, ""),
    route("GET", "/api/users/export", For::Owner, ""),
    route("GET", "/api/users/export/{export}/{file}", For::Owner, ""),
    route("GET", "/api/admin/users", For::Administrator, ""),
    route("GET", "/api/admin/users/{user}", For::Administrator, ""),
    route("GET", "/api/admin/clients", For::Administrator, ""),
    route("GET", "/api/admin/audit", For::Administrator, ""),
    route("GET", "/api/admin/audit.csv", For::Administrator, ""),
    route("GET", "/api/admin/health", For::Administrator, ""),
    route("GET", "/api/admin/revenue", For::Administrator, ""),
    route("GET", "/api/admin/dead-letters", For::Administrator, ""),
    route(
        "GET",
        "/api/admin/dead-letters/{letter}",
        For::Administrator,
        "",
    ),
    route(
        "POST",
        "/api/admin/dead-letters/{letter}/redrive",
        For::Administrator,
        REASON,
    ),
    route(
        "POST",
        "/api/admin/dead-letters/{letter}/discard",
        For::Administrator,
        REASON,
    ),
    route(
        "POST",
        "/api/admin/users/{user}/promote",
        For::Administrator,
        REASON,
    ),
    route(
        "POST",
        "/api/admin/users/{user}/demote",
        For::Administrator,
        REASON,
    ),
    route(
        "POST",
        "/api/admin/users/{user}/suspend",
        For::Administrator,
        REASON,
    ),
    route(
        "POST",
        "/api/admin/users/{user}/resume",
        For::Administrator,
        REASON,
    ),
    route("DELETE", "/api/clients/{client}/voice-sample", EDIT, ""),
    route("DELETE", "/api/clients/{client}/numbers/{number}", EDIT, ""),
    route("DELETE", "/api/clients/{client}", EDIT, ""),
    route("DELETE", "/api/keys/{key}", For::Owner, ""),
    route(
        "DELETE",
        "/api/members/invitations/{invitation}",
        For::Owner,
        "",
    ),
    route("DELETE", "/api/members/{member}", For::Owner, ""),
    route("DELETE", "/api/auth/identities/{provider}", For::Person, ""),
    route("DELETE", "/api/auth/totp", For::Person, ""),
    route(
        "POST",
        "/api/auth/account",
        For::Person,
        r#"{"account_id":"{account}"}"#,
    ),
    route("DELETE", "/api/auth/sessions/{session}", For::Person, ""),
    route("DELETE", "/api/auth/sessions", For::Person, ""),
    route("POST", "/api/auth/logout", For::Person, ""),
    route(
        "DELETE",
        "/api/users/account",
        For::Person,
        r#"{"email":"nobody@example.com"}"#,
    ),
];
