//! Looking for what was said: words to calls and places, whichever way they are found.

use crate::{
    person::Person,
    stage::Stage,
    story::{Story, at},
};
use chrono::TimeDelta;
use frontdesk_events::Envelope;
use reqwest::Url;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A path that asks for this, whatever is in it.
fn asking(q: &str) -> String {
    let url = Url::parse_with_params("http://localhost/api/calls", [("q", q)]).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

/// A call and what was said on it, by the caller and the receptionist in turn.
fn told(story: &Story, turns: &[&str]) -> Vec<Envelope> {
    let items: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(n, text)| {
            let role = ["user", "assistant"][n % 2];
            json!({ "id": format!("i{n}"), "type": "message", "role": role, "text": text, "createdAt": 1_795_194_244 + n })
        })
        .collect();
    let mut events = story.events();
    events.push(story.report("call.transcript", 60, json!({ "part": 0, "items": items })));
    events
}

/// The rooms of the calls that are found, newest first.
async fn rooms(person: &Person, path: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for id in person.ids(path).await {
        let one = person.json(&format!("/api/calls/{id}")).await;
        let sid = one["call"]["room_sid"].as_str().unwrap();
        rooms.push(sid.trim_start_matches("RM_").to_owned());
    }
    rooms
}

/// Pieces with the hits in brackets.
fn marked(hit: &Value) -> String {
    let piece = |piece: &Value| {
        let text = piece["text"].as_str().unwrap();
        match piece["hit"].as_bool().unwrap() {
            true => format!("[{text}]"),
            false => text.to_owned(),
        }
    };
    hit["pieces"]
        .as_array()
        .unwrap()
        .iter()
        .map(piece)
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_found_by_what_was_said_on_them_and_shown_where() {
    let stage = Stage::set().await;
    stage.reception().await;
    let tooth = Story::new("tooth");
    let cafe = Story {
        started: tooth.started + TimeDelta::hours(1),
        left: Some((9, "hangup")),
        answered: None,
        ..Story::new("cafe")
    };
    let mut events = told(
        &tooth,
        &[
            "Hello, my tooth hurts",
            "Good morning. Next Tuesday at ten?",
            "Tuesday? Next week, yes. My <b>TOOTH</b> hurts & hurts!",
            "Tuesday it is.",
            "Tuesday, Tuesday.",
        ],
    );
    events.extend(told(
        &cafe,
        &["Is this the Café Zoë?", "No. The cafeteria is next door"],
    ));
    events.push(tooth.report(
        "call.transcript",
        61,
        json!({ "part": 1, "items": [
            { "id": "t1", "type": "function_call", "call_id": "c1", "name": "book", "arguments": "{\"day\":\"wednesday\"}" },
            { "id": "t2", "type": "message", "role": "system", "text": "Be kind to strangers" },
        ] }),
    ));
    stage.tell(&events).await;

    for (q, expected) in [
        ("tooth", &["tooth"][..]),
        ("TOOTH tuesday", &["tooth"]),
        ("next", &["cafe", "tooth"]),
        ("next zoe", &["cafe"]),
        ("tooth zoe", &[]),
        ("cafe", &["cafe"]),
        ("CAFÉ", &["cafe"]),
        ("cafe*", &["cafe"]),
        ("toot", &[]),
        ("toot*", &["tooth"]),
        ("to*", &[]),
        ("\"next tuesday\"", &["tooth"]),
        ("\"tuesday next\"", &["tooth"]),
        ("\"ten tuesday\"", &[]),
        ("\"hurts good\"", &[]),
        ("\"next tue*\"", &["tooth"]),
        ("\"next tue\"", &[]),
        ("wednesday", &[]),
        ("kind", &[]),
        ("appointment", &[]),
    ] {
        assert_eq!(rooms(stage.owner(), &asking(q)).await, expected, "{q}");
    }
    for (filter, expected) in [
        ("result=answered", &["tooth"][..]),
        ("result=abandoned", &["cafe"]),
        ("number=0123&state=ended", &["cafe", "tooth"]),
        ("number=999", &[]),
        ("to=2026-11-20T12:30:00Z", &["tooth"]),
        ("has_recording=true", &[]),
        ("min_talk_ms=1", &["tooth"]),
        ("sentiment=unknown", &["cafe", "tooth"]),
    ] {
        let path = format!("{}&{filter}", asking("next"));
        assert_eq!(rooms(stage.owner(), &path).await, expected, "{filter}");
    }

    let list = stage.json(&asking("tooth tuesday")).await;
    let hits = list["items"][0]["hits"].as_array().unwrap();
    let shown: Vec<_> = hits.iter().map(marked).collect();
    assert_eq!(
        shown,
        [
            "Hello, my [tooth] hurts",
            "Good morning. Next [Tuesday] at ten?",
            "[Tuesday]? Next week, yes. My <b>[TOOTH]</b> hurts & hurts!",
        ]
    );
    let id = list["items"][0]["id"].as_str().unwrap();
    let one = stage.json(&format!("/api/calls/{id}")).await;
    for (n, hit) in hits.iter().enumerate() {
        let turn = &one["turns"][n];
        assert_eq!(
            (&hit["turn_id"], &hit["speaker"], &hit["at"]),
            (&turn["id"], &turn["speaker"], &turn["at"])
        );
    }
    let list = stage.json("/api/calls").await;
    assert_eq!(
        list["items"][0]["hits"],
        Value::Null,
        "nothing was looked for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transcript_that_comes_in_parts_and_twice_is_found_by_all_of_it() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("parts");
    let part = |part: i64, text: &str| {
        let item =
            json!({ "id": format!("p{part}"), "type": "message", "role": "user", "text": text });
        story.report(
            "call.transcript",
            60 + part,
            json!({ "part": part, "items": [item] }),
        )
    };
    // Before anybody knows whose call it is.
    stage.tell(&[part(1, "the second half")]).await;
    assert_eq!(stage.ids(&asking("second")).await, [""; 0]);
    stage.tell(&story.events()).await;
    stage
        .tell(&[part(0, "the first half"), part(1, "the second half")])
        .await;
    for q in ["second", "first", "first second half"] {
        assert_eq!(stage.ids(&asking(q)).await.len(), 1, "{q}");
    }
    assert_eq!(stage.ids(&asking("\"half the\"")).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_is_a_mistake_of_ours() {
    let stage = Stage::set().await;
    stage.reception().await;
    stage
        .tell(&told(&Story::new("odd"), &["a & b | c 'd' \\e the שלום"]))
        .await;
    let long = "x".repeat(10_000);
    let many = "word ".repeat(90);
    for (q, status) in [
        ("", 400),
        (" ", 400),
        ("…", 400),
        ("&|!():*<->", 400),
        ("\"\"", 400),
        ("🦷", 400),
        ("a\0b", 400),
        (long.as_str(), 400),
        ("a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3 b4 b5 b6 b7 b8", 400),
        (many.as_str(), 200),
        ("a & | b", 200),
        ("a <-> b", 200),
        ("!a", 200),
        ("'", 400),
        ("'d'", 200),
        ("\\e", 200),
        ("'); drop table calls.calls; --", 200),
        ("'@00000000-0000-0000-0000-000000000000'", 200),
        ("the", 200),
        ("שָׁלוֹם", 200),
        ("\u{202e}שלום", 200),
        ("%", 400),
        ("a%", 200),
        ("\u{fffd}", 400),
        ("***", 400),
        ("a:*", 200),
        ("\"", 400),
        ("\"a", 200),
    ] {
        let answer = stage.get(&asking(q)).await;
        let shown: String = q.chars().take(60).collect();
        assert_eq!(answer.status, status, "{shown}: {}", answer.text);
        if status == 400 {
            assert_eq!(answer.json()["errors"][0]["field"], "q", "{shown}");
        }
    }
    for q in ["a & | b", "'d' \\e", "the", "שָׁלוֹם", "\u{202e}שלום"] {
        assert_eq!(stage.ids(&asking(q)).await.len(), 1, "{q}");
    }
    assert_eq!(stage.get("/api/calls?q=a&q=b").await.status, 400);
    assert_eq!(stage.get("/api/calls?q=%ff").await.status, 400);
}

/// Thousands of calls of an account, newest first by number, each with the words that its number
/// divides by; and `once` on the oldest of them. In the database: so many events take minutes.
pub(crate) async fn crowd(stage: &Stage, account: Uuid, calls: i64) {
    let fill = "
        with made as (
            select n, gen_random_uuid() as id from generate_series(1, $2::bigint) n
        ), told as (
            insert into calls.calls (id, room_sid, partition, room_name, call_key, user_id, channel, direction, caller_number, state,
                result, started_at, ended_at, talk_ms, sentiment_label, summary)
            select id, 'RM_' || id, 0, 'call', 'SCL_' || id, $1, 'phone', case when n % 40 = 0 then 'outbound' else 'inbound' end, '+1202555' || lpad((n % 500)::text, 4, '0'), 'ended',
                case when n % 5 = 0 then 'missed' else 'answered' end, timestamptz '2026-11-20 12:00Z' - n * interval '1 min',
                timestamptz '2026-11-20 12:01Z' - n * interval '1 min', n * 10,
                case when n % 9 = 0 then 'negative' end, 'Call ' || n
            from made
        )
        insert into calls.said (call_id, user_id, words)
        select id, $1, to_tsvector('simple', concat_ws(' ', 'good morning',
                (select string_agg('every' || every, ' ') from unnest(array[2, 30, 700]) every where n % every = 0),
                case when n > $2 - 300 then 'old' end, case when n = $2 then 'once' end))
            || format('''@%1$s'' ''@%1$s/%2$s''', $1::uuid, day)::tsvector
        from made, lateral (
            select floor(extract(epoch from timestamptz '2026-11-20 12:00Z' - n * interval '1 min') / 86400) as day
        ) joined";
    stage
        .client
        .execute(fill, &[&account, &calls])
        .await
        .unwrap();
    stage
        .client
        .batch_execute("analyze calls.calls; analyze calls.said")
        .await
        .unwrap();
}

/// All ids over all pages.
async fn all(person: &Person, path: &str) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.json(&format!("{path}&limit=100{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_ways_find_the_same_calls_in_the_same_order() {
    let stage = Stage::set().await;
    let (owner, other) = (stage.owner(), stage.person("other").await);
    crowd(&stage, owner.id, 6_000).await;
    crowd(&stage, other.id, 2_500).await;
    let mut found = BTreeSet::new();
    for q in [
        "good",
        "every2",
        "every30",
        "every700",
        "old",
        "once",
        "every30 every700",
        "\"good morning\" old",
        "never",
    ] {
        for (filter, condition) in [
            ("", "true"),
            ("&result=missed", "result = 'missed'"),
            ("&sentiment=negative", "sentiment_label = 'negative'"),
            ("&direction=outbound", "direction = 'outbound'"),
            (
                "&direction=inbound&result=missed",
                "direction = 'inbound' and result = 'missed'",
            ),
            ("&number=0007", "caller_number like '%0007%'"),
            ("&min_talk_ms=59000", "talk_ms >= 59000"),
            (
                "&max_talk_ms=3000&result=answered",
                "talk_ms <= 3000 and result = 'answered'",
            ),
            (
                "&from=2026-11-18T00:00:00Z&to=2026-11-19T00:00:00Z",
                "started_at >= '2026-11-18' and started_at < '2026-11-19'",
            ),
        ] {
            let words = q.replace("\"good morning\"", "good <-> morning");
            let words = words.replace(' ', " & ").replace("& <-> &", "<->");
            let sql = format!(
                "set timezone = 'UTC'; select c.id from calls.calls c join calls.said s on s.call_id = c.id
                 where c.user_id = '{}' and {condition} and s.words @@ '{words}'::tsquery order by started_at desc, id desc",
                owner.id,
            );
            let rows = stage.client.simple_query(&sql).await.unwrap();
            let expected: Vec<String> = rows
                .iter()
                .filter_map(|row| match row {
                    tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                    _ => None,
                })
                .collect();
            let shown = all(owner, &format!("{}{filter}", asking(q))).await;
            assert_eq!(shown.len(), expected.len(), "{q}{filter}");
            assert_eq!(shown, expected, "{q}{filter}");
            found.insert(expected.len());
        }
    }
    assert!(
        found.contains(&0) && found.contains(&1) && found.contains(&6_000),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn words_of_another_account_are_never_found() {
    let stage = Stage::set().await;
    let people = [stage.person("ada").await, stage.person("bob").await];
    let mut events = Vec::new();
    for (person, (name, number)) in people
        .iter()
        .zip([("ada", "+14155550201"), ("bob", "+14155550202")])
    {
        stage
            .business(person.id, &format!("of_{name}"), number)
            .await;
        let story = Story {
            dialled: number,
            started: at("2026-01-01T12:00:00Z"),
            ..Story::new(name)
        };
        let secret = format!("the secret of {name} is {name}word");
        events.extend(told(&story, &[&secret]));
    }
    stage.tell(&events).await;
    let reader = stage.member(people[0].id, "reader").await;
    // First few calls, which are walked through; then many, where the index is asked.
    for crowded in [false, true] {
        if crowded {
            for person in &people {
                crowd(&stage, person.id, 3_000).await;
            }
        }
        for (asker, own, others) in [
            (&people[0], "ada", "bob"),
            (&people[1], "bob", "ada"),
            (&reader, "ada", "bob"),
        ] {
            for q in ["secret", "\"the secret\"", "secret*", &format!("{own}word")] {
                let list = asker.json(&asking(q)).await;
                assert_eq!(list["items"].as_array().unwrap().len(), 1, "{q}");
                let text = list.to_string();
                assert!(
                    text.contains(&format!("{own}word")) && !text.contains(others),
                    "{q}: {text}"
                );
                let file = asker.get(&asking(q).replace("calls?", "calls.csv?")).await;
                assert_eq!(file.text.lines().count(), 2, "{q}: {}", file.text);
            }
            for q in [
                format!("{others}word"),
                format!("secret {others}"),
                format!("{others}*"),
            ] {
                assert_eq!(asker.ids(&asking(&q)).await, [""; 0], "{q}");
            }
            let account = if own == "ada" {
                people[1].id
            } else {
                people[0].id
            };
            assert_eq!(
                asker.get(&asking(&format!("'@{account}'"))).await.json()["items"],
                json!([])
            );
        }
    }

    // The function that may look past the policies compares accounts itself.
    let client = stage.database.client().await;
    let begin = "begin; set local role frontdesk_api";
    let counted = "select count(*) from calls.calls_saying($1::text::tsquery, null, null)";
    for (account, q, expected) in [
        (Some(people[0].id), "'secret'".to_owned(), 1_i64),
        (Some(people[0].id), "'bobword'".to_owned(), 0),
        (
            Some(people[0].id),
            format!("'good' | '@{}'", people[1].id),
            3_000,
        ),
        (Some(Uuid::new_v4()), "'secret'".to_owned(), 0),
        (None, "'secret'".to_owned(), 0),
        (None, "!'nothing'".to_owned(), 0),
    ] {
        client.batch_execute(begin).await.unwrap();
        if let Some(account) = account {
            let set = "select set_config('app.user_id', $1, true)";
            client.execute(set, &[&account.to_string()]).await.unwrap();
        }
        let found: i64 = client.query_one(counted, &[&q]).await.unwrap().get(0);
        assert_eq!(found, expected, "{q} for {account:?}");
        client.batch_execute("rollback").await.unwrap();
    }
    let open = "select has_function_privilege('frontdesk_auth', 'calls.calls_saying(tsquery,integer,integer)', 'execute')";
    let open: bool = client.query_one(open, &[]).await.unwrap().get(0);
    assert!(!open);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_owns_is_searched_by_administrators_alone() {
    let stage = Stage::set().await;
    let story = Story {
        dialled: "+14155550999",
        ..Story::new("nobody")
    };
    stage.tell(&told(&story, &["is anybody there"])).await;
    let path = format!("{}&unassigned=true", asking("anybody"));
    assert_eq!(stage.get(&path).await.status, 403);
    let admin = stage.admin().await;
    let list = admin.json(&path).await;
    assert_eq!(marked(&list["items"][0]["hits"][0]), "is [anybody] there");
    assert_eq!(
        admin.ids(&asking("anybody")).await,
        [""; 0],
        "their own account"
    );
}
