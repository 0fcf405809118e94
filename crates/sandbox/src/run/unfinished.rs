//! What the sandbox still owes about rooms it has opened: their endings, one file a room, from the
//! room's first event until its last one was surely delivered.
//!
//! A dashboard shows a call as live until it is told otherwise, and LiveKit's queues are memory
//! only. A sandbox that was killed would leave such calls behind for ever, and so would a command that
//! played one, so the sandbox that runs next says how they ended: at the times, and under the ids, they
//! would have had. What had arrived already is then a repeat like any other.

use super::players;
use crate::{
    livekit::Webhook,
    stories::{Story, WorldEvent},
};
use anyhow::Context as _;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// After its last event a room's file is kept for as long as LiveKit tries to deliver, and a
/// little.
const KEPT: TimeDelta = TimeDelta::seconds(30);

/// What ends something that would otherwise be shown as going on.
const ENDINGS: [&str; 4] = [
    "participant_left",
    "participant_connection_aborted",
    "egress_ended",
    "room_finished",
];

/// One ending as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Ending {
    at: DateTime<Utc>,
    event: String,
    queue: String,
    body: String,
}

/// Where the rooms of this state directory are written down; made when it is missing.
///
/// # Errors
/// When it cannot be made.
pub(super) fn directory(state_dir: &Path) -> anyhow::Result<PathBuf> {
    let directory = state_dir.join("rooms");
    fs::create_dir_all(&directory).with_context(|| format!("making {}", directory.display()))?;
    Ok(directory)
}

/// The rooms whose endings are owed.
#[derive(Debug)]
pub struct Unfinished {
    directory: PathBuf,
    /// When each file may go, and how many events were lost when its room was opened.
    open: BTreeMap<String, (DateTime<Utc>, u64)>,
}

impl Unfinished {
    /// Of this state directory.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(state_dir: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            directory: directory(state_dir)?,
            open: BTreeMap::new(),
        })
    }

    /// What others still owe who are gone, oldest first. Each file goes once its endings were told
    /// again; `lost` is how many events were lost so far. A file that was being written when the
    /// power failed says nothing, and its room nothing was told of. A room that a command plays is
    /// the command's to end, perhaps before its time.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn take_over(
        &mut self,
        lost: u64,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Vec<(DateTime<Utc>, WorldEvent)>> {
        let mut owed = Vec::new();
        for entry in fs::read_dir(&self.directory).context("reading the unfinished rooms")? {
            let path = entry.context("reading the unfinished rooms")?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let Some(room) = name.and_then(|name| name.strip_suffix(".json")) else {
                continue;
            };
            if self.open.contains_key(room) || players::is_played(&self.directory, room) {
                continue;
            }
            let text = match fs::read(&path) {
                Ok(text) => text,
                // A command has just come to its end.
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => {
                    return Err(error).with_context(|| format!("reading {}", path.display()));
                }
            };
            let endings: Vec<Ending> = serde_json::from_slice(&text).unwrap_or_default();
            let last = endings.iter().map(|ending| ending.at).max();
            self.open
                .insert(room.to_owned(), (last.unwrap_or(now).max(now) + KEPT, lost));
            owed.extend(endings.into_iter().filter_map(Ending::into_event));
        }
        owed.sort_by_key(|(at, _)| *at);
        Ok(owed)
    }

    /// Before a room's first event is sent.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn begin(&mut self, story: &Story, lost: u64) -> anyhow::Result<()> {
        let room = story.room_sid();
        let endings = story.endings();
        self.write(room, &endings)?;
        // What an agent reports after the last of them is not owed.
        let over = endings.last().map_or(story.end(), |(at, _)| *at);
        self.open.insert(room.to_owned(), (over + KEPT, lost));
        Ok(())
    }

    /// Another ending than the planned one, for a room that is cut short at `at`.
    ///
    /// # Errors
    /// When its file cannot be written.
    pub fn cut(&self, room: &str, at: DateTime<Utc>, events: &[WorldEvent]) -> anyhow::Result<()> {
        let endings: Vec<_> = events.iter().map(|event| (at, event.clone())).collect();
        self.write(room, &endings)
    }

    /// Forgets rooms that ended a while ago, unless events were lost since they were opened:
    /// theirs may be among them, so they are taken over and their endings told again.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn forget(&mut self, lost: u64, now: DateTime<Utc>) -> anyhow::Result<()> {
        let over = self.open.extract_if(.., |_, (until, _)| *until <= now);
        for (room, (_, lost_before)) in over.collect::<Vec<_>>() {
            if lost == lost_before {
                self.remove(&room)?;
            }
        }
        Ok(())
    }

    /// Forgets all rooms that are over at `end`: nothing is on its way any more.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn drained(&mut self, lost: u64, end: DateTime<Utc>) -> anyhow::Result<()> {
        self.forget(lost, end + KEPT)
    }

    /// Forgets rooms whose last event was delivered.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn finished<'a>(&mut self, rooms: impl Iterator<Item = &'a String>) -> anyhow::Result<()> {
        for room in rooms {
            self.open.remove(room);
            self.remove(room)?;
        }
        Ok(())
    }

    fn write(&self, room: &str, endings: &[(DateTime<Utc>, WorldEvent)]) -> anyhow::Result<()> {
        let endings: Vec<_> = endings
            .iter()
            .filter_map(|(at, event)| Ending::of(*at, event))
            .collect();
        let path = self.path(room);
        // Of its own for each room: a command writes here while the sandbox does.
        let unfinished = path.with_extension("unfinished");
        fs::write(&unfinished, serde_json::to_vec(&endings)?)
            .and_then(|()| fs::rename(&unfinished, &path))
            .with_context(|| format!("writing {}", path.display()))
    }

    fn remove(&self, room: &str) -> anyhow::Result<()> {
        let path = self.path(room);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", path.display()))
            }
            _ => Ok(()),
        }
    }

    fn path(&self, room: &str) -> PathBuf {
        self.directory.join(format!("{room}.json"))
    }
}

