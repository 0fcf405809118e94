//! An account with one of everything, another account beside it, and those who ask.

use super::routes::Route;
use crate::{stage::Stage, story::Story};
use frontdesk_api::viewer::Scope;
use frontdesk_events::{
    StreamName,
    nats::{DeadLetter, Role},
};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

/// What the names of the first account hold, and nothing else.
pub(super) const MARK: &str = "zebrafinch";

/// Somebody who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    Stranger,
    Suspended,
    Owner,
    Manager,
    Reader,
    /// The owner of another account.
    Other,
    Admin,
    Key(Scope),
    /// A key of the other account, with every scope.
    OtherKey,
}

impl Actor {
    pub(super) const ALL: [Self; 13] = [
        Self::Stranger,
        Self::Suspended,
        Self::Owner,
        Self::Manager,
        Self::Reader,
        Self::Other,
        Self::Admin,
        Self::Key(Scope::CallsRead),
        Self::Key(Scope::ClientsRead),
        Self::Key(Scope::ClientsWrite),
        Self::Key(Scope::BillingRead),
        Self::Key(Scope::Agent),
        Self::OtherKey,
    ];

    pub(super) fn is_foreign(self) -> bool {
        matches!(self, Self::Other | Self::Admin | Self::OtherKey)
    }
}

pub(super) struct Town {
    stage: Stage,
    people: [(Actor, Uuid); 6],
    owner: Uuid,
    keys: Vec<(Actor, String)>,
    /// What stands in the places of paths and bodies.
    places: Vec<(&'static str, String)>,
}

impl Town {
    pub(super) async fn found() -> Self {
        let stage = Stage::set().await;
        let owner = stage.user(MARK).await;
        let other = stage.user("other").await;
        stage.business(other, "other", "+14155550124").await;
        let people = [
            (Actor::Owner, owner),
            (Actor::Other, other),
            (Actor::Manager, stage.member(owner, "manager").await.id),
            (Actor::Reader, stage.member(owner, "reader").await.id),
            (Actor::Admin, stage.admin().await.id),
            (Actor::Suspended, stage.user("suspended").await),
        ];
        let sql = "update account.users set suspended_at = now() where name = 'suspended'";
        stage.client.execute(sql, &[]).await.unwrap();
        let mut town = Self {
            keys: Vec::new(),
            places: Vec::new(),
            people,
            owner,
            stage,
        };
        town.furnish().await;
        town.cut_keys(other).await;
        town
    }

    /// One of everything that has an id.
    async fn furnish(&mut self) {
        // People first: once a call was folded, nobody can have begun before it.
        let member = self.stage.member(self.owner, "reader").await.id;
        // Administrators act on somebody who asks for nothing here.
        let looked_at = self.stage.user("looked-at").await;
        let client = self.stage.business(self.owner, MARK, "+14155550123").await;
        let story = Story {
            report: json!({ "summary": format!("about a {MARK}") }),
            ..Story::new(MARK)
        };
        self.stage.tell(&story.events()).await;
        let owner = self.stage.sign_in(self.owner).await;
        let call = owner.ids("/api/calls").await.remove(0);
        let invited = owner
            .post(
                "/api/members/invitations",
                &json!({ "email": format!("{MARK}.guest@example.com"), "role": "reader" }),
            )
            .await
            .json();
        let key = owner
            .post(
                "/api/keys",
                &json!({ "name": MARK, "scopes": ["calls:read"] }),
            )
            .await
            .json();
        let sessions = owner.json("/api/auth/sessions").await;
        let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
        self.places = vec![
            ("client", client.to_string()),
            ("number", "+14155550123".into()),
            ("call", call),
            ("invitation", id(&invited)),
            ("key", id(&key)),
            ("session", id(&sessions["items"][0])),
            ("member", member.to_string()),
            ("user", looked_at.to_string()),
            ("account", self.owner.to_string()),
            ("export", Uuid::new_v4().to_string()),
            ("file", "calls.csv".into()),
            ("provider", "google".into()),
            ("letter", self.letter().await),
        ];
    }

    /// A dead letter about the first event; answers its place.
    async fn letter(&self) -> String {
        let connection = &self.stage.connection;
        DeadLetter::new(1, "refused by a walk")
            .publish(connection, Role::Projector, StreamName::Calls, "calls")
            .await
            .unwrap();
        let end = connection.stream_state(StreamName::Dead).await.unwrap();
        end.last_sequence.to_string()
    }

    async fn cut_keys(&mut self, other: Uuid) {
        for scope in Scope::ALL {
            let key = self.key(self.owner, &[scope]).await;
            self.keys.push((Actor::Key(scope), key));
        }
        let key = self.key(other, &Scope::ALL).await;
        self.keys.push((Actor::OtherKey, key));
    }

    /// A key of an account's owner, through the API.
    async fn key(&self, owner: Uuid, scopes: &[Scope]) -> String {
        let scopes: Vec<_> = scopes.iter().map(|scope| scope.word()).collect();
        let body = json!({ "name": "a walk", "scopes": scopes });
        let person = self.stage.sign_in(owner).await;
        let made = person.post("/api/keys", &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
        made.json()["key"].as_str().unwrap().to_owned()
    }

    /// Asks, and gives status and what was said. Each time with a session of its own, for some routes
    /// end it.
    pub(super) async fn ask(&self, route: &Route, actor: Actor) -> (u16, String) {
        let (method, path) = (route.method.parse().unwrap(), self.filled(route.path));
        let mut request = self.request(actor, method, &path).await;
        if route.path.ends_with("voice-sample") && route.method == "PUT" {
            request = request.header("content-type", "audio/wav").body(silence());
        } else if !route.body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(self.filled(route.body));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        if path == "/api/live" && status == 200 {
            // It never ends.
            return (status, String::new());
        }
        (status, answer.text().await.unwrap_or_default())
    }

    async fn request(&self, actor: Actor, method: Method, path: &str) -> RequestBuilder {
        if let Some((_, key)) = self.keys.iter().find(|(of, _)| *of == actor) {
            return self.stage.request(method, path).bearer_auth(key);
        }
        let Some((_, person)) = self.people.iter().find(|(of, _)| *of == actor) else {
            return self.stage.request(method, path);
        };
        let account = match actor {
            Actor::Manager | Actor::Reader => self.owner,
            _ => *person,
        };
        self.stage
            .sign_in_to(*person, account)
            .await
            .request(method, path)
    }

    fn filled(&self, text: &str) -> String {
        self.places
            .iter()
            .fold(text.to_owned(), |text, (name, what)| {
                text.replace(&format!("{{{name}}}"), what)
            })
    }
}

/// A second of it, as a WAV file.
fn silence() -> Vec<u8> {
    let samples = vec![0; 16_000];
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_le_bytes();
    let mut file = b"RIFF".to_vec();
    file.extend(length(36 + samples.len()));
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8_000_u32.to_le_bytes());
    file.extend(16_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length(samples.len()));
    file.extend(samples);
    file
}
