//! `…/clients/{id}/voice-sample`: the sound a client's voice is modelled on.
//!
//! The sound lies in the file store under a key of ids; what its owner calls it is text to show and
//! never a path. Another sample is stored under another key, then the row is swapped, then the old one
//! deleted: a reader meets the one or the other, and none of it stops when whoever asked hangs up. A
//! crash in between leaves a file that no row names; it goes with the account ([`erase`]). A sound is given
//! back as a download and never as a page.

mod uploads;

pub(crate) use uploads::Uploads;

use super::{
    Client,
    change::{self, ChangeKind},
    lock, missing, row,
    row::StoredSample,
    sound::Sound,
};
use crate::{
    Api, answer, body,
    parameters::{self, Parameters},
    problem::{MissingProblem, Problem, ReadProblems, WriteProblems},
    text,
    viewer::{Plan, Right, Viewer, to_its_end},
};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use frontdesk_process::{
    clock,
    files::{FileError, Files},
};
use futures::StreamExt as _;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};
use sqlx::{PgConnection, types::Json};
use uploads::Place;
use uuid::Uuid;

/// The largest sample: a minute of uncompressed sound in studio quality.
const LARGEST: usize = 10 * 1024 * 1024;
const TOO_LARGE: &str = "a voice sample may be at most 10 MiB";

/// What the owner calls the file, percent-encoded.
const FILE_NAME: &str = "x-file-name";
const LONGEST_FILE_NAME: usize = 100;

/// Uploads a voice sample, in place of the one before.
///
/// The body is the sound itself: WAV, MP3, Ogg, FLAC or M4A, at most 10 MiB. Its kind is judged by its
/// content, whatever `content-type` says; 415 `not-sound` for anything else.
#[utoipa::path(
    put, operation_id = "upload_voice_sample", path = "/api/clients/{id}/voice-sample", tag = "clients",
    params(
        ("id" = Uuid, Path, description = "The client"),
        ("x-file-name" = Option<String>, Header, description = "What the file is called, percent-encoded UTF-8", example = "my%20voice.wav")
    ),
    request_body(content = String, content_type = "application/octet-stream", description = "The sound"),
    responses((status = 200, description = "The client with the sample", body = Client), MissingProblem, WriteProblems)
)]
pub async fn upload(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    // Before ten mebibytes are listened to for nothing.
    sample_of(&api, &viewer, id).await?;
    let mut place = api.uploads().begin(viewer.account())?;
    let name = request.headers().get(FILE_NAME).cloned();
    let content = received(request, &mut place).await?;
    let sound = Sound::of(&content).map_err(Problem::not_sound)?;
    let now = clock::now();
    let sample = StoredSample {
        key: format!("{}/{id}/{}", folder(viewer.account()), Uuid::new_v4()),
        name: shown_name(name.as_ref(), sound),
        r#type: sound.media_type.to_owned(),
        bytes: content.len() as i64,
        uploaded_at: now,
    };
    let stored = to_its_end(async move {
        let stored = store(&api, &viewer, id, sample, content).await;
        drop(place);
        stored
    });
    let client = stored.await?;
    Ok(answer::json(answer::written(&client, 4096)))
}

/// Stores a sample, names it, and deletes the one before; or leaves nothing of it.
async fn store(
    api: &Api,
    viewer: &Viewer,
    id: Uuid,
    sample: StoredSample,
    content: Bytes,
) -> Result<Client, Problem> {
    let (key, now, by) = (sample.key.clone(), sample.uploaded_at, viewer.clone());
    if let Err(error) = api.files().put(&key, content).await {
        // A store that did not answer in time may have it all the same.
        throw_away(api, Some(key)).await;
        return Err(store_failed(error));
    }
    let change = viewer.write(api.database(), move |db| {
        Box::pin(async move { swap(db, &by, now, id, Some(sample)).await })
    });
    match change.await {
        Ok((client, old)) => {
            throw_away(api, old).await;
            Ok(client)
        }
        Err(problem) => {
            throw_away(api, Some(key)).await;
            Err(problem)
        }
    }
}

