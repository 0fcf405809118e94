//! A call that somebody places by a command is played by that command, while the product asks the
//! running sandbox to end it. So the command answers for its room too, at an address that it leaves
//! beside what it owes about the room ([`super::unfinished`]), and the sandbox asks there what it cannot
//! answer itself: as a node of LiveKit passes on what concerns another node's room.
//!
//! The file is locked for as long as the command lives. The system takes the lock from a command that
//! was killed, so nobody is asked at an address that may be somebody else's by now.

use super::unfinished;
use anyhow::Context as _;
use axum::{
    Router,
    body::{Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
};
use reqwest::Client;
use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

const EXTENSION: &str = "player";
/// Whoever asks us waits three seconds; a command that takes longer than this is not running.
const PATIENCE: Duration = Duration::from_secs(1);
/// A question names a room and perhaps somebody in it.
const MOST_ASKED: usize = 64 * 1024;

/// The entry of a command that plays a room, until it is dropped.
#[derive(Debug)]
pub(super) struct Player {
    path: PathBuf,
    _locked: File,
}

impl Player {
    /// From now on others are told to ask about this room here.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub(super) fn enter(state_dir: &Path, room: &str, address: SocketAddr) -> anyhow::Result<Self> {
        let path = path(&unfinished::directory(state_dir)?, room);
        let unnamed = path.with_extension("unfinished");
        let locked = || -> io::Result<File> {
            let mut file = File::create(&unnamed)?;
            // Before it has its name: without a lock it would be taken for a dead one's.
            file.lock()?;
            file.write_all(address.to_string().as_bytes())?;
            fs::rename(&unnamed, &path)?;
            Ok(file)
        };
        let locked = locked().with_context(|| format!("writing {}", path.display()))?;
        Ok(Self {
            path,
            _locked: locked,
        })
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        // One that stays is a dead one's: its lock goes now.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a command that lives plays this room.
pub(super) fn is_played(rooms: &Path, room: &str) -> bool {
    address_in(&path(rooms, room)).is_some()
}

fn path(rooms: &Path, room: &str) -> PathBuf {
    rooms.join(format!("{room}.{EXTENSION}"))
}

/// Where the player answers who wrote this file; `None` once it is dead, and then the file goes.
fn address_in(path: &Path) -> Option<SocketAddr> {
    match File::open(path).ok()?.try_lock_shared() {
        Err(TryLockError::WouldBlock) => fs::read_to_string(path).ok()?.parse().ok(),
        Err(TryLockError::Error(_)) => None,
        Ok(()) => {
            let _ = fs::remove_file(path);
            None
        }
    }
}

#[derive(Clone)]
struct Others {
    rooms: PathBuf,
    client: Client,
}

/// This API of LiveKit's, which answers for the rooms of other players as well.
///
/// # Errors
/// When the state directory cannot be used.
pub(super) fn asked_too(api: Router, state_dir: &Path, client: Client) -> anyhow::Result<Router> {
    let rooms = unfinished::directory(state_dir)?;
    let others = Others { rooms, client };
    Ok(api.route_layer(middleware::from_fn_with_state(others, ask)))
}

async fn ask(State(others): State<Others>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_ASKED).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let (path, headers) = (head.uri.path().to_owned(), head.headers.clone());
    let ours = Request::from_parts(head, body.clone().into());
    let ours = next.run(ours).await;
    if ours.status() != StatusCode::NOT_FOUND {
        return ours;
    }
    for player in others.addresses() {
        let url = format!("http://{player}{path}");
        if let Some(theirs) = others.ask(&url, &headers, body.clone()).await {
            return theirs;
        }
    }
    ours
}

impl Others {
    /// Few calls are placed by hand at once, and each knows its own room: all are asked.
    fn addresses(&self) -> Vec<SocketAddr> {
        let entries = fs::read_dir(&self.rooms).into_iter().flatten().flatten();
        let paths = entries.map(|entry| entry.path());
        paths
            .filter(|path| path.extension().is_some_and(|it| it == EXTENSION))
            .filter_map(|path| address_in(&path))
            .collect()
    }

    /// `None` when the room is not theirs either.
    async fn ask(&self, url: &str, headers: &HeaderMap, body: Bytes) -> Option<Response> {
        let mut asked = self.client.post(url).timeout(PATIENCE).body(body);
        for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
            asked = asked.header(&name, headers.get(&name)?);
        }
        let answer = asked.send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let media = answer.headers().get(header::CONTENT_TYPE)?.clone();
        let body = answer.bytes().await.ok()?;
        Some(([(header::CONTENT_TYPE, media)], body).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_is_played_for_as_long_as_its_player_lives() {
        let state = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
        let address = "127.0.0.1:4711".parse().unwrap();
        let player = Player::enter(&state, "RM_mine", address).unwrap();
        let rooms = unfinished::directory(&state).unwrap();
        // What one that was killed leaves: a file without its lock.
        fs::write(path(&rooms, "RM_dead"), "127.0.0.1:4712").unwrap();
        let others = Others {
            rooms: rooms.clone(),
            client: Client::builder().no_proxy().build().unwrap(),
        };
        assert_eq!(others.addresses(), [address]);
        assert!(is_played(&rooms, "RM_mine") && !is_played(&rooms, "RM_dead"));
        assert!(!path(&rooms, "RM_dead").exists());
        drop(player);
        assert!(!is_played(&rooms, "RM_mine") && others.addresses().is_empty());
        assert_eq!(fs::read_dir(&rooms).unwrap().count(), 0);
        fs::remove_dir_all(state).unwrap();
    }
}
