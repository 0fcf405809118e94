//! Files that are no rows: a directory, or a store that speaks S3, by configuration.
//!
//! A key is made by whoever stores, of ids and slashes, and names one file for ever: what changes is
//! stored under another key, and the row that names it is swapped. So a reader never meets half a
//! file, and a crash in between leaves one that nothing names. What people call their files never
//! becomes part of a key.

use anyhow::{Context as _, bail};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream::BoxStream};
use object_store::{
    ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, path::Path, prefix::PrefixStore,
};
use std::{fmt, fs, io, path::PathBuf, sync::Arc, time::Duration};

/// How often and how long a store that speaks S3 is tried again: somebody waits for the answer.
const RETRIES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(15);

/// Where files lie.
#[derive(Clone, clap::Args)]
pub struct FileArgs {
    /// Where uploaded files lie: a directory, or s3://bucket/prefix for a store that speaks S3.
    #[arg(long, env = "FILE_STORE", default_value = ".data/files")]
    pub file_store: String,
    /// The address of a store that speaks S3 and is not Amazon's.
    #[arg(long, env = "AWS_ENDPOINT_URL")]
    pub aws_endpoint_url: Option<String>,
    /// The region of the bucket.
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    pub aws_region: String,
    /// The key for the bucket; without one, the machine's own role at Amazon is asked.
    #[arg(long, env = "AWS_ACCESS_KEY_ID", requires = "aws_secret_access_key")]
    pub aws_access_key_id: Option<String>,
    /// What belongs to that key.
    #[arg(
        long,
        env = "AWS_SECRET_ACCESS_KEY",
        requires = "aws_access_key_id",
        hide_env_values = true
    )]
    pub aws_secret_access_key: Option<String>,
}

impl FileArgs {
    /// Files in a directory.
    #[must_use]
    pub fn directory(path: &str) -> Self {
        Self {
            file_store: path.to_owned(),
            aws_endpoint_url: None,
            aws_region: "us-east-1".to_owned(),
            aws_access_key_id: None,
            aws_secret_access_key: None,
        }
    }
}

impl fmt::Debug for FileArgs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileArgs")
            .field("file_store", &self.file_store)
            .finish_non_exhaustive()
    }
}

/// A store of files. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Where they lie, if that is a directory.
    directory: Option<PathBuf>,
}

/// A file that is being read.
pub struct Reading {
    /// Its size.
    pub bytes: u64,
    /// What is in it.
    pub content: BoxStream<'static, io::Result<Bytes>>,
}

/// Why a file cannot be had or stored.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is none under this key.
    #[error("there is no such file")]
    Missing,
    /// The store is away, full or refuses us.
    #[error("the file store failed")]
    Store(#[source] object_store::Error),
    /// A directory of the store cannot be removed.
    #[error("a directory of the file store cannot be removed")]
    Directory(#[source] io::Error),
}

impl From<object_store::Error> for FileError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            error => Self::Store(error),
        }
    }
}

impl Files {
    /// Opens the store. A directory is made if it is not there; a store elsewhere is first asked when
    /// it is needed.
    ///
    /// # Errors
    /// One line about the setting that is wrong.
    pub fn open(args: &FileArgs) -> anyhow::Result<Self> {
        let place = args.file_store.as_str();
        match place.split_once("://") {
            Some(("s3", bucket)) => in_bucket(args, bucket),
            Some(("file", path)) => in_directory(path),
            None if !place.is_empty() => in_directory(place),
            _ => bail!("FILE_STORE must be a directory or s3://bucket/prefix, not {place:?}"),
        }
    }

    /// Stores a file whole; it is on disk when this returns.
    ///
    /// # Errors
    /// When the store fails; then there is nothing under the key.
    pub async fn put(&self, key: &str, content: Bytes) -> Result<(), FileError> {
        self.store.put(&Path::from(key), content.into()).await?;
        Ok(())
    }

    /// Begins to read a file.
    ///
    /// # Errors
    /// When there is none, or the store fails.
    pub async fn read(&self, key: &str) -> Result<Reading, FileError> {
        let found = self.store.get(&Path::from(key)).await?;
        Ok(Reading {
            bytes: found.meta.size,
            content: found.into_stream().map_err(io::Error::other).boxed(),
        })
    }

