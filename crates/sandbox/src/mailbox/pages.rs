//! The mailbox in the browser, and as JSON for tests. Everything in a mail is a stranger's: its HTML
//! is shown in a frame that runs nothing and reaches nothing, everything else as text.

use super::{
    Mailbox,
    letter::{Letter, Opened, links_in},
};
use crate::pages::{page, trouble};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use chrono::SecondsFormat;
use maud::{Markup, html};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

const SCRIPT: &str = include_str!("mail.js");
/// What a mail's HTML may do: nothing but look like something, and open a link in a window of its
/// own, as mail programs do.
const FRAME_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'self'; \
    sandbox allow-popups allow-popups-to-escape-sandbox";
const FRAME_SANDBOX: &str = "allow-popups allow-popups-to-escape-sandbox";

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

async fn list(State(mailbox): State<Arc<Mailbox>>, Query(search): Query<Search>) -> Markup {
    let wanted = search.to.trim().to_lowercase();
    let letters = mailbox.newest_first(|to| to.to_lowercase().contains(&wanted));
    let newest = letters.first().map_or(0, |letter| letter.id);
    let count = match letters.len() {
        0 => "No mails".to_owned(),
        1 => "1 mail".to_owned(),
        count => format!("{count} mails"),
    };
    let body = html! {
        (bar(&search.to))
        main id="content" {
            h1 { "Mailbox" }
            p.quiet {
                span id="said" role="status" { (count) }
                @if !wanted.is_empty() { " for " (search.to.trim()) ". " a href="/mail" { "Show all" } }
                @else { ". Every mail this machine's Frontdesk sends lands here, and goes no further." }
            }
            div id="letters" data-newest=(newest) {
                @if letters.is_empty() {
                    p.sheet { "Nothing yet. Sign up, or ask for a new password, and the mail appears here by itself." }
                } @else {
                    ul.letters { @for letter in &letters { (line(&mailbox, letter)) } }
                }
            }
        }
    };
    page("Mailbox", &with_script(&body))
}

fn with_script(body: &Markup) -> Markup {
    html! { (body) script src="/assets/mail.js" defer {} }
}

fn bar(wanted: &str) -> Markup {
    html! {
        a.skip href="#content" { "Skip to the mails" }
        header.bar {
            a.name href="/mail" { "Frontdesk sandbox · Mailbox" }
            form action="/mail" role="search" {
                label.hidden for="to" { "Recipient" }
                input id="to" type="search" name="to" value=(wanted) placeholder="Recipient" maxlength="254";
                button type="submit" { "Search" }
            }
        }
    }
}

fn line(mailbox: &Mailbox, letter: &Letter) -> Markup {
    html! {
        li {
            a href={ "/mail/" (letter.id) } {
                span {
                    span.subject { (titled(&letter.subject)) }
                    @if mailbox.was_sent_before(letter) { " " span.mark { "sent again" } }
                }
                (time(letter))
                span.who { "To " (letter.envelope.to.join(", ")) " · from " (letter.from) }
            }
        }
    }
}

fn titled(subject: &str) -> &str {
    if subject.trim().is_empty() {
        "(no subject)"
    } else {
        subject
    }
}

fn time(letter: &Letter) -> Markup {
    let at = letter.received_at;
    html! {
        time datetime=(at.to_rfc3339_opts(SecondsFormat::Millis, true)) { (at.format("%Y-%m-%d %H:%M:%S UTC")) }
    }
}

#[derive(Deserialize)]
struct Shown {
    view: Option<View>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    Html,
    Text,
    Headers,
    Source,
}

impl View {
    fn of(self, opened: &Opened) -> bool {
        match self {
            Self::Html => opened.html.is_some(),
            Self::Text => opened.text.is_some(),
            Self::Headers | Self::Source => true,
        }
    }
}

const VIEWS: [(View, &str, &str); 4] = [
    (View::Html, "html", "Mail"),
    (View::Text, "text", "Text"),
    (View::Headers, "headers", "Headers"),
    (View::Source, "source", "Source"),
];

async fn one(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Response {
    let Some(letter) = found(&mailbox, &id) else {
        return missing();
    };
    let opened = letter.open();
    let asked = shown.view.filter(|view| view.of(&opened));
    let view = asked.or_else(|| {
        let views = VIEWS.into_iter().map(|(view, ..)| view);
        views.into_iter().find(|view| view.of(&opened))
    });
    let view = view.unwrap_or(View::Source);
    let title = titled(&letter.subject);
    let body = html! {
        (bar(""))
        main id="content" {
            p { a href="/mail" { "All mails" } }
            h1 { (title) }
            (envelope(&mailbox, &letter, &opened))
            nav.views aria-label="Ways to look at this mail" {
                @for (known, word, label) in VIEWS {
                    @if known.of(&opened) {
                        a href={ "/mail/" (letter.id) "?view=" (word) } aria-current=[(known == view).then_some("page")] { (label) }
                    }
                }
            }
            (shown_as(view, &letter, &opened))
        }
    };
    page(title, &with_script(&body)).into_response()
}

fn envelope(mailbox: &Mailbox, letter: &Letter, opened: &Opened) -> Markup {
    html! {
        dl.envelope {
            dt { "From" } dd { (letter.from) }
            dt { "To" } dd { (letter.envelope.to.join(", ")) }
            dt { "Arrived" } dd {
                (time(letter))
                @if mailbox.was_sent_before(letter) { " " span.mark { "sent again" } }
            }
            @if opened.attachments > 0 { dt { "Attached" } dd { (opened.attachments) " (in the source)" } }
        }
    }
}

fn shown_as(view: View, letter: &Letter, opened: &Opened) -> Markup {
    html! {
        @match view {
            View::Html => {
                iframe.sheet src={ "/mail/" (letter.id) "/html" } sandbox=(FRAME_SANDBOX)
                    title="The mail as its HTML shows it" referrerpolicy="no-referrer" {}
            }
            View::Text => pre.sheet tabindex="0" { (linked(opened.text.as_deref().unwrap_or_default())) },
            View::Headers => {
                dl.envelope.sheet {
                    @for (name, value) in &opened.headers { dt { (name) } dd { (value) } }
                }
            }
            View::Source => {
                pre.sheet tabindex="0" { (String::from_utf8_lossy(letter.source())) }
                p { a href={ "/mail/" (letter.id) "/source" } { "The bytes as they came" } }
            }
        }
    }
}

/// Text whose web addresses can be pressed.
fn linked(text: &str) -> Markup {
    let mut from = 0;
    html! {
        @for (at, link) in links_in(text) {
            (&text[from..at])
            a href=(link) target="_blank" rel="noopener noreferrer" { (link) }
            @let () = from = at + link.len();
        }
        (&text[from..])
    }
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
            received_at: letter
                .received_at
                .to_rfc3339_opts(SecondsFormat::Millis, true),
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