/// Fetches the voice sample, as a download.
#[utoipa::path(
    get, operation_id = "fetch_voice_sample", path = "/api/clients/{id}/voice-sample", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")),
    responses(
        (status = 200, description = "The sound", content(
            (String = "audio/wav"), (String = "audio/mpeg"), (String = "audio/ogg"), (String = "audio/flac"), (String = "audio/mp4")
        )),
        MissingProblem, ReadProblems
    )
)]
pub async fn fetch(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::ReadClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let sample = sample_of(&api, &viewer, id).await?.ok_or_else(no_sample)?;
    // The row is written by us, yet nothing but a sound is ever called one.
    let sound = Sound::known(&sample.r#type).ok_or_else(no_sample)?;
    let file = api.files().read(&sample.key).await.map_err(store_failed)?;
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static(sound.media_type),
        ),
        (header::CONTENT_LENGTH, file.bytes.into()),
        (
            header::CONTENT_DISPOSITION,
            disposition(&sample.name, sound),
        ),
    ];
    Ok((headers, Body::from_stream(file.content)).into_response())
}

/// Deletes the voice sample.
#[utoipa::path(
    delete, operation_id = "delete_voice_sample", path = "/api/clients/{id}/voice-sample", tag = "clients",
    params(("id" = Uuid, Path, description = "The client")),
    responses((status = 200, description = "The client without a sample", body = Client), MissingProblem, WriteProblems)
)]
pub async fn delete(
    State(api): State<Api>,
    viewer: Viewer,
    Path(id): Path<String>,
    given: Parameters,
) -> Result<Response, Problem> {
    viewer.require(Right::EditClients)?;
    let id = parameters::path_id("id", &id)?;
    given.finish()?;
    let (by, now) = (viewer.clone(), clock::now());
    let database = api.database().clone();
    let change = async move {
        viewer
            .write(&database, move |db| {
                Box::pin(async move {
                    let (client, old) = swap(db, &by, now, id, None).await?;
                    old.map(|old| (client, old)).ok_or_else(no_sample)
                })
            })
            .await
    };
    let deleted = to_its_end(async move {
        let (client, old) = change.await?;
        throw_away(&api, Some(old)).await;
        Ok::<_, Problem>(client)
    });
    let client = deleted.await?;
    Ok(answer::json(answer::written(&client, 4096)))
}

/// Deletes every sample of an account that is gone, those that no row names as well.
///
/// # Errors
/// When the store is away; then it is worth another try.
pub(crate) async fn erase(files: &Files, account: Uuid) -> Result<usize, FileError> {
    files.delete_below(&folder(account)).await
}

/// Deletes a file that no row names any more. The change it follows from is made, so a store that is
/// away now is only written to the log.
pub(super) async fn throw_away(api: &Api, key: Option<String>) {
    if let Some(key) = key
        && let Err(error) = api.files().delete(&key).await
    {
        tracing::warn!(key, error = %anyhow::Error::from(error), "a voice sample is left in the store");
    }
}

/// The whole body. One that says it is too large is not listened to.
async fn received(request: Request, place: &mut Place) -> Result<Bytes, Problem> {
    let declared = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if declared.is_some_and(|bytes| bytes > LARGEST) {
        return Err(Problem::too_large(TOO_LARGE));
    }
    // Room that nothing was written to is no memory yet.
    let mut content = BytesMut::with_capacity(declared.unwrap_or_default());
    let mut pieces = request.into_body().into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|error| body::unread(&error, StatusCode::BAD_REQUEST))?;
        let bytes = content.len() + piece.len();
        if bytes > LARGEST {
            return Err(Problem::too_large(TOO_LARGE));
        }
        place.hold(bytes)?;
        content.extend_from_slice(&piece);
    }
    Ok(content.freeze())
}

/// The sample of a client; 404 when there is no such client.
async fn sample_of(api: &Api, viewer: &Viewer, id: Uuid) -> Result<Option<StoredSample>, Problem> {
    let read = viewer.read(api.database(), Plan::Fixed, id, |db, id| {
        Box::pin(row::one(db, *id))
    });
    let client = read.await?.ok_or_else(missing)?;
    Ok(client.voice_sample.map(|sample| sample.0))
}

