//! Every route of the role, in one table.

use crate::{
    Api, admin, agent, audit, auth, calls, clients, edge, invoices, keys, live, members, openapi,
    problem::Problem, stats, subscriptions, users, web,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, Method, header},
    middleware,
    response::IntoResponse as _,
    routing::{delete, get, post, put},
};
use std::{any::Any, time::Duration};
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer, DefaultPredicate, Predicate as _, predicate::NotForContentType,
    },
    cors::CorsLayer,
};

/// The largest body of a request to the API.
const LARGEST_BODY: usize = 64 * 1024;

/// How long a browser may remember that an origin is allowed.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// The routes, and under all other paths the dashboard.
pub fn router(api: Api) -> Router {
    let routes = Router::new()
        .merge(signing_in())
        .route("/api/calls", get(calls::list))
        .route("/api/calls.csv", get(calls::file::fetch))
        .route("/api/calls/{id}", get(calls::one::show))
        .route("/api/calls/{id}/events", get(calls::events::list))
        .route("/api/calls/{id}/hangup", post(calls::hangup::ask))
        .route("/api/subscriptions/current", get(subscriptions::current))
        .route("/api/subscriptions/plans", get(subscriptions::plans::list))
        .route("/api/invoices", get(invoices::list))
        .route("/api/stats", get(stats::show))
        .route("/api/live", get(live::follow))
        .merge(people())
        .merge(receptionists())
        .route("/api/openapi.json", get(openapi::show))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .fallback(web::serve);
    // Sound is compressed already, or would cost more than it saves.
    let worth_it = DefaultPredicate::new().and(NotForContentType::const_new("audio/"));
    let routes = routes
        .layer(CatchPanicLayer::custom(|panic: Box<dyn Any + Send>| {
            after_panic(&*panic)
        }))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(CompressionLayer::new().compress_when(worth_it));
    let routes = routes.layer(middleware::from_fn_with_state(api.clone(), edge::refuse));
    let routes = match cors(&api) {
        Some(cors) => routes.layer(cors),
        None => routes,
    };
    routes
        .layer(middleware::from_fn_with_state(api.clone(), edge::pass))
        .with_state(api)
}

/// Proving who somebody is.
fn signing_in() -> Router<Api> {
    Router::new()
        .route("/api/auth/signup", post(auth::signup::sign_up))
        .route("/api/auth/verify-email", post(auth::verify::verify))
        .route("/api/auth/login", post(auth::login::log_in))
        .route("/api/auth/logout", post(auth::sessions::log_out))
        .route("/api/auth/me", get(auth::me::show))
        .route("/api/auth/login/code", post(auth::second_step::take))
        .route("/api/auth/token", post(auth::token::log_in))
        .route("/api/auth/refresh", post(auth::token::refresh))
        .merge(providers())
        .route(
            "/api/auth/totp",
            post(auth::totp::begin).delete(auth::totp::end),
        )
        .route("/api/auth/totp/confirm", post(auth::totp::confirm))
        .route("/api/auth/totp/recovery-codes", post(auth::totp::renew))
        .route("/api/auth/offer", get(auth::offer::show))
        .route("/api/auth/account", post(auth::account::switch))
        .route("/api/auth/prove", post(auth::prove::prove))
        .route(
            "/api/auth/password/forgot",
            post(auth::password::forgot::forgot),
        )
        .route(
            "/api/auth/password/reset",
            post(auth::password::reset::reset),
        )
        .route(
            "/api/auth/password/change",
            post(auth::password::change::change),
        )
        .route(
            "/api/auth/sessions",
            get(auth::sessions::list).delete(auth::sessions::revoke_all),
        )
        .route("/api/auth/sessions/{id}", delete(auth::sessions::revoke))
}

/// Signing in through somebody who knows the person already.
fn providers() -> Router<Api> {
    Router::new()
        .route("/api/auth/{provider}", get(auth::provider::begin))
        .route(
            "/api/auth/{provider}/callback",
            get(auth::provider::come_back),
        )
        .route("/api/auth/identities", get(auth::identities::list))
        .route(
            "/api/auth/identities/{provider}",
            delete(auth::identities::unlink),
        )
        .route(
            "/api/auth/identities/{provider}/link",
            post(auth::identities::link),
        )
}