impl Ending {
    fn of(at: DateTime<Utc>, event: &WorldEvent) -> Option<Self> {
        let WorldEvent::LiveKit(webhook) = event else {
            return None;
        };
        Some(Self {
            at,
            event: webhook.event.to_owned(),
            queue: webhook.queue.clone(),
            body: String::from_utf8(webhook.body.to_vec()).ok()?,
        })
    }

    fn into_event(self) -> Option<(DateTime<Utc>, WorldEvent)> {
        let event = ENDINGS.into_iter().find(|known| *known == self.event)?;
        let webhook = Webhook {
            queue: self.queue,
            event,
            body: self.body.into(),
        };
        Some((self.at, WorldEvent::LiveKit(webhook)))
    }
}

impl Story {
    /// When and how everything in this room ends, if nothing cuts it short.
    #[must_use]
    pub fn endings(&self) -> Vec<(DateTime<Utc>, WorldEvent)> {
        let ends = |event: &WorldEvent| matches!(event, WorldEvent::LiveKit(webhook) if ENDINGS.contains(&webhook.event));
        self.events
            .iter()
            .filter(|(_, event)| ends(event))
            .map(|(offset, event)| (self.start + *offset, event.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{chance::Dice, stories::call_story, world::World};

    fn start() -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_795_194_240_118).unwrap()
    }

    fn story() -> Story {
        let world = World::town();
        call_story(&mut Dice::new(3), &world.businesses[0], start())
    }

    struct Directory(PathBuf);

    impl Directory {
        fn make() -> Self {
            Self(std::env::temp_dir().join(uuid::Uuid::new_v4().to_string()))
        }

        fn next_run(&self) -> Unfinished {
            Unfinished::open(&self.0).unwrap()
        }

        fn owed(&self) -> Vec<(DateTime<Utc>, WorldEvent)> {
            self.next_run().take_over(0, start()).unwrap()
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_room_that_was_opened_is_owed_its_planned_ending() {
        let (directory, story) = (Directory::make(), story());
        directory.next_run().begin(&story, 0).unwrap();
        let owed = directory.owed();
        let WorldEvent::LiveKit(last) = &owed.last().unwrap().1 else {
            panic!("{owed:?}")
        };
        assert_eq!(last.event, "room_finished");
        assert!(
            owed.iter()
                .all(|(at, event)| story.events.contains(&(*at - story.start, event.clone())))
        );
        assert_eq!(owed, directory.owed(), "until it was surely delivered");
    }

    #[test]
    fn a_room_is_forgotten_a_while_after_its_end_unless_events_were_lost() {
        let (directory, story) = (Directory::make(), story());
        let after = story.endings().last().unwrap().0 + KEPT;
        for (lost, remembered) in [(1, true), (0, false)] {
            let mut unfinished = directory.next_run();
            unfinished.begin(&story, 0).unwrap();
            unfinished
                .forget(0, after - TimeDelta::milliseconds(1))
                .unwrap();
            assert!(!directory.owed().is_empty());
            unfinished.forget(lost, after).unwrap();
            assert_eq!(!directory.owed().is_empty(), remembered, "{lost} lost");
        }
    }

    #[test]
    fn a_room_that_closed_owes_nothing_though_its_agent_still_writes() {
        let (directory, world) = (Directory::make(), World::town());
        let mut stories =
            (0..1_000).map(|seed| call_story(&mut Dice::new(seed), &world.businesses[0], start()));
        let over = |story: &Story| story.endings().last().unwrap().0;
        // Most have a recording, which is finished later still.
        let story = stories.find(|story| over(story) < story.end()).unwrap();
        let over = over(&story);
        let mut unfinished = directory.next_run();
        unfinished.begin(&story, 0).unwrap();
        assert!(story.shut_down(over).is_empty());
        unfinished.drained(0, over).unwrap();
        assert!(directory.owed().is_empty());
    }

    #[test]
    fn a_goodbye_that_was_not_heard_is_said_again_instead_of_the_planned_ending() {
        let (directory, story) = (Directory::make(), story());
        let mut unfinished = directory.next_run();
        unfinished.begin(&story, 0).unwrap();
        let end = start() + TimeDelta::seconds(1);
        let goodbye = story.shut_down(end);
        assert!(!goodbye.is_empty());
        unfinished.cut(story.room_sid(), end, &goodbye).unwrap();
        let said: Vec<_> = directory
            .owed()
            .into_iter()
            .map(|(_, event)| event)
            .collect();
        assert_eq!(said, goodbye);
        unfinished
            .finished([story.room_sid().to_owned()].iter())
            .unwrap();
        assert!(directory.owed().is_empty());
    }

    #[test]
    fn a_room_that_a_command_plays_is_owed_once_the_command_is_gone() {
        let (directory, story) = (Directory::make(), story());
        let address = "127.0.0.1:4711".parse().unwrap();
        let player = players::Player::enter(&directory.0, story.room_sid(), address).unwrap();
        directory.next_run().begin(&story, 0).unwrap();
        assert!(directory.owed().is_empty());
        drop(player);
        assert!(!directory.owed().is_empty());
    }

    #[test]
    fn a_file_that_was_cut_by_a_power_failure_stops_nothing() {
        let directory = Directory::make();
        directory.next_run();
        fs::write(directory.0.join("rooms/RM_x.json"), "[{\"at\":").unwrap();
        fs::write(directory.0.join("rooms/RM_y.unfinished"), "").unwrap();
        assert!(directory.owed().is_empty());
    }
}
