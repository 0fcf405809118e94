//! Voice samples: what is taken, how it comes back, and where it lies.

use crate::{
    desk::{make, path, problem, subscribe, told},
    person::{Answer, Person, read},
    stage::Stage,
};
use frontdesk_harness::{eventually, guard::Guarded, nats::free_port};
use frontdesk_process::files::FileArgs;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    io::Write as _,
    path::{Path, PathBuf},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// A second of silence.
fn wav() -> Vec<u8> {
    let mut file = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\x1f\0\0".to_vec();
    file.resize(file.len() + 8000, 0x80);
    file
}

fn beginning_with(bytes: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.resize(4096, 0);
    file
}

async fn upload(person: &Person, client: &Value, name: &str, content: Vec<u8>) -> Answer {
    let request = person
        .request(Method::PUT, &path(client, "/voice-sample"))
        .header("content-type", "audio/wav")
        .header("x-file-name", name)
        .body(content);
    read(request.send().await.unwrap()).await
}

/// The bytes of a sample, and what is said of them.
async fn fetch(person: &Person, client: &Value) -> (HeaderMap, Vec<u8>) {
    let request = person
        .request(Method::GET, &path(client, "/voice-sample"))
        .header("accept-encoding", "br, gzip");
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    (
        response.headers().clone(),
        response.bytes().await.unwrap().to_vec(),
    )
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_comes_back_as_it_was_as_a_download_that_no_browser_shows() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    assert_eq!(
        olivia.get(&path(&client, "/voice-sample")).await.status,
        404
    );
    let uploaded = upload(
        olivia,
        &client,
        "..%2F..%2Fm%C3%BC%22y%0d%0avoice.wav",
        wav(),
    )
    .await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text);
    let sample = uploaded.json()["voice_sample"].clone();
    assert_eq!(sample["name"], "mü\"yvoice.wav");
    assert_eq!(
        (&sample["type"], &sample["bytes"]),
        (&json!("audio/wav"), &json!(wav().len()))
    );
    assert!(
        sample.get("key").is_none(),
        "where it lies is nobody's business"
    );
    let (headers, content) = fetch(olivia, &client).await;
    assert_eq!(content, wav());
    let said = |name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(said("content-type"), "audio/wav");
    assert_eq!(said("x-content-type-options"), "nosniff");
    assert_eq!(said("cache-control"), "no-store");
    assert!(
        !headers.contains_key("content-encoding"),
        "sound is not compressed again"
    );
    let disposition = said("content-disposition");
    assert!(disposition.starts_with("attachment; "), "{disposition}");
    assert!(
        disposition.ends_with("filename*=UTF-8''m%C3%BC%22yvoice%2Ewav"),
        "{disposition}"
    );
    let reader = stage.member(olivia.id, "reader").await;
    assert_eq!(fetch(&reader, &client).await.1, wav());
    let refused = upload(&reader, &client, "x.wav", wav()).await;
    assert_eq!(problem(&refused), (403, "forbidden".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_sample_takes_the_place_of_the_one_before_and_none_is_left_behind() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    upload(olivia, &client, "first.wav", wav()).await;
    let first = files(stage.directory());
    assert_eq!(first.len(), 1);
    assert!(
        !first[0].to_string_lossy().contains("first"),
        "names are text and no paths"
    );
    let flac = beginning_with(b"fLaC\0\0\0\x22");
    let second = upload(olivia, &client, "second.flac", flac.clone())
        .await
        .json();
    assert_eq!(second["voice_sample"]["type"], "audio/flac");
    let kept = files(stage.directory());
    assert_eq!(kept.len(), 1);
    assert_ne!(kept, first);
    assert_eq!(fetch(olivia, &client).await.1, flac);
    let deleted = olivia.delete(&path(&client, "/voice-sample")).await;
    assert_eq!(deleted.json()["voice_sample"], Value::Null);
    assert_eq!(files(stage.directory()).len(), 0);
    assert_eq!(
        olivia.delete(&path(&client, "/voice-sample")).await.status,
        404
    );
    upload(olivia, &client, "third.wav", wav()).await;
    olivia.delete(&path(&client, "")).await;
    assert_eq!(files(stage.directory()).len(), 0, "it goes with its client");
    let history = olivia.json(&path(&client, "/history")).await;
    let changes: Vec<&Value> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["changes"]["voice_sample"])
        .collect();
    assert_eq!(
        changes[3],
        &json!({ "from": "first.wav", "to": "second.flac" })
    );
    assert_eq!(changes[2], &json!({ "from": "second.flac", "to": null }));
    assert_eq!(
        told(&stage, "dev.frontdesk.client.changed.v1").await.len(),
        4
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_in_the_middle_of_a_change_leaves_no_file_behind() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-PRO").await;
    let sql = "select pg_advisory_lock(hashtextextended('account ' || $1::text, 0))";
    let holder = stage.database.client().await;
    for rest in ["/voice-sample", ""] {
        let client = make(olivia, &format!("Bright Smile {rest}")).await;
        upload(olivia, &client, "voice.wav", wav()).await;
        assert_eq!(files(stage.directory()).len(), 1);
        holder
            .execute(sql, &[&olivia.id.to_string()])
            .await
            .unwrap();
        let place = path(&client, rest);
        let deleting = olivia.request(Method::DELETE, &place).send();
        let waits = "select from pg_stat_activity where datname = current_database()
                     and wait_event_type = 'Lock' and wait_event = 'advisory'";
        let is_waiting = eventually("the change waits for the account", async || {
            let waiting = stage.client.query(waits, &[]).await.unwrap();
            (!waiting.is_empty()).then_some(())
        });
        tokio::select! {
            _ = deleting => panic!("it went past the lock"),
            () = is_waiting => {}
        }
        holder
            .execute("select pg_advisory_unlock_all()", &[])
            .await
            .unwrap();
        eventually("the sample is gone from the store", async || {
            files(stage.directory()).is_empty().then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_sound_is_refused_whatever_it_is_called() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    for content in [
        beginning_with(b"<!doctype html><script>alert(1)</script>"),
        beginning_with(b"<svg onload=alert(1)>"),
        beginning_with(b"%PDF-1.7"),
        beginning_with(b"PK\x03\x04"),
        beginning_with(b"MZ"),
        beginning_with(b"\0\0\0\x20ftypisom"),
        beginning_with(b"RIFF\x64\x1f\0\0AVI LIST"),
        beginning_with(b"\0"),
        wav()[..44].to_vec(),
        Vec::new(),
    ] {
        let beginning = content[..content.len().min(20)].to_vec();
        let refused = upload(olivia, &client, "voice.wav", content).await;
        assert_eq!(
            problem(&refused),
            (415, "not-sound".into()),
            "{beginning:?}"
        );
    }
    // A sound with a page in its tag is a sound, and comes back as nothing else.
    let polyglot = beginning_with(b"ID3\x04\0\0\0\0\0\x7f<html><script>alert(1)</script></html>");
    let taken = upload(olivia, &client, "%3Cscript%3E.html", polyglot.clone()).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    let (headers, content) = fetch(olivia, &client).await;
    assert_eq!(content, polyglot);
    assert_eq!(headers["content-type"], "audio/mpeg");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(
        headers["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment")
    );
    assert!(
        headers["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_mebibytes_are_taken_and_no_byte_more() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    let mut content = wav();
    content.resize(10 * 1024 * 1024, 0x80);
    let largest = upload(olivia, &client, "large.wav", content.clone()).await;
    assert_eq!(largest.status, 200, "{}", largest.text);
    content.push(0x80);
    let larger = upload(olivia, &client, "larger.wav", content.clone()).await;
    assert_eq!(problem(&larger), (413, "too-large".into()));
    assert!(larger.text.contains("10 MiB"), "{}", larger.text);
    // Without a length there is nothing to believe, and it is counted.
    let pieces: Vec<Result<Vec<u8>, std::io::Error>> = content
        .chunks(1 << 20)
        .map(|piece| Ok(piece.to_vec()))
        .collect();
    let chunked = olivia
        .request(Method::PUT, &path(&client, "/voice-sample"))
        .body(reqwest::Body::wrap_stream(futures::stream::iter(pieces)));
    // The server answers before it has read all: the client may meet the end of the connection first.
    if let Ok(answer) = chunked.send().await {
        assert_eq!(answer.status(), 413);
    }
    let kept = olivia.json(&path(&client, "")).await;
    assert_eq!(kept["voice_sample"]["name"], "large.wav");
    let elsewhere = olivia
        .post("/api/clients", &json!({ "name": "x".repeat(70_000) }))
        .await;
    assert_eq!(
        problem(&elsewhere),
        (413, "too-large".into()),
        "other routes keep their bound"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_breaks_off_leaves_what_was_there() {
    let stage = Stage::set().await;
    let olivia = stage.owner();
    let client = make(olivia, "Bright Smile").await;
    upload(olivia, &client, "whole.wav", wav()).await;
    let address = stage.address();
    for ending in [true, false] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "PUT {} HTTP/1.1\r\nhost: localhost\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ncontent-length: 8044\r\n\r\n",
            path(&client, "/voice-sample"),
            olivia.cookie
        );
        connection.write_all(head.as_bytes()).await.unwrap();
        connection.write_all(&wav()[..4000]).await.unwrap();
        if ending {
            connection.shutdown().await.unwrap();
            let mut answer = String::new();
            let _ = connection.read_to_string(&mut answer).await;
            assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
        }
    }
    // Its place is free again, and the sample is the one before.
    eventually("another upload has a place", async || {
        let answer = upload(olivia, &client, "whole.wav", wav()).await;
        (answer.status == 200).then_some(())
    })
    .await;
    assert_eq!(fetch(olivia, &client).await.1, wav());
    assert_eq!(files(stage.directory()).len(), 1);
}

/// moto, a server that speaks S3; `None` with a line that says what is missing.
async fn s3() -> Option<(Guarded, FileArgs)> {
    let python = std::env::var_os("FRONTDESK_PYTHON").map(PathBuf::from);
    let Some(python) = python.filter(|path| path.exists()) else {
        // Past the test's captured output: a run that checked nothing must show it.
        let said = writeln!(
            std::io::stderr(),
            "SKIPPED: no Python with moto is here (make test installs it)"
        );
        said.unwrap();
        return None;
    };
    let port = free_port();
    let log = std::env::temp_dir().join(format!("frontdesk-s3-{port}.log"));
    let port_text = port.to_string();
    let command = [
        python.to_str().unwrap(),
        "-m",
        "moto.server",
        "-H",
        "127.0.0.1",
        "-p",
        &port_text,
    ];
    let server = Guarded::start(&command, &log, None);
    let endpoint = format!("http://127.0.0.1:{port}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    eventually("the bucket is there", async || {
        let made = http.put(format!("{endpoint}/bucket")).send().await.ok()?;
        made.status().is_success().then_some(())
    })
    .await;
    let args = FileArgs {
        aws_endpoint_url: Some(endpoint),
        aws_access_key_id: Some("id".into()),
        aws_secret_access_key: Some("secret".into()),
        ..FileArgs::directory("s3://bucket/of-tests")
    };
    Some((server, args))
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_lie_in_a_store_that_speaks_s3_as_well_as_on_disk() {
    let Some((server, args)) = s3().await else {
        return;
    };
    let endpoint = args.aws_endpoint_url.clone().unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let listed = async || {
        let url = format!("{endpoint}/bucket?list-type=2");
        let text = http.get(url).send().await.unwrap().text().await.unwrap();
        text.matches("<Key>of-tests/voice-samples/").count()
    };
    let stage = Stage::set_with(|api| api.files = args).await;
    let olivia = stage.owner();
    subscribe(&stage, "olivia", "P-PRO").await;
    let (client, other) = (
        make(olivia, "Bright Smile").await,
        make(olivia, "Second").await,
    );
    let mut large = wav();
    large.resize(10 * 1024 * 1024, 0x80);
    let uploaded = upload(olivia, &client, "voice.wav", large.clone()).await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text);
    assert_eq!(fetch(olivia, &client).await.1, large);
    upload(olivia, &client, "voice.wav", wav()).await;
    upload(olivia, &other, "voice.wav", wav()).await;
    assert_eq!(listed().await, 2);
    assert_eq!(fetch(olivia, &client).await.1, wav());
    olivia.delete(&path(&client, "/voice-sample")).await;
    assert_eq!(listed().await, 1);
    drop(server);
    let away = upload(olivia, &client, "voice.wav", wav()).await;
    assert_eq!(problem(&away), (503, "unavailable".into()));
    assert!(!away.text.contains("127.0.0.1"), "{}", away.text);
    let away = read(
        olivia
            .request(Method::GET, &path(&other, "/voice-sample"))
            .send()
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(problem(&away), (503, "unavailable".into()));
    assert_eq!(
        olivia.json(&path(&client, "")).await["voice_sample"],
        Value::Null
    );
}
