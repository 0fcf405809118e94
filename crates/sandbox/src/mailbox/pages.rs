//! The mailbox in the browser, and as JSON for tests. Everything in a mail is a stranger's: its HTML
//! is shown in a frame that runs nothing and reaches nothing, everything else as text.

use super::{
    Mailbox,
    letter::{Letter, Opened, links_in},
};
use crate::pages::{shown, trouble};
use askama::Template;
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};

const SCRIPT: &str = include_str!("mail.js");
/// What a mail's HTML may do: nothing but look like something, and open a link in a window of its
/// own, as mail programs do.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox";
const FRAME_RIGHTS: &str = "allow-popups allow-popups-to-escape-sandbox";

/// The pages.
pub fn router(mailbox: Arc<Mailbox>) -> Router {
    Router::new()
        .route("/", get(|| async { Redirect::to("/mail") }))
        .route("/mail", get(list))
        .route("/mail.json", get(as_json))
        .route("/mail/{id}", get(one))
        .route("/mail/{id}/html", get(frame))
        .route("/mail/{id}/source", get(source))
        .route("/assets/mail.js", get(script))
        .with_state(mailbox)
}

async fn script() -> impl IntoResponse {
    let kind = "text/javascript; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], SCRIPT)
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    to: String,
}

#[derive(Template)]
#[template(path = "mails.html")]
struct List<'a> {
    wanted: &'a str,
    newest: u64,
    lines: Vec<Line>,
}

struct Line {
    letter: Arc<Letter>,
    sent_again: bool,
}

async fn list(State(mailbox): State<Arc<Mailbox>>, Query(search): Query<Search>) -> Response {
    let wanted = search.to.trim().to_lowercase();
    let letters = mailbox.newest_first(|to| to.to_lowercase().contains(&wanted));
    let newest = letters.first().map_or(0, |letter| letter.id);
    let line = |letter: Arc<Letter>| Line {
        sent_again: mailbox.was_sent_before(&letter),
        letter,
    };
    shown(&List {
        wanted: search.to.trim(),
        newest,
        lines: letters.into_iter().map(line).collect(),
    })
}

/// How a page names a mail.
impl Letter {
    fn title(&self) -> &str {
        match self.subject.trim() {
            "" => "(no subject)",
            subject => subject,
        }
    }

    fn recipients(&self) -> String {
        self.envelope.to.join(", ")
    }

    fn received(&self) -> String {
        self.received_at
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Until a script tells it in the reader's own zone.
    fn received_in_words(&self) -> String {
        self.received_at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }
}

#[derive(Deserialize)]
struct Shown {
    view: Option<View>,
}

/// A way to look at a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    Html,
    Text,
    Headers,
    Source,
}

impl View {
    /// The first that a mail has is shown.
    const ALL: [Self; 4] = [Self::Html, Self::Text, Self::Headers, Self::Source];

    fn word(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Text => "text",
            Self::Headers => "headers",
            Self::Source => "source",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Html => "Mail",
            Self::Text => "Text",
            Self::Headers => "Headers",
            Self::Source => "Source",
        }
    }

    fn of(self, opened: &Opened) -> bool {
        match self {
            Self::Html => opened.html.is_some(),
            Self::Text => opened.text.is_some(),
            Self::Headers | Self::Source => true,
        }
    }
}

#[derive(Template)]
#[template(path = "mail.html")]
struct One<'a> {
    wanted: &'a str,
    letter: &'a Letter,
    opened: &'a Opened,
    sent_again: bool,
    views: Vec<View>,
    view: View,
    frame_rights: &'a str,
    pieces: Vec<Piece<'a>>,
    source: Cow<'a, str>,
}

/// A part of a text.
enum Piece<'a> {
    Words(&'a str),
    Link(&'a str),
}

async fn one(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    Query(asked): Query<Shown>,
) -> Response {
    let Some(letter) = found(&mailbox, &id) else {
        return missing();
    };
    let opened = letter.open();
    let mut views = View::ALL.to_vec();
    views.retain(|view| view.of(&opened));
    let view = asked.view.filter(|view| views.contains(view));
    shown(&One {
        wanted: "",
        letter: &letter,
        opened: &opened,
        sent_again: mailbox.was_sent_before(&letter),
        view: view.or(views.first().copied()).unwrap_or(View::Source),
        views,
        frame_rights: FRAME_RIGHTS,
        pieces: pieces(opened.text.as_deref().unwrap_or_default()),
        source: String::from_utf8_lossy(letter.source()),
    })
}

/// Text cut where its web addresses begin and end, so that they can be pressed.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for (at, link) in links_in(text) {
        pieces.push(Piece::Words(&text[from..at]));
        pieces.push(Piece::Link(link));
        from = at + link.len();
    }
    pieces.push(Piece::Words(&text[from..]));
    pieces
}

/// The HTML of a mail, for the frame it is shown in.
async fn frame(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>) -> Response {
    let Some(html) = found(&mailbox, &id).and_then(|letter| letter.open().html) else {
        return missing();
    };
    let kind = "text/html; charset=utf-8";
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, FRAME_POLICY),
    ];
    (headers, with_new_windows(&html)).into_response()
}

/// Links leave the frame: what they lead to could not run in it.
fn with_new_windows(html: &str) -> String {
    const BASE: &str = "<base target=\"_blank\">";
    let lower = html.to_ascii_lowercase();
    let head = lower
        .match_indices("<head")
        .find(|(place, _)| lower[place + 5..].starts_with(['>', ' ', '\n', '\r', '\t']));
    let inside = head.and_then(|(place, _)| Some(place + lower[place..].find('>')? + 1));
    let (before, after) = html.split_at(inside.unwrap_or(0));
    format!("{before}{BASE}{after}")
}

async fn source(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>) -> Response {
    let Some(letter) = found(&mailbox, &id) else {
        return missing();
    };
    let kind: [(HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];
    (kind, letter.source().to_vec()).into_response()
}

fn found(mailbox: &Mailbox, id: &str) -> Option<Arc<Letter>> {
    mailbox.letter(id.parse().ok()?)
}

fn missing() -> Response {
    trouble(
        StatusCode::NOT_FOUND,
        "No such mail",
        "The newest five hundred mails are kept; this one is not among them.",
    )
}

/// A mail as tests read it.
#[derive(Serialize)]
struct Told {
    id: u64,
    received_at: String,
    from: String,
    to: Vec<String>,
    subject: String,
    message_id: Option<String>,
    sent_again: bool,
    text: Option<String>,
    html: Option<String>,
    headers: Vec<(String, String)>,
    links: Vec<String>,
}

#[derive(Serialize)]
struct Mails {
    mails: Vec<Told>,
}

/// Newest first; `to` is a whole address here.
async fn as_json(State(mailbox): State<Arc<Mailbox>>, Query(search): Query<Search>) -> Json<Mails> {
    let wanted = search.to.trim().to_lowercase();
    let letters = mailbox.newest_first(|to| wanted.is_empty() || to.to_lowercase() == wanted);
    let mails = letters.iter().map(|letter| {
        let opened = letter.open();
        Told {
            id: letter.id,
            received_at: letter.received(),
            from: letter.from.clone(),
            to: letter.envelope.to.clone(),
            subject: letter.subject.clone(),
            message_id: letter.message_id.clone(),
            sent_again: mailbox.was_sent_before(letter),
            links: opened.links(),
            text: opened.text,
            html: opened.html,
            headers: opened.headers,
        }
    });
    Json(Mails {
        mails: mails.collect(),
    })
}
