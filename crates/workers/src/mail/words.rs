//! What each mail says. Plain English, in one voice: what happened, what to do, and what it means if it
//! was not you.

use super::{
    browser,
    letter::{Button, Letter, shown},
    people::{Invitation, Person, Session},
};
use url::Url;

/// An unproven address belongs to somebody we do not know, so its mails name nobody.
const TO_A_STRANGER: &str = "Hello,";

pub(super) fn verify(url: Url, until: &str) -> Letter {
    Letter {
        subject: "Confirm your e-mail address",
        greeting: TO_A_STRANGER.to_owned(),
        paragraphs: vec![
            "Somebody, we hope you, asked for a Frontdesk account with this e-mail address. Confirm the address and \
             the account is ready."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Confirm this address", url),
        remarks: vec![
            format!("The link works once, until {until}."),
            "Opened in another browser it asks for the password you chose.".to_owned(),
            "If it was not you, there is nothing to do: without the link there is no account.".to_owned(),
        ],
    }
}

pub(super) fn address_known(sign_in: Url, forgotten: &Url) -> Letter {
    Letter {
        subject: "You already have an account",
        greeting: TO_A_STRANGER.to_owned(),
        paragraphs: vec![
            "Somebody, perhaps you, asked for a Frontdesk account with this e-mail address. There is one \
             already, so nothing was changed. You can simply sign in."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Sign in", sign_in),
        remarks: vec![
            format!("Forgotten the password? You can choose another one: {forgotten}"),
            "If it was not you, there is nothing to do.".to_owned(),
        ],
    }
}

pub(super) fn welcome(name: &str, url: Url) -> Letter {
    Letter {
        subject: "Welcome to Frontdesk",
        greeting: hello(name),
        paragraphs: vec![
            "Your account is ready. Next comes your first business: a receptionist for it, with a voice, \
             greeting and hours of its own. It takes a few minutes, and you can change everything later."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Set up the first business", url),
        remarks: Vec::new(),
    }
}

pub(super) fn signed_in(
    name: &str,
    at: String,
    method: &str,
    session: Option<&Session>,
    url: Url,
) -> Letter {
    let mut particulars = vec![("When", at), ("How", how(method).to_owned())];
    if let Some(session) = session {
        particulars.push(("Browser", browser::in_words(&session.user_agent)));
        particulars.push(("Internet address", shown(&session.address)));
    }
    Letter {
        subject: "New sign-in to your account",
        greeting: hello(name),
        paragraphs: vec![
            "Your account was used to sign in from a browser we had not seen before. If that was you, all is \
             well."
                .to_owned(),
        ],
        particulars,
        button: button("See where you are signed in", url),
        remarks: vec![
            "If it was not you, end that session there and choose another password.".to_owned(),
        ],
    }
}

pub(super) fn reset(name: &str, url: Url, until: &str) -> Letter {
    Letter {
        subject: "Choose another password",
        greeting: hello(name),
        paragraphs: vec![
            "Somebody, we hope you, said that the password of your account is forgotten. Here you can choose \
             another one."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Choose another password", url),
        remarks: vec![
            format!("The link works once, until {until}."),
            "If it was not you, there is nothing to do: your password stays as it is.".to_owned(),
        ],
    }
}

pub(super) fn password_changed(name: &str, at: String, forgotten: Url) -> Letter {
    Letter {
        subject: "Your password was changed",
        greeting: hello(name),
        paragraphs: vec![
            "The password of your account was changed, and you were signed out everywhere else. If that was \
             you, all is well."
                .to_owned(),
        ],
        particulars: vec![("When", at)],
        button: button("It was not me: choose another", forgotten),
        remarks: Vec::new(),
    }
}

pub(super) fn confirm_address(url: Url, until: &str) -> Letter {
    Letter {
        subject: "Confirm your new e-mail address",
        greeting: TO_A_STRANGER.to_owned(),
        paragraphs: vec![
            "Somebody, we hope you, wants to use this e-mail address for a Frontdesk account. Confirm it, and it \
             takes the place of the old one."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Confirm this address", url),
        remarks: vec![
            format!("The link works once, until {until}. It asks you to sign in, if you are not."),
            "If it was not you, there is nothing to do: without the link nothing changes.".to_owned(),
        ],
    }
}

pub(super) fn address_changed(name: &str, at: String) -> Letter {
    Letter {
        subject: "Your e-mail address was changed",
        greeting: hello(name),
        paragraphs: vec![
            "Your account now has another e-mail address. Mails no longer come here, and this address no \
             longer signs you in."
                .to_owned(),
        ],
        particulars: vec![("When", at)],
        button: None,
        remarks: vec![
            "If it was not you, somebody else has your account: answer this mail at once.".to_owned(),
        ],
    }
}

pub(super) fn invited(invitation: &Invitation, url: Url, until: &str) -> Letter {
    let may = match invitation.role.as_str() {
        "manager" => "see its calls and change its businesses",
        _ => "see its calls and businesses",
    };
    Letter {
        subject: "You are invited to an account",
        greeting: TO_A_STRANGER.to_owned(),
        paragraphs: vec![format!(
            "{} invites you to the Frontdesk account of {}. There you could {may}.",
            shown(&invitation.invited_by),
            shown(&invitation.account_name),
        )],
        particulars: Vec::new(),
        button: button("See the invitation", url),
        remarks: vec![
            format!("The invitation is open until {until}."),
            "If you do not know who this is, there is nothing to do.".to_owned(),
        ],
    }
}

pub(super) fn member_joined(
    name: &str,
    member: &Person,
    role: &str,
    at: String,
    url: Url,
) -> Letter {
    let may = match role {
        "manager" => "They see its calls and change its businesses.",
        _ => "They see its calls and businesses.",
    };
    Letter {
        subject: "Somebody joined your account",
        greeting: hello(name),
        paragraphs: vec![format!(
            "{} ({}) accepted an invitation to your Frontdesk account. {may}",
            shown(&member.name),
            shown(&member.email),
        )],
        particulars: vec![("When", at)],
        button: button("See who has a part in it", url),
        remarks: vec![
            "If you did not invite them, send them away there and choose another password."
                .to_owned(),
        ],
    }
}

pub(super) fn key_created(name: &str, at: String, url: Url) -> Letter {
    Letter {
        subject: "An API key was made",
        greeting: hello(name),
        paragraphs: vec![
            "Somebody, we hope you, made an API key for your account. A program that has it can use the account \
             without a password."
                .to_owned(),
        ],
        particulars: vec![("When", at)],
        button: button("See the keys", url),
        remarks: vec![
            "If it was not you, revoke the key there and choose another password.".to_owned(),
        ],
    }
}

pub(super) fn login_linked(name: &str, at: String, method: &str, url: Url) -> Letter {
    Letter {
        subject: "A login was linked to your account",
        greeting: hello(name),
        paragraphs: vec![
            "Your account can now be signed in to in one more way. If that was you, all is well."
                .to_owned(),
        ],
        particulars: vec![("When", at), ("How", how(method).to_owned())],
        button: button("See the linked logins", url),
        remarks: vec!["If it was not you, unlink it there and choose another password.".to_owned()],
    }
}

pub(super) fn second_step(name: &str, at: String, is_on: bool, url: Url) -> Letter {
    let (subject, news) = if is_on {
        (
            "Two-step sign-in is on",
            "Signing in to your account now wants a code of an authenticator app.",
        )
    } else {
        (
            "Two-step sign-in is off",
            "Signing in to your account does not want a code of an authenticator app any more.",
        )
    };
    Letter {
        subject,
        greeting: hello(name),
        paragraphs: vec![format!(
            "{news} You were signed out everywhere else. If that was you, all is well."
        )],
        particulars: vec![("When", at)],
        button: button("Look at your sign-in", url),
        remarks: vec!["If it was not you, choose another password at once.".to_owned()],
    }
}

pub(super) fn export_ready(name: &str, url: Url, until: &str) -> Letter {
    Letter {
        subject: "Your data is ready",
        greeting: hello(name),
        paragraphs: vec![
            "You asked for all data that Frontdesk keeps about you. The files are ready to be downloaded."
                .to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Go to the files", url),
        remarks: vec![format!(
            "They are there until {until}. You must be signed in to open them."
        )],
    }
}

pub(super) fn deletion(name: &str, due: &str, url: Url) -> Letter {
    Letter {
        subject: "Your account will be deleted",
        greeting: hello(name),
        paragraphs: vec![
            format!(
                "You asked us to delete your account. It ends on {due} and cannot be brought back then: nobody \
                 can sign in any more, keys and invitations are void, the clients are closed and their numbers \
                 released. Your name and address, what the clients were told to say and their voice samples are \
                 erased."
            ),
            "The record of past calls and of what was paid stays until whoever runs this service erases it. You \
             can have a copy of all data made before the account ends."
                .to_owned(),
            "Until that day everything stays as it is, and you can change your mind.".to_owned(),
        ],
        particulars: Vec::new(),
        button: button("Keep my account", url),
        remarks: vec![
            "If it was not you, keep the account and choose another password at once.".to_owned(),
        ],
    }
}

pub(super) fn hello(name: &str) -> String {
    match shown(name).as_str() {
        "" => "Hello,".to_owned(),
        name => format!("Hello {name},"),
    }
}

pub(super) fn button(label: &'static str, url: Url) -> Option<Button> {
    Some(Button { label, url })
}

fn how(method: &str) -> &'static str {
    match method {
        "password" => "With your password",
        "google" => "With Google",
        "github" => "With GitHub",
        "reset" => "With a new password, by a link in a mail",
        "signup" => "By confirming your address",
        _ => "In another way",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_about_a_deletion_promises_what_the_end_of_an_account_does() {
        let url = "https://app.example.com/settings/data".parse().unwrap();
        let letter = deletion("Ada", "Friday", url)
            .text("https://app.example.com")
            .unwrap();
        let words = letter.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("It ends on Friday"), "{words}");
        // Ended accounts lose these (`users/ending.rs` of the api); calls are folds of a stream, which it
        // does not touch.
        for gone in [
            "numbers released",
            "Your name and address",
            "voice samples are erased",
        ] {
            assert!(words.contains(gone), "{words}");
        }
        assert!(
            words.contains("past calls and of what was paid stays until"),
            "{words}"
        );
        assert!(!words.contains("recordings"), "{words}");
    }
}
