//! `/api/auth/identities`: the logins at providers that a person has linked.

use super::{password, provider, sessions};
use crate::{
    Api, answer,
    audit::{self, Act, Actor},
    moment::Moment,
    origin::Origin,
    outbox::{self, Fact},
    parameters::Parameters,
    problem::{ConflictProblem, MissingProblem, Problem, ReadProblems, WriteProblems},
    session,
    viewer::{Means, Plan, Right, Viewer},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use frontdesk_events::catalogue::account;
use frontdesk_process::clock;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// A login at a provider.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Identity)]
pub struct Linked {
    /// `google` or `github`.
    #[schema(example = "google")]
    pub provider: String,
    /// As the provider showed it last, to recognise it by.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// Since when.
    pub linked_at: Moment,
    /// When it last signed somebody in.
    pub used_at: Option<Moment>,
}

/// The linked logins.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdentityList)]
pub struct LinkedList {
    /// By provider.
    pub items: Vec<Linked>,
}

/// Where to send the browser.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProviderLocation)]
pub struct Away {
    /// An address of the provider. The log-in must be ended in the browser that has the session.
    #[schema(example = "https://github.com/login/oauth/authorize?client_id=…")]
    pub location: String,
}

/// Lists the linked logins.
#[utoipa::path(
    get, operation_id = "list_identities", path = "/api/auth/identities", tag = "auth",
    responses((status = 200, description = "The linked logins", body = LinkedList), ReadProblems)
)]
pub async fn list(
    State(api): State<Api>,
    viewer: Viewer,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::BeSomebody)?;
    given.finish()?;
    let items = viewer
        .read(
            api.database(),
            Plan::Fixed,
            viewer.person(),
            |db, person| Box::pin(read(db, *person)),
        )
        .await?;
    Ok(answer::json(answer::written(&LinkedList { items }, 512)))
}

/// Begins to link a login. The provider sends the browser back to `/settings/security`, with
/// `linked=` or `problem=`.
#[utoipa::path(
    post, operation_id = "link_identity", path = "/api/auth/identities/{provider}/link", tag = "auth",
    params(("provider" = String, Path, description = "`google` or `github`", example = "github")),
    responses(
        (status = 200, description = "Where to send the browser", body = Away,
            headers(("set-cookie" = String, description = "What belongs to this linking, sealed"))),
        ConflictProblem, MissingProblem, WriteProblems
    )
)]
pub async fn link(
    State(api): State<Api>,
    viewer: Viewer,
    Path(provider): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::BeSomebody)?;
    viewer.require_proof(now)?;
    given.finish()?;
    let provider = provider::offered(&api, &provider)?;
    let Means::Session { id: session, .. } = *viewer.means() else {
        return Err(Problem::forbidden(
            "linking a login ends in a browser; sign in with one",
        ));
    };
    let linked = viewer
        .read(
            api.database(),
            Plan::Fixed,
            viewer.person(),
            |db, person| Box::pin(read(db, *person)),
        )
        .await?;
    if linked
        .iter()
        .any(|linked| linked.provider == provider.word())
    {
        return Err(Problem::conflict(
            "already-linked",
            "Linked already",
            "a login of this provider is linked; unlink it first to link another",
        ));
    }
    let leaving = provider::leave_to_link(&api, provider, session, now).await?;
    let away = Away {
        location: leaving.location.into(),
    };
    Ok(answer::with_cookies(
        StatusCode::OK,
        &away,
        [leaving.cookie],
    ))
}

/// Unlinks a login. The last way in stays. Signs out everywhere else.
#[utoipa::path(
    delete, operation_id = "unlink_identity", path = "/api/auth/identities/{provider}", tag = "auth",
    params(("provider" = String, Path, description = "`google` or `github`", example = "github")),
    responses(
        (status = 204, description = "It is unlinked"),
        ConflictProblem, MissingProblem, WriteProblems
    )
)]
pub async fn unlink(
    State(api): State<Api>,
    viewer: Viewer,
    origin: Origin,
    Path(provider): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    let now = clock::now();
    viewer.require(Right::BeSomebody)?;
    viewer.require_proof(now)?;
    given.finish()?;
    api.database()
        .auth(move |db| {
            Box::pin(async move {
                let user = viewer.person();
                // The user's row first: of two browsers that would end each other one waits.
                password::hold(db, user).await?;
                viewer.hold(db).await?;
                take(db, user, &provider).await?;
                // Somebody may be in by the login that is not trusted any more.
                session::end_others(db, user, sessions::current(&viewer)).await?;
                let act = Act {
                    act: "identity.unlinked",
                    account: Some(user),
                    actor: Actor::from(&viewer),
                    subject: None,
                    detail: json!({ "provider": provider }),
                };
                audit::note(db, now, &origin, act).await?;
                let unlinked = account::Identity {
                    user_id: user,
                    provider,
                };
                let fact = Fact::about_user(account::IDENTITY_UNLINKED, user, &unlinked);
                Ok(outbox::record(db, now, fact).await?)
            })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn read(db: &mut PgConnection, person: Uuid) -> sqlx::Result<Vec<Linked>> {
    sqlx::query_as!(
        Linked,
        r#"select provider, email, linked_at as "linked_at: Moment", used_at as "used_at: Moment"
        from account.identities where user_id = $1 order by provider"#,
        person,
    )
    .fetch_all(db)
    .await
}

async fn take(db: &mut PgConnection, user: Uuid, provider: &str) -> Result<(), Problem> {
    // All of them, so that of two unlinked at once the second sees that it would be the last.
    let linked = sqlx::query_scalar!(
        "select provider from account.identities where user_id = $1 order by provider for update",
        user
    )
    .fetch_all(&mut *db)
    .await?;
    if !linked.iter().any(|linked| linked == provider) {
        return Err(Problem::not_found("no login of this provider is linked"));
    }
    let has_password = sqlx::query_scalar!(
        r#"select exists (select from account.passwords where user_id = $1) as "has!""#,
        user
    )
    .fetch_one(&mut *db)
    .await?;
    if linked.len() == 1 && !has_password {
        return Err(Problem::conflict(
            "last-login",
            "This is the only way in",
            "set a password or link another login first",
        ));
    }
    sqlx::query!(
        "delete from account.identities where user_id = $1 and provider = $2",
        user,
        provider
    )
    .execute(db)
    .await?;
    Ok(())
}