    /// Deletes a file. One that is not there is no error.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn delete(&self, key: &str) -> Result<(), FileError> {
        match self
            .store
            .delete(&Path::from(key))
            .await
            .map_err(Into::into)
        {
            Err(FileError::Missing) => Ok(()),
            outcome => outcome,
        }
    }

    /// Deletes every file below a key, for whoever must leave nothing behind; tells how many there were.
    /// In a directory also what a crash left half written, which is no file yet and is not listed.
    ///
    /// # Errors
    /// When the store fails; then some may be left, and it is worth another try.
    pub async fn delete_below(&self, key: &str) -> Result<usize, FileError> {
        let key = Path::from(key);
        let found: Vec<_> = self.store.list(Some(&key)).try_collect().await?;
        for file in &found {
            self.delete(file.location.as_ref()).await?;
        }
        if let Some(directory) = &self.directory {
            match tokio::fs::remove_dir_all(directory.join(key.as_ref())).await {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(FileError::Directory(error));
                }
                _ => {}
            }
        }
        Ok(found.len())
    }
}

fn in_directory(path: &str) -> anyhow::Result<Files> {
    fs::create_dir_all(path)
        .with_context(|| format!("making the directory of FILE_STORE {path:?}"))?;
    let store = LocalFileSystem::new_with_prefix(path)
        .with_context(|| format!("opening FILE_STORE {path:?}"))?
        .with_fsync(true)
        .with_automatic_cleanup(true);
    Ok(Files {
        store: Arc::new(store),
        directory: Some(path.into()),
    })
}

fn in_bucket(args: &FileArgs, place: &str) -> anyhow::Result<Files> {
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let options = ClientOptions::new().with_timeout(PATIENCE);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(bucket)
        .with_region(&args.aws_region)
        .with_client_options(options)
        .with_retry(RetryConfig {
            max_retries: RETRIES,
            retry_timeout: PATIENCE,
            ..RetryConfig::default()
        });
    if let Some(endpoint) = &args.aws_endpoint_url {
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    if let (Some(id), Some(secret)) = (&args.aws_access_key_id, &args.aws_secret_access_key) {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret);
    }
    let store = builder
        .build()
        .with_context(|| format!("opening FILE_STORE {:?}", args.file_store))?;
    Ok(Files {
        store: Arc::new(PrefixStore::new(store, Path::from(prefix))),
        directory: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn content(files: &Files, key: &str) -> Vec<u8> {
        let reading = files.read(key).await.unwrap();
        let size = reading.bytes;
        let content: Vec<Bytes> = reading.content.try_collect().await.unwrap();
        let content = content.concat();
        assert_eq!(content.len() as u64, size);
        content
    }

    #[tokio::test]
    async fn what_is_stored_can_be_read_until_it_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("not/there/yet");
        let files = Files::open(&FileArgs::directory(path.to_str().unwrap())).unwrap();
        files.put("a/1", Bytes::from_static(b"one")).await.unwrap();
        files.put("a/2", Bytes::from_static(b"two")).await.unwrap();
        files.put("b/1", Bytes::from_static(b"of b")).await.unwrap();
        assert_eq!(content(&files, "a/1").await, b"one");
        files.delete("a/1").await.unwrap();
        files.delete("a/1").await.unwrap();
        assert!(matches!(files.read("a/1").await, Err(FileError::Missing)));
        // A crash in the middle of storing leaves this.
        fs::write(path.join("a/3#1"), "half").unwrap();
        assert_eq!(files.delete_below("a").await.unwrap(), 1);
        assert!(!path.join("a").exists());
        assert_eq!(files.delete_below("a").await.unwrap(), 0);
        assert_eq!(content(&files, "b/1").await, b"of b");
    }

    #[tokio::test]
    async fn no_key_leads_out_of_the_directory() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("secret"), "kept").unwrap();
        let inside = directory.path().join("files");
        let files = Files::open(&FileArgs::directory(inside.to_str().unwrap())).unwrap();
        for key in ["../secret", "a/../../secret", "/../secret", "..\\secret"] {
            assert!(files.read(key).await.is_err(), "{key}");
            let _ = files.put(key, Bytes::from_static(b"overwritten")).await;
            let _ = files.delete(key).await;
        }
        assert_eq!(
            fs::read_to_string(directory.path().join("secret")).unwrap(),
            "kept"
        );
    }

    #[test]
    fn a_wrong_place_is_one_clear_line() {
        for place in ["", "ftp://files", "gs://bucket"] {
            let error = Files::open(&FileArgs::directory(place))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("FILE_STORE") && !error.contains('\n'),
                "{error}"
            );
        }
    }

    #[test]
    fn the_key_of_a_bucket_shows_itself_nowhere() {
        let args = FileArgs {
            aws_secret_access_key: Some("wJalrXUtnFEMI".to_owned()),
            ..FileArgs::directory("s3://bucket")
        };
        assert!(!format!("{args:?}").contains("wJalr"));
    }
}