/// Names another sample, or none; gives the key of the one before.
async fn swap(
    db: &mut PgConnection,
    viewer: &Viewer,
    now: DateTime<Utc>,
    id: Uuid,
    sample: Option<StoredSample>,
) -> Result<(Client, Option<String>), Problem> {
    lock::take(db, viewer.account()).await?;
    let before = row::one(db, id).await?.ok_or_else(missing)?;
    if sample.is_some() {
        change::allow_another(db, now, id).await?;
    }
    let name = |sample: Option<&StoredSample>| sample.map(|sample| sample.name.clone());
    let old = before.voice_sample.as_ref().map(|sample| &sample.0);
    let changes = change::of_one("voice_sample", name(old), name(sample.as_ref()));
    sqlx::query!(
        "update account.clients set voice_sample = $2, updated_at = $3 where id = $1",
        id,
        sample.map(Json) as _,
        now,
    )
    .execute(&mut *db)
    .await?;
    let kind = ChangeKind::VoiceSample;
    change::write_down(db, viewer, now, id, kind, &changes, &before.settings()).await?;
    let row = row::one(db, id).await?.ok_or_else(Problem::internal)?;
    Ok((row.into(), before.voice_sample.map(|sample| sample.0.key)))
}

fn folder(account: Uuid) -> String {
    format!("voice-samples/{account}")
}

/// What is shown of a file's name: its last part, readable, never empty.
fn shown_name(given: Option<&HeaderValue>, sound: Sound) -> String {
    let decoded = given.map(|value| percent_decode(value.as_bytes()).decode_utf8_lossy());
    let last = decoded
        .as_deref()
        .and_then(|name| name.rsplit(['/', '\\']).next())
        .unwrap_or_default();
    let name = text::shown(last, LONGEST_FILE_NAME);
    match name.trim_matches(['.', ' ']) {
        "" => format!("voice-sample.{}", sound.ending),
        _ => name,
    }
}

/// A download, by its name where that is plain, and by its name in any alphabet (RFC 6266).
fn disposition(name: &str, sound: Sound) -> HeaderValue {
    let encoded = utf8_percent_encode(name, NON_ALPHANUMERIC);
    let ending = sound.ending;
    let text =
        format!("attachment; filename=\"voice-sample.{ending}\"; filename*=UTF-8''{encoded}");
    HeaderValue::from_str(&text).expect("letters, digits and percent signs fit a header")
}

fn no_sample() -> Problem {
    Problem::not_found("this client has no voice sample")
}

fn store_failed(error: FileError) -> Problem {
    let is_missing = matches!(error, FileError::Missing);
    // Also when it is missing: the row names it, so the store lost it.
    tracing::error!(error = %format!("{:#}", anyhow::Error::from(error)), "a voice sample cannot be stored or read");
    match is_missing {
        true => no_sample(),
        false => Problem::unavailable("the file store is away"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(header: &'static [u8]) -> String {
        let sound = Sound::known("audio/wav").unwrap();
        let value = HeaderValue::from_bytes(header).unwrap();
        let name = shown_name(Some(&value), sound);
        // Whatever it is, a header can carry it back.
        assert!(
            disposition(&name, sound)
                .to_str()
                .unwrap()
                .starts_with("attachment; ")
        );
        name
    }

    #[test]
    fn a_file_is_called_what_can_be_shown_of_its_name() {
        for (header, name) in [
            (&b"my%20voice.wav"[..], "my voice.wav"),
            (b"%F0%9F%A6%B7%20Z%C3%BCrich.wav", "🦷 Zürich.wav"),
            (b"..%2F..%2Fetc%2Fpasswd", "passwd"),
            (b"C:\\Users\\ada\\voice.wav", "voice.wav"),
            (b"a%0D%0Ab%22%3B%20x%3D.wav", "ab\"; x=.wav"),
            (b"a%E2%80%AEvaw.exe", "avaw.exe"),
            (b"%00", "voice-sample.wav"),
            (b"..", "voice-sample.wav"),
            (b"a%2F", "voice-sample.wav"),
            (b"%FF%FE", "voice-sample.wav"),
            (b"%3Cscript%3E.wav", "<script>.wav"),
        ] {
            assert_eq!(shown(header), name);
        }
        assert_eq!(shown(b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx").len(), 100);
        assert_eq!(
            shown_name(None, Sound::known("audio/mp4").unwrap()),
            "voice-sample.m4a"
        );
    }
}
