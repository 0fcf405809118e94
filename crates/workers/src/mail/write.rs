//! From a fact to a letter: whom it concerns, whether it still matters, and the link it needs.

use super::{
    STALE,
    letter::Letter,
    message::Recipient,
    moment::in_words,
    people::{self, Person, Token},
    post::Links,
    words,
};
use crate::worker::Trial;
use frontdesk_events::catalogue::account::{self, Deletion, Export, Link, SignedIn, Signup};
use serde::de::DeserializeOwned;
use sqlx::PgPool;

/// What a fact comes to.
pub(super) enum Writing {
    Letter(Box<(Recipient, Letter)>),
    /// Nobody needs to hear of it any more.
    Over(&'static str),
    /// The fact is not what its type says.
    Unreadable(&'static str),
}

const UNREADABLE: Writing = Writing::Unreadable("its data is not what its type says");
const NO_ACCOUNT: Writing = Writing::Over("the account is gone");
const NO_LINK: Writing = Writing::Over("the link is used, over or gone");

/// What is told as news, and is none when it comes much later. Others end by themselves: with their
/// link, their invitation, their export.
const NEWS: [&str; 9] = [
    account::SIGNUP_REPEATED,
    account::SIGNED_UP,
    account::SIGNED_IN,
    account::PASSWORD_CHANGED,
    account::IDENTITY_LINKED,
    account::SECOND_FACTOR_ENABLED,
    account::SECOND_FACTOR_DISABLED,
    account::KEY_CREATED,
    account::MEMBER_JOINED,
];

/// # Errors
/// When PostgreSQL does not answer.
pub(super) async fn write(db: &PgPool, links: &Links, trial: &Trial<'_>) -> sqlx::Result<Writing> {
    let desk = Desk { db, links, trial };
    let happened_at = trial.event.time().unwrap_or(trial.now);
    if NEWS.contains(&trial.event.kind()) && trial.now - happened_at > STALE {
        return Ok(Writing::Over("too old"));
    }
    match trial.event.kind() {
        account::SIGNUP_REQUESTED => desk.signup_requested().await,
        account::SIGNUP_REPEATED => {
            let (sign_in, forgotten) = (links.page("/sign-in"), links.page("/forgotten"));
            desk.to_user(|_| words::address_known(sign_in, &forgotten))
                .await
        }
        account::SIGNED_UP => {
            let url = links.page("/clients/new");
            desk.to_user(|person| words::welcome(&person.name, url))
                .await
        }
        account::SIGNED_IN => desk.signed_in().await,
        account::PASSWORD_RESET_REQUESTED => desk.reset_requested().await,
        account::PASSWORD_CHANGED => {
            let url = links.page("/forgotten");
            desk.to_user(|person| {
                words::password_changed(&person.name, desk.when(&person.time_zone), url)
            })
            .await
        }
        account::EMAIL_CHANGE_REQUESTED => desk.address_change_requested().await,
        account::EMAIL_CHANGED => desk.address_changed().await,
        account::IDENTITY_LINKED => desk.login_linked().await,
        account::SECOND_FACTOR_ENABLED => desk.second_step(true).await,
        account::SECOND_FACTOR_DISABLED => desk.second_step(false).await,
        account::KEY_CREATED => desk.key_created().await,
        account::MEMBER_INVITED => desk.invited().await,
        account::MEMBER_JOINED => desk.joined().await,
        account::EXPORT_READY => desk.export_ready().await,
        account::DELETION_REQUESTED => desk.deletion_requested().await,
        _ => Ok(Writing::Unreadable("no mail belongs to this type")),
    }
}

/// Where one letter is written.
struct Desk<'a> {
    db: &'a PgPool,
    links: &'a Links,
    trial: &'a Trial<'a>,
}

impl Desk<'_> {
    async fn signup_requested(&self) -> sqlx::Result<Writing> {
        let Some(Signup { signup_id }) = self.read() else {
            return Ok(UNREADABLE);
        };
        let found = people::signup(self.db, signup_id).await?;
        let Some(signup) = found.filter(|signup| signup.expires_at > self.trial.now) else {
            return Ok(Writing::Over("the sign-up is used, over or gone"));
        };
        let until = in_words(signup.expires_at, &signup.time_zone);
        let letter = words::verify(self.links.token("/verify", signup_id), &until);
        Ok(self.to(signup.email, letter))
    }

    async fn login_linked(&self) -> sqlx::Result<Writing> {
        let Some(account::Identity { provider, .. }) = self.read() else {
            return Ok(UNREADABLE);
        };
        let url = self.links.page("/settings/security");
        self.to_user(|person| {
            words::login_linked(&person.name, self.when(&person.time_zone), &provider, url)
        })
        .await
    }

    async fn second_step(&self, is_on: bool) -> sqlx::Result<Writing> {
        let url = self.links.page("/settings/security");
        self.to_user(|person| {
            words::second_step(&person.name, self.when(&person.time_zone), is_on, url)
        })
        .await
    }

    async fn key_created(&self) -> sqlx::Result<Writing> {
        let url = self.links.page("/settings/keys");
        self.to_user(|person| words::key_created(&person.name, self.when(&person.time_zone), url))
            .await
    }

    async fn signed_in(&self) -> sqlx::Result<Writing> {
        let Some(fact) = self.read::<SignedIn>() else {
            return Ok(UNREADABLE);
        };
        if !fact.is_new_device {
            return Ok(Writing::Over("the browser is known"));
        }
        let Some(person) = people::person(self.db, fact.user_id).await? else {
            return Ok(NO_ACCOUNT);
        };
        // Who ended the session at once is told all the same.
        let session = match fact.session_id {
            Some(id) => people::session(self.db, id, fact.user_id).await?,
            None => None,
        };
        let letter = words::signed_in(
            &person.name,
            self.when(&person.time_zone),
            &fact.method,
            session.as_ref(),
            self.links.page("/settings/security"),
        );
        Ok(self.to(person.email, letter))
    }

