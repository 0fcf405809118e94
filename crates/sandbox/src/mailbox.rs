//! A mailbox everybody can read: it takes whatever mail is handed to it over SMTP, for any
//! recipient, and shows it in the browser. Nothing is ever sent on.
//!
//! Two deliveries of one mail are two mails here, the second marked as sent again: whether a mail
//! was sent twice is what somebody looks into a mailbox for.

mod letter;
mod pages;
mod smtp;

pub use letter::{Envelope, Letter};
pub use pages::router;
pub use smtp::{MAX_MAIL_BYTES, serve};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

/// More than anybody reads; the oldest go.
const MOST_MAILS: usize = 500;
/// What all mails together may hold in memory, and on disk.
const MOST_BYTES: usize = 64 * 1024 * 1024;
const EXTENSION: &str = "mail";

/// The mails that are kept, in memory and as one file each.
#[derive(Debug)]
pub struct Mailbox {
    directory: PathBuf,
    following: AtomicU64,
    letters: RwLock<BTreeMap<u64, Arc<Letter>>>,
}

impl Mailbox {
    /// The mailbox of this state directory, with what an earlier run kept in it. A file that is
    /// none of its own, or was cut by a power failure, is left alone and not shown.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub fn open(state_dir: &Path) -> anyhow::Result<Self> {
        let directory = state_dir.join("mail");
        fs::create_dir_all(&directory)
            .with_context(|| format!("making {}", directory.display()))?;
        let mut kept = BTreeMap::new();
        for entry in fs::read_dir(&directory).context("reading the mailbox")? {
            let path = entry.context("reading the mailbox")?.path();
            let Some(id) = id_of(&path) else { continue };
            let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            match Letter::read(id, text.into()) {
                Some(letter) => drop(kept.insert(id, Arc::new(letter))),
                None => tracing::warn!(path = %path.display(), "a mail's file is damaged"),
            }
        }
        let following = kept.last_key_value().map_or(1, |(id, _)| id + 1);
        let mailbox = Self {
            directory,
            following: AtomicU64::new(following),
            letters: RwLock::new(kept),
        };
        mailbox.drop_oldest();
        Ok(mailbox)
    }

    /// Keeps a mail: it is on disk when this returns. Blocks while it is written.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep(
        &self,
        envelope: Envelope,
        source: &[u8],
        now: DateTime<Utc>,
    ) -> anyhow::Result<Arc<Letter>> {
        let id = self.following.fetch_add(1, Relaxed);
        let letter = Letter::arrived(id, envelope, source, now)?;
        self.write(&letter)
            .with_context(|| format!("writing mail {id}"))?;
        let letter = Arc::new(letter);
        self.letters
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id, Arc::clone(&letter));
        self.drop_oldest();
        Ok(letter)
    }

    /// The mails some recipient of which is wanted, newest first.
    pub fn newest_first(&self, wanted: impl Fn(&str) -> bool) -> Vec<Arc<Letter>> {
        let letters = self.letters.read().unwrap_or_else(PoisonError::into_inner);
        letters
            .values()
            .rev()
            .filter(|letter| letter.envelope.to.iter().any(|to| wanted(to)))
            .cloned()
            .collect()
    }

    /// One mail.
    #[must_use]
    pub fn letter(&self, id: u64) -> Option<Arc<Letter>> {
        let letters = self.letters.read().unwrap_or_else(PoisonError::into_inner);
        letters.get(&id).cloned()
    }

    /// Whether the same mail, to one of the same people, came before this one.
    #[must_use]
    pub fn was_sent_before(&self, letter: &Letter) -> bool {
        let letters = self.letters.read().unwrap_or_else(PoisonError::into_inner);
        letters
            .range(..letter.id)
            .any(|(_, earlier)| letter.repeats(earlier))
    }

    fn write(&self, letter: &Letter) -> anyhow::Result<()> {
        let path = self.path(letter.id);
        let unfinished = path.with_extension("unfinished");
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(letter.file())?;
        // Who was told that a mail is taken never sends it again.
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        fs::File::open(&self.directory)?.sync_all()?;
        Ok(())
    }

    fn drop_oldest(&self) {
        let mut letters = self.letters.write().unwrap_or_else(PoisonError::into_inner);
        let mut bytes: usize = letters.values().map(|letter| letter.file().len()).sum();
        while letters.len() > MOST_MAILS || bytes > MOST_BYTES {
            let Some((id, oldest)) = letters.pop_first() else {
                return;
            };
            bytes -= oldest.file().len();
            let path = self.path(id);
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "an old mail's file stays");
            }
        }
    }

    fn path(&self, id: u64) -> PathBuf {
        self.directory.join(format!("{id:010}.{EXTENSION}"))
    }
}

fn id_of(path: &Path) -> Option<u64> {
    let ours = path.extension()? == EXTENSION;
    path.file_stem()?.to_str()?.parse().ok().filter(|_| ours)
}

#[cfg(test)]
mod tests;
