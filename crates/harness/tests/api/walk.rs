//! Every route of the document, asked by everybody: a stranger, each role of an account, the owner of
//! another account, an administrator, somebody suspended, and keys of every scope. Who may is listed
//! once below; a route that is not listed fails the test, so a new one cannot be forgotten.
//!
//! Whoever is refused is told 401 or 403. Ids of another account are answered 404, and no answer holds
//! anything of it.

#[path = "walk/routes.rs"]
mod routes;
#[path = "walk/town.rs"]
mod town;

use reqwest::Method;
use routes::{For, ROUTES, Route};
use serde_json::Value;
use std::collections::BTreeSet;
use town::{Actor, MARK, Town};

fn document() -> Value {
    serde_json::from_str(include_str!("../../../api/openapi.json")).unwrap()
}

/// `GET /api/calls`, for every operation of the document.
fn operations() -> BTreeSet<(String, String)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, operations)| {
            operations
                .as_object()
                .unwrap()
                .keys()
                .filter(|method| Method::from_bytes(method.to_uppercase().as_bytes()).is_ok())
                .map(|method| (method.to_uppercase(), unnamed(path)))
        })
        .collect()
}

/// A path whose places have no names: here they are called by what stands in them.
fn unnamed(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { "{}" } else { part }.to_owned();
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[test]
fn every_route_says_who_may_use_it() {
    let listed: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_owned(), unnamed(route.path)))
        .collect();
    let operations = operations();
    let missing: Vec<_> = operations.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&operations).collect();
    assert!(
        missing.is_empty(),
        "not listed in walk/routes.rs: {missing:#?}"
    );
    assert!(gone.is_empty(), "listed and not in the document: {gone:#?}");
    assert_eq!(listed.len(), ROUTES.len(), "a route is listed twice");
}

/// What is wrong with an answer, in words.
fn fault(route: &Route, actor: Actor, status: u16, text: &str) -> Option<String> {
    if status >= 500 {
        return Some("a mistake of ours".into());
    }
    if actor.is_foreign() && !route.shows_others_to(actor) && text.contains(MARK) {
        return Some("it holds something of another account".into());
    }
    let wanted = match route.refusal(actor) {
        Some(refused) => refused,
        None if route.is_anothers(actor) => 404,
        None => {
            if route.who == For::Anyone {
                return None;
            }
            // A wrong password is refused for what it is, not for who shows it.
            let refused = matches!(status, 401 | 403) && !text.contains("wrong-credentials");
            // What is there must be found by those who may, or the other answers prove nothing.
            let lost = route.method == "GET" && status == 404 && !route.path.contains("{export}");
            return (refused || lost).then(|| "it is refused to somebody who may".into());
        }
    };
    (status != wanted).then(|| format!("it should be {wanted}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_for_those_it_is_for() {
    let town = Town::found().await;
    let mut faults = Vec::new();
    let mut asked = 0;
    for route in ROUTES {
        // Those who are refused first: an allowed deletion would leave nothing to be refused.
        let (refused, allowed): (Vec<_>, Vec<_>) = Actor::ALL
            .into_iter()
            .partition(|&actor| route.refusal(actor).is_some() || actor.is_foreign());
        for actor in refused.into_iter().chain(allowed) {
            let (status, text) = town.ask(route, actor).await;
            asked += 1;
            if let Some(fault) = fault(route, actor, status, &text) {
                let text: String = text.chars().take(200).collect();
                faults.push(format!(
                    "{} {} by {actor:?}: {status}, {fault}: {text}",
                    route.method, route.path
                ));
            }
        }
    }
    assert!(asked >= ROUTES.len() * Actor::ALL.len());
    assert!(
        faults.is_empty(),
        "{} faults\n{}",
        faults.len(),
        faults.join("\n")
    );
}
