//! The files of one export: written piece by piece, readable by nobody else on this machine, and under
//! their name only when they are whole.

use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
};
use tokio::{fs, io::AsyncWriteExt as _};
use uuid::Uuid;

/// What waits to be written of one file.
const BUFFER: usize = 64 * 1024;
/// What the directory of an export that is being made is called, behind its id.
pub(super) const UNFINISHED: &str = ".part";

/// The directory of one export while it is made.
pub(super) struct Folder {
    unfinished: PathBuf,
    finished: PathBuf,
}

/// A file as `ops.exports` lists it.
#[derive(Debug, Serialize)]
pub(super) struct File {
    name: String,
    bytes: u64,
    sha256: String,
}

/// A file that is being written.
pub(super) struct Sink {
    name: String,
    file: fs::File,
    waiting: Vec<u8>,
    bytes: u64,
    hash: Sha256,
}

impl Folder {
    /// Begins anew: what a crash left of an earlier try goes.
    pub(super) async fn create(directory: &Path, id: Uuid) -> io::Result<Self> {
        let finished = directory.join(id.to_string());
        let unfinished = directory.join(format!("{id}{UNFINISHED}"));
        remove(&unfinished).await?;
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&unfinished)
            .await?;
        Ok(Self {
            unfinished,
            finished,
        })
    }

    pub(super) async fn file(&self, name: &str) -> io::Result<Sink> {
        let file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.unfinished.join(name))
            .await?;
        Ok(Sink {
            name: name.to_owned(),
            file,
            waiting: Vec::with_capacity(2 * BUFFER),
            bytes: 0,
            hash: Sha256::new(),
        })
    }

    /// Gives it its name.
    pub(super) async fn publish(self) -> io::Result<()> {
        // An earlier try may have come as far as this.
        remove(&self.finished).await?;
        fs::rename(&self.unfinished, &self.finished).await
    }
}

impl Sink {
    pub(super) async fn write(&mut self, piece: &[u8]) -> io::Result<()> {
        self.waiting.extend_from_slice(piece);
        if self.waiting.len() >= BUFFER {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.waiting).await?;
        self.hash.update(&self.waiting);
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// On disk for certain.
    pub(super) async fn finish(mut self) -> io::Result<File> {
        self.flush().await?;
        self.file.flush().await?;
        self.file.sync_all().await?;
        Ok(File {
            name: self.name,
            bytes: self.bytes,
            sha256: hex::encode(self.hash.finalize()),
        })
    }
}

/// Removes all there is of an export, whole or not.
pub(super) async fn remove_export(directory: &Path, id: Uuid) -> io::Result<()> {
    let unfinished = remove(&directory.join(format!("{id}{UNFINISHED}"))).await;
    remove(&directory.join(id.to_string()))
        .await
        .and(unfinished)
}

/// Removes a directory of ours, or finds it removed.
pub(super) async fn remove(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory).await {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