/// Who belongs to the service and to an account, and what they did.
fn people() -> Router<Api> {
    Router::new()
        .route("/api/keys", get(keys::list).post(keys::create))
        .route("/api/keys/{id}", delete(keys::revoke))
        .route(
            "/api/users/profile",
            get(users::profile::show).put(users::profile::change),
        )
        .route("/api/users/email", post(users::email::ask))
        .route("/api/users/email/confirm", post(users::email::confirm))
        .route(
            "/api/users/export",
            get(users::export::list).post(users::export::ask),
        )
        .route(
            "/api/users/export/{id}/{name}",
            get(users::export::file::fetch),
        )
        .route("/api/users/account", delete(users::leaving::ask))
        .route("/api/users/account/keep", post(users::leaving::keep))
        .route("/api/members", get(members::list))
        .route(
            "/api/members/{user_id}",
            put(members::change).delete(members::remove),
        )
        .route(
            "/api/members/invitations",
            post(members::invitations::invite),
        )
        .route(
            "/api/members/invitations/{id}",
            delete(members::invitations::revoke),
        )
        .route("/api/invitations/show", post(members::joining::show))
        .route("/api/invitations/accept", post(members::joining::accept))
        .route("/api/audit", get(audit::own::list))
        .route("/api/audit.csv", get(audit::own::file))
        .merge(administration())
}

/// Running the service.
fn administration() -> Router<Api> {
    Router::new()
        .route("/api/admin/users", get(admin::users::list))
        .route("/api/admin/users/{id}", get(admin::person::show))
        .route(
            "/api/admin/users/{id}/suspend",
            post(admin::standing::suspend),
        )
        .route(
            "/api/admin/users/{id}/resume",
            post(admin::standing::resume),
        )
        .route(
            "/api/admin/users/{id}/promote",
            post(admin::standing::promote),
        )
        .route(
            "/api/admin/users/{id}/demote",
            post(admin::standing::demote),
        )
        .route("/api/admin/clients", get(admin::clients::list))
        .route("/api/admin/audit", get(admin::acts::list))
        .route("/api/admin/audit.csv", get(admin::acts::file))
        .route("/api/admin/health", get(admin::health::show))
        .route("/api/admin/revenue", get(admin::revenue::show))
        .route("/api/admin/dead-letters", get(admin::dead_letters::list))
        .route(
            "/api/admin/dead-letters/{sequence}",
            get(admin::dead_letters::one::show),
        )
        .route(
            "/api/admin/dead-letters/{sequence}/redrive",
            post(admin::dead_letters::acts::redrive),
        )
        .route(
            "/api/admin/dead-letters/{sequence}/discard",
            post(admin::dead_letters::acts::discard),
        )
}

/// Clients, and what the agent asks about them.
fn receptionists() -> Router<Api> {
    use clients::{create, edit, figures, history, numbers, professions, sample};
    Router::new()
        .route("/api/clients", get(clients::list).post(create::create))
        .route(
            "/api/clients/{id}",
            get(clients::show)
                .put(edit::replace)
                .delete(clients::delete::delete),
        )
        .route(
            "/api/clients/{id}/numbers",
            get(numbers::list).post(numbers::assign),
        )
        .route(
            "/api/clients/{id}/numbers/{number}",
            delete(numbers::release),
        )
        .route(
            "/api/clients/{id}/voice-sample",
            put(sample::upload)
                .get(sample::fetch)
                .delete(sample::delete),
        )
        .route("/api/clients/{id}/history", get(history::list))
        .route("/api/clients/{id}/restore", post(history::restore))
        .route("/api/clients/{id}/stats", get(figures::figures))
        .route("/api/clients/{id}/calls", get(figures::calls))
        .route("/api/clients/{id}/revenue", get(figures::revenue))
        .route("/api/professions", get(professions::list))
        .route("/api/agent/clients/by-number/{e164}", get(agent::by_number))
}

/// Other origins use tokens, never our cookie, so credentials stay forbidden.
fn cors(api: &Api) -> Option<CorsLayer> {
    let origins = &api.access().cors_origins;
    (!origins.is_empty()).then(|| {
        CorsLayer::new()
            .allow_origin(origins.clone())
            .allow_methods([
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::DELETE,
            ])
            .allow_headers([
                header::AUTHORIZATION,
                header::CONTENT_TYPE,
                HeaderName::from_static("last-event-id"),
                HeaderName::from_static("x-file-name"),
                header::IF_NONE_MATCH,
            ])
            .expose_headers([
                header::ETAG,
                header::RETRY_AFTER,
                HeaderName::from_static("x-request-id"),
            ])
            .max_age(PREFLIGHT_AGE)
    })
}

fn after_panic(panic: &(dyn Any + Send)) -> axum::response::Response {
    let said = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(said = said.unwrap_or("nothing"), "a handler panicked");
    Problem::internal().into_response()
}
