//! The OpenAPI document: a committed snapshot, from which the dashboard's types are generated.

use crate::{
    admin, agent, answer, audit, auth, calls, clients, invoices, keys, live, members,
    parameters::Parameters,
    problem::{FieldError, OpenProblems, Problem, ProblemBody, Unchanged},
    stats, subscriptions, users,
};
use axum::{http::HeaderMap, response::Response};
use serde_json::Value;
use std::{collections::BTreeSet, sync::LazyLock};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        HeaderBuilder, Object, RefOr, Schema, Type,
        path::{Operation, ParameterBuilder, ParameterIn},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Frontdesk",
        description = "Calls, figures and billing of AI phone receptionists. Errors are RFC 9457 problems."
    ),
    paths(
        auth::second_step::take, auth::token::log_in, auth::token::refresh, auth::provider::begin,
        auth::provider::come_back, auth::identities::list, auth::identities::link, auth::identities::unlink,
        keys::list, keys::create, keys::revoke, auth::totp::begin, auth::totp::confirm, auth::totp::end, auth::totp::renew,
        auth::signup::sign_up, auth::verify::verify, auth::login::log_in, auth::sessions::log_out, auth::me::show,
        auth::offer::show, auth::account::switch, auth::prove::prove, auth::password::forgot::forgot,
        auth::password::reset::reset, auth::password::change::change, auth::sessions::list, auth::sessions::revoke,
        auth::sessions::revoke_all,
        calls::list, calls::file::fetch, calls::one::show, calls::events::list, calls::hangup::ask,
        subscriptions::current, subscriptions::plans::list, invoices::list, stats::show, live::follow, show,
        users::profile::show, users::profile::change, users::email::ask, users::email::confirm,
        users::export::ask, users::export::list, users::export::file::fetch, users::leaving::ask, users::leaving::keep,
        members::list, members::change, members::remove, members::invitations::invite, members::invitations::revoke,
        members::joining::show, members::joining::accept,
        audit::own::list, audit::own::file,
        admin::users::list, admin::person::show, admin::standing::suspend, admin::standing::resume,
        admin::standing::promote, admin::standing::demote, admin::clients::list, admin::acts::list, admin::acts::file,
        admin::dead_letters::list, admin::dead_letters::one::show, admin::dead_letters::acts::redrive,
        admin::dead_letters::acts::discard, admin::health::show, admin::revenue::show,
        clients::list, clients::create::create, clients::show, clients::edit::replace, clients::delete::delete,
        clients::numbers::list, clients::numbers::assign, clients::numbers::release,
        clients::sample::upload, clients::sample::fetch, clients::sample::delete,
        clients::history::list, clients::history::restore,
        clients::figures::figures, clients::figures::calls, clients::figures::revenue,
        clients::professions::list, agent::by_number
    ),
    components(schemas(ProblemBody, FieldError)),
    modifiers(&Complete),
    security(("token" = []), ("session" = []))
)]
struct Document;

/// What attributes cannot say.
struct Complete;

impl Modify for Complete {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let sent = sent(document);
        for (path, operations) in &mut document.paths.paths {
            if let Some(operation) = &mut operations.get {
                tell_of_tags(operation);
            }
            // The path says whose they are.
            if path.starts_with("/api/clients/{id}/")
                && let Some(operation) = &mut operations.get
                && let Some(parameters) = &mut operation.parameters
            {
                parameters.retain(|given| {
                    !matches!(given, RefOr::T(given) if ["client_id", "unassigned"].contains(&given.name.as_str()))
                });
            }
        }
        let components = document.components.get_or_insert_default();
        for (name, schema) in &mut components.schemas {
            // In answers every field is always there, null when it has no value. Only a problem
            // leaves `errors` out, as the RFC's own examples do. What is sent to us may leave out
            // what it may leave out.
            if name != "Problem" && !sent.contains(name) {
                require_all(schema);
            }
        }
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key (fd_…) or an access token"))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let cookie = ApiKey::Cookie(ApiKeyValue::with_description(
            "__Host-session",
            "A signed-in browser; on http://localhost the cookie is called session",
        ));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

