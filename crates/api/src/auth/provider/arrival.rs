//! Somebody whom a provider vouches for: an account they have, one that is made for them, or one they
//! are signed in to and link the provider to.

use super::{Home, Person, Provider, Trouble};
use crate::{
    Api,
    audit::{self, Act, Actor},
    auth::{entry, me, second_factor, second_step::SecondStep},
    origin::Origin,
    outbox::{self, Fact},
    session::{self, Secret, SignIn},
    text,
    viewer::IDLE,
};
use axum::http::HeaderValue;
use chrono::{DateTime, Utc};
use frontdesk_events::catalogue::account::{IDENTITY_LINKED, Identity, SIGNED_UP, SignedUp};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

/// Somebody back from a provider.
pub(super) struct Arrival {
    pub(super) provider: Provider,
    pub(super) person: Person,
    /// The session the browser came with.
    pub(super) presented: Option<String>,
    /// Where it is.
    pub(super) home: Home,
    /// The session whose person the login is to be linked to.
    pub(super) link: Option<Uuid>,
    pub(super) origin: Origin,
    pub(super) now: DateTime<Utc>,
}

/// How it ended; each with the cookie it leaves.
pub(super) enum Landed {
    SignedIn(HeaderValue),
    AtTheSecondStep(HeaderValue),
    Linked,
}

impl Arrival {
    /// Lets them in, or says why not.
    pub(super) async fn land(self, api: &Api) -> Result<Landed, Trouble> {
        let at = api.clone();
        let landed = api.database().auth(move |db| {
            Box::pin(async move {
                // Trouble is a value: whatever was found out, nothing was changed.
                Ok(match self.link {
                    Some(session) => self.link(db, session).await,
                    None => self.sign_in(&at, db).await,
                })
            })
        });
        landed.await?
    }

    async fn sign_in(&self, api: &Api, db: &mut PgConnection) -> Result<Landed, Trouble> {
        self.hold_holder(db).await?;
        if let Some(known) = self.find(db).await? {
            return self.enter(api, db, known).await;
        }
        let email = self.email()?;
        match self.make(db, &email).await? {
            Some(user) => self.welcome(api, db, user).await,
            // Of two at once one made the account; otherwise the address is somebody else's.
            None => match self.find(db).await? {
                Some(known) => self.enter(api, db, known).await,
                None => Err(Trouble::AddressKnown),
            },
        }
    }

    /// Holds whose login this is until they are in: whoever turns two-step sign-in on or suspends them
    /// meanwhile either ends what is opened here, or was first. Their row before the login's, as elsewhere.
    async fn hold_holder(&self, db: &mut PgConnection) -> sqlx::Result<()> {
        sqlx::query_scalar!(
            "select id from account.users
            where id = (select user_id from account.identities where provider = $1 and subject = $2)
            for share",
            self.provider.word(),
            self.person.subject,
        )
        .fetch_optional(db)
        .await?;
        Ok(())
    }

    async fn find(&self, db: &mut PgConnection) -> sqlx::Result<Option<Known>> {
        sqlx::query_as!(
            Known,
            r#"select u.id, u.suspended_at is not null as "is_suspended!"
            from account.identities i
            join account.users u on u.id = i.user_id and u.deleted_at is null
            where i.provider = $1 and i.subject = $2
            -- Who unlinks it meanwhile waits, and then ends the session that begins here.
            for no key update of i"#,
            self.provider.word(),
            self.person.subject,
        )
        .fetch_optional(db)
        .await
    }

    async fn enter(
        &self,
        api: &Api,
        db: &mut PgConnection,
        known: Known,
    ) -> Result<Landed, Trouble> {
        if known.is_suspended {
            return Err(Trouble::Suspended);
        }
        sqlx::query!(
            "update account.identities set used_at = $3, email = coalesce($4, email)
            where provider = $1 and subject = $2",
            self.provider.word(),
            self.person.subject,
            self.now,
            self.email().ok(),
        )
        .execute(&mut *db)
        .await?;
        if second_factor::is_on(db, known.id).await? {
            let step = SecondStep::after(known.id, self.provider);
            return Ok(Landed::AtTheSecondStep(step.leave(api.access(), self.now)?));
        }
        let presented = self.presented.as_deref();
        // A provider may answer without asking anybody. Who has nothing else to show is believed.
        let is_proven = !me::has_password(db, known.id).await?;
        let who = self.signing_in(known.id, is_proven);
        let entered =
            entry::enter(db, api.access(), &self.origin, presented, who, self.now).await?;
        Ok(Landed::SignedIn(entered.cookie))
    }

