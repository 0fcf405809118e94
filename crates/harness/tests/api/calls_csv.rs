//! Calls as a file: exactly what is filtered, whole or visibly broken, and no formula in it.

use crate::{
    person::Person,
    search::crowd,
    stage::Stage,
    story::{Story, analysis},
};
use frontdesk_harness::eventually;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;

/// The rows of a file by title.
fn rows(text: &str) -> Vec<csv::StringRecord> {
    let text = text.strip_prefix('\u{feff}').unwrap();
    csv::Reader::from_reader(text.as_bytes())
        .records()
        .map(Result::unwrap)
        .collect()
}

fn column(text: &str, title: &str) -> Vec<String> {
    let text_without_mark = text.strip_prefix('\u{feff}').unwrap();
    let mut file = csv::Reader::from_reader(text_without_mark.as_bytes());
    let place = file
        .headers()
        .unwrap()
        .iter()
        .position(|found| found == title)
        .unwrap();
    rows(text).iter().map(|row| row[place].to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_calls_that_are_filtered_and_no_formula() {
    let stage = Stage::set().await;
    stage.reception().await;
    let mut report = analysis("success", "positive", Some(12_050));
    report["summary"] = "=HYPERLINK(\"https://evil.example\",\"a, b\")\nsecond line".into();
    let booked = Story {
        report,
        recorded: true,
        ..Story::new("booked")
    };
    let gone = Story {
        answered: None,
        left: Some((9, "hangup")),
        caller: "anonymous",
        ..Story::new("gone")
    };
    stage.tell(&[booked.events(), gone.events()].concat()).await;

    let answer = stage.get("/api/calls.csv?result=answered").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"calls.csv\""
    );
    let text = &answer.text;
    for (title, expected) in [
        ("started_at", "2026-11-20T12:00:00.000Z"),
        ("business", "smile"),
        ("caller_number", "'+15105550100"),
        ("dialled_number", "'+14155550123"),
        ("channel", "phone"),
        ("direction", "inbound"),
        ("result", "answered"),
        ("ring_s", "4"),
        ("talk_s", "60"),
        ("outcome", "success"),
        ("revenue", "120.50"),
        ("currency", "USD"),
        ("sentiment", "positive"),
        (
            "summary",
            "'=HYPERLINK(\"https://evil.example\",\"a, b\")\nsecond line",
        ),
        ("has_recording", "true"),
        ("transferred_to", ""),
    ] {
        assert_eq!(column(text, title), [expected], "{title}");
    }
    assert_eq!(
        column(text, "id"),
        stage.ids("/api/calls?result=answered").await
    );
    let whole = stage.get("/api/calls.csv").await;
    assert_eq!(column(&whole.text, "id"), stage.ids("/api/calls").await);
    assert_eq!(
        column(&whole.text, "caller_number")
            .iter()
            .filter(|cell| cell.is_empty())
            .count(),
        1
    );
    let none = stage.get("/api/calls.csv?result=failed").await;
    assert_eq!(
        (none.status, rows(&none.text).len()),
        (200, 0),
        "the titles alone"
    );
    for bad in ["limit=5", "cursor=x", "colour=red", "q=%F0%9F%A6%B7"] {
        assert_eq!(
            stage.get(&format!("/api/calls.csv?{bad}")).await.status,
            400,
            "{bad}"
        );
    }
    assert_eq!(
        stage.get("/api/calls.csv?unassigned=true").await.status,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_is_one_file_with_each_call_once() {
    let stage = Stage::set().await;
    crowd(&stage, stage.owner().id, 12_345).await;
    let newest_first: Vec<String> = (1..=12_345).map(|n| format!("Call {n}")).collect();
    let file = stage.get("/api/calls.csv").await;
    assert_eq!(column(&file.text, "summary"), newest_first);
    for (query, every) in [
        ("q=every2", 2),
        ("q=every30", 30),
        ("q=every700", 700),
        ("result=missed&q=every2", 10),
    ] {
        let file = stage.get(&format!("/api/calls.csv?{query}")).await;
        let expected: Vec<_> = (1..=12_345)
            .filter(|n| n % every == 0)
            .map(|n| format!("Call {n}"))
            .collect();
        assert_eq!(column(&file.text, "summary"), expected, "{query}");
    }
}

/// Asks for a file and reads its beginning alone.
pub(crate) async fn begun(request: RequestBuilder) -> Response {
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.chunk().await.unwrap().unwrap().is_empty());
    response
}

fn all_calls(person: &Person) -> RequestBuilder {
    person.request(Method::GET, "/api/calls.csv")
}

/// Reads on to the end: how many lines there were, and whether it was cut off.
pub(crate) async fn rest(mut file: Response) -> (usize, bool) {
    let mut lines = 0;
    loop {
        match file.chunk().await {
            Ok(Some(chunk)) => lines += chunk.iter().filter(|byte| **byte == b'\n').count(),
            Ok(None) => return (lines, false),
            Err(_) => return (lines, true),
        }
    }
}

/// A file far longer than what sockets hold on the way.
async fn many_calls(stage: &Stage) -> usize {
    const CALLS: usize = 60_000;
    crowd(stage, stage.owner().id, CALLS as i64).await;
    let longer = "update calls.calls set summary = repeat('so much was said ', 40)";
    stage.client.batch_execute(longer).await.unwrap();
    CALLS
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_read_no_faster_than_it_is_taken() {
    let stage = Stage::set().await;
    let calls = many_calls(&stage).await;
    let file = begun(all_calls(stage.owner())).await;
    // Nobody reads on, so the api soon waits, and holds no session while it does.
    let busy = "select count(*) from pg_stat_activity
        where datname = current_database() and application_name = 'frontdesk api' and state <> 'idle'";
    eventually("no session is held for a reader who waits", async || {
        let count: i64 = stage.client.query_one(busy, &[]).await.unwrap().get(0);
        (count == 0).then_some(())
    })
    .await;
    // What it had read ahead still comes. The rest is gone, so it was not read.
    stage
        .client
        .batch_execute("delete from calls.calls")
        .await
        .unwrap();
    let (lines, is_cut_off) = rest(file).await;
    assert!(!is_cut_off);
    assert!(
        lines < calls / 2,
        "{lines} of {calls} calls were read ahead"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_finished_does_not_look_whole() {
    let stage = Stage::set().await;
    many_calls(&stage).await;
    let file = begun(all_calls(stage.owner())).await;
    stage
        .client
        .batch_execute("revoke select on calls.calls from frontdesk_api")
        .await
        .unwrap();
    let (_, is_cut_off) = rest(file).await;
    assert!(is_cut_off);
    stage
        .client
        .batch_execute("grant select on calls.calls to frontdesk_api")
        .await
        .unwrap();
    drop(begun(all_calls(stage.owner())).await);
    assert_eq!(
        stage.get("/api/calls?limit=1").await.status,
        200,
        "and a reader who hangs up leaves nothing behind"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_cut_off_when_the_right_to_it_ends() {
    let stage = Stage::set().await;
    let calls = many_calls(&stage).await;
    let owner = stage.owner();
    let signed_out = stage.sign_in(owner.id).await;
    let (removed, moved) = (
        stage.member(owner.id, "reader").await,
        stage.member(owner.id, "reader").await,
    );
    let body = json!({ "name": "a test", "scopes": ["calls:read"] });
    let key = owner.post("/api/keys", &body).await.json();
    let of_key = stage.request(Method::GET, "/api/calls.csv");
    let of_key = of_key.bearer_auth(key["key"].as_str().unwrap());
    let stays = begun(all_calls(owner)).await;
    let files = [
        ("signed out", begun(all_calls(&signed_out)).await),
        ("no member any more", begun(all_calls(&removed)).await),
        ("in another account", begun(all_calls(&moved)).await),
        ("a key that was revoked", begun(of_key).await),
    ];
    let out = signed_out
        .send(Method::POST, "/api/auth/logout", None)
        .await;
    let gone = owner.delete(&format!("/api/members/{}", removed.id)).await;
    let elsewhere = json!({ "account_id": moved.id });
    let elsewhere = moved.post("/api/auth/account", &elsewhere).await;
    let revoked = format!("/api/keys/{}", key["id"].as_str().unwrap());
    let revoked = owner.delete(&revoked).await;
    let done = [out, gone, elsewhere, revoked].map(|answer| answer.status);
    assert_eq!(done, [204, 204, 200, 204]);
    for (what, file) in files {
        let (lines, is_cut_off) = rest(file).await;
        assert!(is_cut_off, "{what}: {lines} of {calls} calls");
    }
    let (lines, is_cut_off) = rest(stays).await;
    assert!(!is_cut_off && lines > calls / 2, "{lines} of {calls} calls");
}