/// What may be answered with 304 has a tag, and takes one.
fn tell_of_tags(operation: &mut Operation) {
    const KNOWN: &str = "if-none-match";
    let responses = &mut operation.responses.responses;
    if !responses.contains_key("304") {
        return;
    }
    let tag = || {
        let text = Object::with_type(Type::String);
        let header = HeaderBuilder::new().schema(Some(text));
        header.description(Some("Names this answer")).build().into()
    };
    if let Some(RefOr::T(whole)) = responses.get_mut("200") {
        whole.headers.entry("etag".to_owned()).or_insert_with(tag);
    }
    let parameters = operation.parameters.get_or_insert_default();
    let mut listed = parameters.iter();
    if !listed.any(|given| matches!(given, RefOr::T(given) if given.name == KNOWN)) {
        let known = ParameterBuilder::new()
            .name(KNOWN)
            .parameter_in(ParameterIn::Header)
            .description(Some("The `etag` of an answer that is at hand"))
            .schema(Some(Object::with_type(Type::String)))
            .build();
        parameters.push(known.into());
    }
}

/// The schemas that bodies of requests are made of.
fn sent(document: &utoipa::openapi::OpenApi) -> BTreeSet<String> {
    let document = serde_json::to_value(document).expect("the document is plain data");
    let mut found = BTreeSet::new();
    let operations = document["paths"].as_object().into_iter().flatten();
    let mut open: Vec<&Value> = operations
        .filter_map(|(_, operations)| operations.as_object())
        .flat_map(|operations| operations.values())
        .map(|operation| &operation["requestBody"])
        .collect();
    while let Some(value) = open.pop() {
        let name = value["$ref"]
            .as_str()
            .and_then(|path| path.strip_prefix("#/components/schemas/"));
        if let Some(name) = name
            && found.insert(name.to_owned())
        {
            open.push(&document["components"]["schemas"][name]);
        }
        match value {
            Value::Object(fields) => open.extend(fields.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    found
}

fn require_all(schema: &mut RefOr<Schema>) {
    match schema {
        RefOr::T(Schema::Object(object)) => {
            object.required = object.properties.keys().cloned().collect();
        }
        RefOr::T(Schema::AllOf(all)) => all.items.iter_mut().for_each(require_all),
        _ => {}
    }
}

/// The document as committed, ending in a line break.
#[must_use]
pub fn document() -> String {
    let mut text = Document::openapi()
        .to_pretty_json()
        .expect("the document is plain data");
    text.push('\n');
    text
}

/// Shows this document.
#[utoipa::path(
    get, operation_id = "show_openapi", path = "/api/openapi.json", tag = "meta", security(()),
    responses((status = 200, description = "The OpenAPI document of this API", content_type = "application/json", body = Object), Unchanged, OpenProblems)
)]
pub async fn show(headers: HeaderMap, given: Parameters) -> Result<Response, Problem> {
    static TEXT: LazyLock<String> = LazyLock::new(document);
    given.finish()?;
    Ok(answer::tagged_bytes(&headers, TEXT.clone().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_answered_with_a_tag_says_so() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        for path in [
            "/api/agent/clients/by-number/{e164}",
            "/api/clients",
            "/api/clients/{id}",
            "/api/openapi.json",
            "/api/professions",
            "/api/subscriptions/plans",
        ] {
            let operation = &document["paths"][path]["get"];
            assert!(operation["responses"]["304"].is_object(), "{path}");
            let tag = &operation["responses"]["200"]["headers"]["etag"];
            assert!(tag.is_object(), "{path}");
            let parameters = operation["parameters"].as_array().unwrap().iter();
            let takes = parameters.filter(|given| given["name"] == "if-none-match");
            assert_eq!(takes.count(), 1, "{path}");
        }
    }

    #[test]
    fn the_committed_document_is_fresh() {
        let committed = include_str!("../openapi.json");
        assert!(
            committed == document(),
            "crates/api/openapi.json is stale: run `make generate` and commit it"
        );
    }

    #[test]
    fn every_operation_says_what_its_errors_look_like() {
        let document: serde_json::Value = serde_json::from_str(&document()).unwrap();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for (status, response) in operation["responses"].as_object().unwrap() {
                    let is_error = status.parse::<u16>().unwrap() >= 400;
                    let problem = response["content"]
                        .get("application/problem+json")
                        .is_some();
                    assert_eq!(is_error, problem, "{method} {path} {status}");
                }
            }
        }
    }
}
