//! Facts about people, accounts and clients in plain words.

use super::{Identity, Invitation, Member};
use serde::de::DeserializeOwned;

/// One line for people about a fact of this type; `None` when it is not one we know.
#[must_use]
pub fn describe(kind: &str, data: &[u8]) -> Option<String> {
    let plain = match kind {
        super::SIGNUP_REQUESTED => "Somebody asked for an account",
        super::SIGNUP_REPEATED => "Somebody asked for an account with an address that has one",
        super::SIGNED_UP => "Account created",
        super::SIGNED_IN => "Signed in",
        super::PASSWORD_RESET_REQUESTED => "A way to choose another password was asked for",
        super::PASSWORD_CHANGED => "Password changed",
        super::EMAIL_CHANGE_REQUESTED => "Another e-mail address was asked for",
        super::EMAIL_CHANGED => "E-mail address changed",
        super::PROFILE_CHANGED => "Profile changed",
        super::SUSPENDED => "Account suspended",
        super::RESUMED => "Account no longer suspended",
        super::PROMOTED => "Became an administrator",
        super::DEMOTED => "No longer an administrator",
        super::DELETION_REQUESTED => "Account is to be deleted",
        super::DELETION_CANCELLED => "Account is kept after all",
        super::DELETED => "Account deleted",
        super::EXPORT_REQUESTED => "An export of all data was asked for",
        super::EXPORT_READY => "An export of all data is ready",
        super::SECOND_FACTOR_ENABLED => "Two-step sign-in turned on",
        super::SECOND_FACTOR_DISABLED => "Two-step sign-in turned off",
        super::KEY_CREATED => "Access key created",
        super::KEY_REVOKED => "Access key revoked",
        super::MEMBER_REMOVED => "Member removed",
        super::CLIENT_CREATED => "Client created",
        super::CLIENT_CHANGED => "Client changed",
        super::CLIENT_RESTORED => "Client set back to an earlier state",
        super::CLIENT_DELETED => "Client deleted",
        super::NUMBER_ASSIGNED => "Phone number assigned",
        super::NUMBER_RELEASED => "Phone number released",
        super::REDRIVE_REQUESTED => "A dead letter is to be tried again",
        super::DISCARD_REQUESTED => "A dead letter is to be thrown away",
        super::HANGUP_REQUESTED => "Somebody asked for a call to be ended",
        _ => return with_particulars(kind, data),
    };
    Some(plain.to_owned())
}

fn with_particulars(kind: &str, data: &[u8]) -> Option<String> {
    Some(match kind {
        super::IDENTITY_LINKED => format!("Sign-in with {} added", provider(data)),
        super::IDENTITY_UNLINKED => format!("Sign-in with {} removed", provider(data)),
        super::MEMBER_INVITED => {
            let role = read::<Invitation>(data).map(|invitation| invitation.role);
            format!("Somebody was invited{}", as_role(role))
        }
        super::MEMBER_JOINED => {
            format!("Member joined{}", as_role(member_role(data)))
        }
        super::MEMBER_CHANGED => {
            format!("Member's role changed{}", as_role(member_role(data)))
        }
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(data: &[u8]) -> Option<T> {
    serde_json::from_slice(data).ok()
}

fn member_role(data: &[u8]) -> Option<String> {
    read::<Member>(data).map(|member| member.role)
}

fn as_role(role: Option<String>) -> String {
    role.map(|role| format!(" as {role}")).unwrap_or_default()
}

fn provider(data: &[u8]) -> &'static str {
    let identity = read::<Identity>(data);
    match identity.as_ref().map(|identity| identity.provider.as_str()) {
        Some("google") => "Google",
        Some("github") => "GitHub",
        _ => "another service",
    }
}