    /// Makes an account whose address the provider has proven; nothing when the address has one.
    async fn make(&self, db: &mut PgConnection, email: &str) -> Result<Option<Uuid>, Trouble> {
        let user = Uuid::new_v4();
        let billing_key = format!("bk_{}", Secret::draw()?.text);
        let made = sqlx::query!(
            "insert into account.users (id, email, name, billing_key, time_zone, locale)
            values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing",
            user,
            email,
            self.name(email),
            billing_key,
            self.home.time_zone,
            self.home.locale,
        )
        .execute(&mut *db)
        .await?;
        if made.rows_affected() == 0 {
            return Ok(None);
        }
        self.keep_identity(db, user, email).await?;
        // Whoever else wrote this address into the sign-up form has not proven it.
        sqlx::query!("delete from account.signups where lower(email) = $1", email)
            .execute(db)
            .await?;
        Ok(Some(user))
    }

    async fn welcome(
        &self,
        api: &Api,
        db: &mut PgConnection,
        user: Uuid,
    ) -> Result<Landed, Trouble> {
        let act = Act {
            act: "user.signed_up",
            account: Some(user),
            actor: Actor::person(user),
            subject: Some(user.to_string()),
            detail: json!({ "method": self.provider.word() }),
        };
        audit::note(db, self.now, &self.origin, act).await?;
        let signed_up = SignedUp {
            user_id: user,
            method: self.provider.word().to_owned(),
        };
        outbox::record(db, self.now, Fact::about_user(SIGNED_UP, user, &signed_up)).await?;
        if let Some(presented) = &self.presented {
            session::close(db, presented).await?;
        }
        let who = self.signing_in(user, true);
        let (_, cookie) = session::open(db, api.access(), self.now, &self.origin, who).await?;
        Ok(Landed::SignedIn(cookie))
    }

    /// Links to the person of the session that began this, in the same browser and nowhere else:
    /// otherwise a stranger could send somebody the address that ends it, and link their own login.
    async fn link(&self, db: &mut PgConnection, session: Uuid) -> Result<Landed, Trouble> {
        let user = self
            .holder_of(db, session)
            .await?
            .ok_or(Trouble::SignedOut)?;
        let email = self.email()?;
        if let Some(holder) = self.find(db).await? {
            return if holder.id == user {
                Ok(Landed::Linked)
            } else {
                Err(Trouble::IdentityTaken)
            };
        }
        if !self.keep_identity(db, user, &email).await? {
            return Err(Trouble::AlreadyLinked);
        }
        let act = Act {
            act: "identity.linked",
            account: Some(user),
            actor: Actor::person(user),
            subject: None,
            detail: json!({ "provider": self.provider.word() }),
        };
        audit::note(db, self.now, &self.origin, act).await?;
        let linked = Identity {
            user_id: user,
            provider: self.provider.word().to_owned(),
        };
        outbox::record(
            db,
            self.now,
            Fact::about_user(IDENTITY_LINKED, user, &linked),
        )
        .await?;
        Ok(Landed::Linked)
    }

    async fn holder_of(&self, db: &mut PgConnection, session: Uuid) -> sqlx::Result<Option<Uuid>> {
        let Some(presented) = &self.presented else {
            return Ok(None);
        };
        sqlx::query_scalar!(
            "select u.id from account.sessions s
            join account.users u on u.id = s.user_id and u.deleted_at is null and u.suspended_at is null
            where s.id = $1 and s.token_hash = $2 and s.expires_at > $3 and s.seen_at > $4
            for share of s",
            session,
            session::hash(presented),
            self.now,
            self.now - IDLE,
        )
        .fetch_optional(db)
        .await
    }

    /// Whether there was room: a login belongs to one person, and a person has one of each provider.
    async fn keep_identity(
        &self,
        db: &mut PgConnection,
        user: Uuid,
        email: &str,
    ) -> sqlx::Result<bool> {
        let kept = sqlx::query!(
            "insert into account.identities (provider, subject, user_id, email, linked_at)
            values ($1, $2, $3, $4, $5)
            on conflict do nothing",
            self.provider.word(),
            self.person.subject,
            user,
            email,
            self.now,
        )
        .execute(db)
        .await?;
        Ok(kept.rows_affected() == 1)
    }

    /// The address the provider vouches for, as we write addresses.
    fn email(&self) -> Result<String, Trouble> {
        let email = self.person.email.as_ref();
        email
            .and_then(|email| text::email(email).ok())
            .ok_or(Trouble::AddressUnverified)
    }

    fn name(&self, email: &str) -> String {
        let told = self
            .person
            .name
            .as_deref()
            .and_then(|name| text::name(name).ok());
        told.unwrap_or_else(|| email.split('@').next().unwrap_or(email).to_owned())
    }

    fn signing_in(&self, user: Uuid, is_proven: bool) -> SignIn {
        SignIn {
            user,
            account: user,
            method: self.provider.word(),
            is_proven,
        }
    }
}

struct Known {
    id: Uuid,
    is_suspended: bool,
}