    async fn reset_requested(&self) -> sqlx::Result<Writing> {
        let Some((link, token, person)) = self.link("reset_password").await? else {
            return Ok(NO_LINK);
        };
        if !self.is_open(&token) {
            return Ok(NO_LINK);
        }
        let until = in_words(token.expires_at, &person.time_zone);
        let url = self.links.token("/reset", link.token_id);
        Ok(self.to(token.email, words::reset(&person.name, url, &until)))
    }

    async fn address_change_requested(&self) -> sqlx::Result<Writing> {
        let Some((link, token, person)) = self.link("change_email").await? else {
            return Ok(NO_LINK);
        };
        if !self.is_open(&token) {
            return Ok(NO_LINK);
        }
        let until = in_words(token.expires_at, &person.time_zone);
        let url = self.links.token("/confirm-email", link.token_id);
        Ok(self.to(token.email, words::confirm_address(url, &until)))
    }

    /// To the address before: who lost an account by it must hear of it.
    async fn address_changed(&self) -> sqlx::Result<Writing> {
        let Some((_, token, person)) = self.link("change_email").await? else {
            return Ok(Writing::Over(
                "which address it was before is not known any more",
            ));
        };
        let Some(old) = token.old_email else {
            return Ok(Writing::Over("there was no address before"));
        };
        let letter = words::address_changed(&person.name, self.when(&person.time_zone));
        Ok(self.to(old, letter))
    }

    async fn invited(&self) -> sqlx::Result<Writing> {
        let Some(fact) = self.read::<account::Invitation>() else {
            return Ok(UNREADABLE);
        };
        let found = people::invitation(self.db, fact.invitation_id).await?;
        let Some(invitation) = found.filter(|open| open.expires_at > self.trial.now) else {
            return Ok(Writing::Over("the invitation is used, over or gone"));
        };
        let until = in_words(invitation.expires_at, "UTC");
        let url = self.links.token("/invitation", fact.invitation_id);
        let letter = words::invited(&invitation, url, &until);
        Ok(self.to(invitation.email, letter))
    }

    /// To the owner: an invitation may have been sent by somebody who was in for a minute.
    async fn joined(&self) -> sqlx::Result<Writing> {
        let Some(fact) = self.read::<account::Member>() else {
            return Ok(UNREADABLE);
        };
        let Some(owner) = people::person(self.db, fact.account_id).await? else {
            return Ok(NO_ACCOUNT);
        };
        let Some(member) = people::person(self.db, fact.user_id).await? else {
            return Ok(Writing::Over("the member is gone"));
        };
        let when = self.when(&owner.time_zone);
        let url = self.links.page("/settings/members");
        let letter = words::member_joined(&owner.name, &member, &fact.role, when, url);
        Ok(self.to(owner.email, letter))
    }

    async fn export_ready(&self) -> sqlx::Result<Writing> {
        let Some(Export { user_id, export_id }) = self.read() else {
            return Ok(UNREADABLE);
        };
        let Some(person) = people::person(self.db, user_id).await? else {
            return Ok(NO_ACCOUNT);
        };
        let found = people::export(self.db, export_id).await?;
        let Some(until) = found.filter(|until| *until > self.trial.now) else {
            return Ok(Writing::Over("the export is over or gone"));
        };
        let until = in_words(until, &person.time_zone);
        let url = self.links.page("/settings/data");
        Ok(self.to(person.email, words::export_ready(&person.name, url, &until)))
    }

    async fn deletion_requested(&self) -> sqlx::Result<Writing> {
        let Some(Deletion { user_id, due_at }) = self.read() else {
            return Ok(UNREADABLE);
        };
        let Some(person) = people::person(self.db, user_id).await? else {
            return Ok(NO_ACCOUNT);
        };
        if person.deletion_due_at.is_none() {
            return Ok(Writing::Over("the account is kept after all"));
        }
        let due = in_words(due_at, &person.time_zone);
        let url = self.links.page("/settings/data");
        Ok(self.to(person.email, words::deletion(&person.name, &due, url)))
    }

    /// A letter to the user a fact names.
    async fn to_user(&self, letter: impl FnOnce(&Person) -> Letter) -> sqlx::Result<Writing> {
        let Some(account::User { user_id }) = self.read() else {
            return Ok(UNREADABLE);
        };
        Ok(match people::person(self.db, user_id).await? {
            Some(person) => {
                let letter = letter(&person);
                self.to(person.email, letter)
            }
            None => NO_ACCOUNT,
        })
    }

    /// What a link is about, and who its user is. `None` when either is gone.
    async fn link(&self, purpose: &str) -> sqlx::Result<Option<(Link, Token, Person)>> {
        let Some(link) = self.read::<Link>() else {
            return Ok(None);
        };
        let token = people::token(self.db, link.token_id, link.user_id, purpose).await?;
        let person = people::person(self.db, link.user_id).await?;
        Ok(token
            .zip(person)
            .map(|(token, person)| (link, token, person)))
    }

    fn is_open(&self, token: &Token) -> bool {
        token.used_at.is_none() && token.expires_at > self.trial.now
    }

    fn to(&self, address: String, letter: Letter) -> Writing {
        Writing::Letter(Box::new((self.links.recipient(address), letter)))
    }

    /// When it happened.
    fn when(&self, time_zone: &str) -> String {
        in_words(self.trial.event.time().unwrap_or(self.trial.now), time_zone)
    }

    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(self.trial.event.data()).ok()
    }
}
