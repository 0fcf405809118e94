//! A call as it was known once, what each of its events changed, and whose events a shared room holds.

use crate::{
    person::Person,
    stage::Stage,
    story::{Story, analysis},
};
use chrono::{SecondsFormat, TimeDelta};
use frontdesk_events::Envelope;
use serde_json::{Value, json};

/// So long after the call began, as the address has it.
fn instant(story: &Story, millis: i64) -> String {
    let at = story.started + TimeDelta::milliseconds(millis);
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn transcript(story: &Story, second: i64, words: &str) -> Envelope {
    let items = json!([
        { "id": "i1", "type": "message", "role": "assistant", "text": "Good morning" },
        { "id": "i2", "type": "message", "role": "user", "text": words },
    ]);
    story.report(
        "call.transcript",
        second,
        json!({ "part": 0, "items": items }),
    )
}

async fn timeline(person: &Person, id: &str) -> Value {
    person.json(&format!("/api/calls/{id}/events")).await
}

fn kinds(timeline: &Value) -> Vec<&str> {
    let items = timeline["items"].as_array().unwrap().iter();
    items.map(|item| item["type"].as_str().unwrap()).collect()
}

/// What an event changed, as `field: value`.
fn changed(timeline: &Value, nth: usize) -> Vec<String> {
    let changes = timeline["items"][nth]["changes"].as_array().unwrap();
    changes
        .iter()
        .map(|change| {
            let value = &change["value"];
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            format!("{}: {value}", change["field"].as_str().unwrap())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_shown_as_it_was_known_at_any_of_its_moments() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story {
        report: analysis("success", "positive", Some(12_000)),
        recorded: true,
        ..Story::new("known")
    };
    let mut events = story.events();
    events.push(transcript(&story, 70, "Tuesday suits me"));
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let as_of = async |millis: i64| {
        let path = format!("/api/calls/{id}?as_of={}", instant(&story, millis));
        stage.json(&path).await
    };

    // Each event was accepted 40 ms after it happened, and counts from that millisecond on.
    let ringing = as_of(40).await;
    assert_eq!(
        (&ringing["call"]["state"], &ringing["call"]["answered_at"]),
        (&json!("ringing"), &Value::Null)
    );
    assert_eq!(ringing["call"]["caller_number"], "+15105550100");
    assert_eq!(as_of(4_039).await["call"]["state"], "ringing");
    let live = as_of(4_040).await;
    assert_eq!(
        (&live["call"]["state"], &live["call"]["answered_at"]),
        (&json!("live"), &json!("2026-11-20T12:00:04.000Z"))
    );
    assert_eq!(live["call"]["recording"], Value::Null);
    assert_eq!(
        as_of(5_040).await["call"]["recording"]["state"],
        "recording"
    );
    let ended = as_of(64_040).await;
    assert_eq!(
        (&ended["call"]["state"], &ended["call"]["result"]),
        (&json!("ended"), &json!("answered"))
    );
    assert_eq!(
        (&ended["call"]["outcome"], &ended["call"]["summary"]),
        (&Value::Null, &Value::Null)
    );
    let analysed = as_of(69_000).await;
    assert_eq!(analysed["call"]["outcome"]["label"], "booked");
    assert_eq!(analysed["turns"], json!([]));

    // When all had come it is the call as it stands, down to the last field.
    let now = stage.json(&format!("/api/calls/{id}")).await;
    let last = as_of(84_040).await;
    assert_eq!(now["turns"].as_array().unwrap().len(), 2);
    for part in ["call", "turns", "complete"] {
        assert_eq!(last[part], now[part]);
    }
    assert_eq!(now["call"]["client"]["name"], "smile");
    assert_eq!(ringing["call"]["client"], now["call"]["client"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn before_its_first_event_nothing_was_known_and_no_instant_is_no_question() {
    let stage = Stage::set().await;
    stage.reception().await;
    let other = stage.person("other").await;
    let story = Story::new("unknown");
    stage.tell(&story.events()).await;
    let id = stage.ids("/api/calls").await.remove(0);
    for before in [instant(&story, 39), "1970-01-01T00:00:00Z".to_owned()] {
        let answer = stage.get(&format!("/api/calls/{id}?as_of={before}")).await;
        assert_eq!(answer.status, 404, "{before}: {}", answer.text);
        assert_eq!(
            answer.json()["detail"],
            "nothing was known of this call then"
        );
    }
    for bad in ["yesterday", "2026-11-20", "2026-11-20T12:00:00", "", "0"] {
        let answer = stage.get(&format!("/api/calls/{id}?as_of={bad}")).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (400, &json!("as_of")),
            "{bad}: {}",
            answer.text
        );
    }
    let path = format!("/api/calls/{id}?as_of={}", instant(&story, 99_000));
    assert_eq!(other.get(&path).await.status, 404);
    assert_eq!(stage.get(&path).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_late_was_not_known_before_it_came() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("late");
    let mut events = story.events();
    let late = story
        .report("call.analysed", 66, analysis("success", "neutral", None))
        .with_recorded_time(story.started + TimeDelta::minutes(10));
    events.push(late);
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    for (millis, summary) in [(599_999, false), (600_000, true)] {
        let path = format!("/api/calls/{id}?as_of={}", instant(&story, millis));
        let shown = stage.json(&path).await;
        assert_eq!(shown["call"]["summary"].is_string(), summary, "{millis}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_event_says_what_it_changed() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story {
        report: analysis("success", "positive", Some(12_000)),
        ..Story::new("changes")
    };
    let mut events = story.events();
    events.push(transcript(&story, 70, "Tuesday suits me"));
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let page = timeline(stage.owner(), &id).await;
    let changes = |kind: &str, nth: usize| {
        let kinds = kinds(&page);
        let mut places = (0..kinds.len()).filter(|place| kinds[*place].contains(kind));
        changed(&page, places.nth(nth).unwrap())
    };
    assert_eq!(changes("room_started", 0), [""; 0]);
    assert_eq!(
        changes("participant_joined", 0),
        [
            "state: ringing",
            "caller_number: +15105550100",
            "started_at: 2026-11-20T12:00:00.000Z",
        ]
    );
    assert_eq!(
        changes("participant_joined", 1),
        ["agent_name: receptionist"]
    );
    assert_eq!(
        changes("track_published", 0),
        ["state: live", "answered_at: 2026-11-20T12:00:04.000Z"]
    );
    assert_eq!(
        changes("participant_left", 0)[..3],
        [
            "state: ended",
            "result: answered",
            "ended_at: 2026-11-20T12:01:04.000Z",
        ]
    );
    assert_eq!(
        changes("call.analysed", 0),
        [
            "outcome: success".to_owned(),
            "outcome_label: booked".to_owned(),
            format!(
                "revenue: {}",
                json!({ "amount_minor": 12_000, "currency": "USD" })
            ),
            "summary: Asked for an appointment and took Tuesday at nine.".to_owned(),
            "sentiment: positive".to_owned(),
            "response_time: 900".to_owned(),
        ]
    );
    assert_eq!(changes("call.transcript", 0), ["turns_added: 2"]);
    assert_eq!(changes("room_finished", 0), [""; 0]);
    assert_eq!(page["complete"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_tells_in_a_type_of_its_own_is_shown_at_the_call_it_names() {
    let stage = Stage::set().await;
    stage.reception().await;
    let story = Story::new("menu");
    let (own, foreign) = ("com.example.menu_choice", "com.example.menu_left");
    let mut events = story.events();
    events.push(story.told(own, 20, json!({ "choice": 2 })));
    // About a caller of whom nothing is known yet.
    events.push(story.told(foreign, 21, json!({ "callId": "SCL_other" })));
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let page = timeline(stage.owner(), &id).await;
    let kinds = kinds(&page);
    let place = kinds.iter().position(|kind| *kind == own).expect(own);
    assert_eq!(
        page["items"][place]["summary"],
        "An event of type com.example.menu_choice"
    );
    assert_eq!(changed(&page, place), [""; 0]);
    assert!(!kinds.contains(&foreign), "{kinds:?}");
}

/// Two accounts whose callers were in one room at the same time.
async fn two_in_one_room(stage: &Stage) -> [(Person, Story); 2] {
    let mut both = Vec::new();
    for (n, name) in ["ada", "bob"].into_iter().enumerate() {
        let person = stage.person(name).await;
        let number = ["+14155550201", "+14155550202"][n];
        stage
            .business(person.id, &format!("of_{name}"), number)
            .await;
        let started = Story::new(name).started + TimeDelta::seconds(10 * n as i64);
        let mut report = analysis("success", "positive", Some(12_000));
        report["summary"] = json!(format!("{name} wants an appointment"));
        let story = Story {
            room: "hall".to_owned(),
            dialled: number,
            caller: ["+15105550111", "+15105550122"][n],
            started,
            report,
            // With the voices of both.
            recorded: name == "ada",
            ..Story::new(name)
        };
        both.push((person, story));
    }
    both.try_into().ok().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_room_that_accounts_share_each_sees_its_own_call_alone() {
    let stage = Stage::set().await;
    let both = two_in_one_room(&stage).await;
    let mut events = Vec::new();
    for (_, story) in &both {
        events.extend(story.events());
        events.push(transcript(story, 70, &format!("{} speaking", story.name)));
        let to = if story.name == "ada" {
            "+14155550661"
        } else {
            "+14155550662"
        };
        events.push(story.report("call.transferred", 30, json!({ "transferTo": to })));
        events.push(story.told("com.example.menu_choice", 40, json!({ "says": story.name })));
    }
    stage.tell(&events).await;
    for (own, other) in [(&both[0], &both[1]), (&both[1], &both[0])] {
        let (person, story) = own;
        let id = person.ids("/api/calls").await.remove(0);
        let page = timeline(person, &id).await;
        assert_eq!(
            kinds(&page),
            [
                "io.livekit.participant_joined",
                "dev.frontdesk.call.transferred.v1",
                "com.example.menu_choice",
                "io.livekit.participant_left",
                "dev.frontdesk.call.analysed.v1",
                "dev.frontdesk.call.transcript.v1",
            ],
            "what tells of nobody or of both is not shown either"
        );
        assert_eq!(page["complete"], true);
        assert!(
            changed(&page, 4).contains(&format!("summary: {} wants an appointment", story.name))
        );
        assert_eq!(changed(&page, 5), ["turns_added: 2"]);
        let end = instant(&both[1].1, 84_040);
        let now = person.json(&format!("/api/calls/{id}")).await;
        let then = person.json(&format!("/api/calls/{id}?as_of={end}")).await;
        assert_eq!(
            (&then["call"], &then["turns"]),
            (&now["call"], &now["turns"]),
            "the whole room is heard"
        );
        // The recording is of the room, also while the second caller was still to come.
        let early = person
            .json(&format!("/api/calls/{id}?as_of={}", instant(story, 6_000)))
            .await;
        for shown in [&now, &then, &early] {
            assert_eq!(shown["call"]["recording"], Value::Null);
            assert_eq!(shown["call"]["has_recording"], false);
        }
        for shown in [page.to_string(), now.to_string(), then.to_string()] {
            for foreign in [&other.1.name, other.1.caller, other.1.dialled] {
                assert!(!shown.contains(foreign), "{foreign}: {shown}");
            }
        }
        let theirs = other.0.ids("/api/calls").await.remove(0);
        for tail in ["/events".to_owned(), format!("?as_of={end}")] {
            let answer = person.get(&format!("/api/calls/{theirs}{tail}")).await;
            assert_eq!(answer.status, 404, "{tail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_about_another_accounts_call_is_never_taken_for_ones_own() {
    let stage = Stage::set().await;
    let both = two_in_one_room(&stage).await;
    let [(ada, first), (_, second)] = &both;
    // The agent's report about the second caller came before it was known that there was one: then the
    // first was the only call there was.
    let mut report = analysis("fail", "negative", None);
    report["summary"] = json!("bob is ill");
    let mut events = vec![second.report("call.analysed", -9, report)];
    events.extend(first.events());
    stage.tell(&events).await;
    let id = ada.ids("/api/calls").await.remove(0);
    for path in [
        format!("/api/calls/{id}"),
        format!("/api/calls/{id}/events"),
    ] {
        let shown = ada.json(&path).await.to_string();
        assert!(!shown.contains("bob"), "{path}: {shown}");
    }
    let second = second.events().into_iter().map(|event| {
        let at = first.started + TimeDelta::minutes(5);
        event.with_recorded_time(at)
    });
    let second = second.filter(|event| event.kind() != "dev.frontdesk.call.analysed.v1");
    stage.tell(&second.collect::<Vec<_>>()).await;
    let page = timeline(ada, &id).await;
    assert!(!page.to_string().contains("bob"), "{page}");
    for millis in [1_040, 64_040, 400_000] {
        let path = format!("/api/calls/{id}?as_of={}", instant(first, millis));
        let shown = ada.json(&path).await.to_string();
        assert!(!shown.contains("bob is ill"), "{millis}: {shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_call_of_a_room_that_lives_long_shows_its_own_events() {
    let stage = Stage::set().await;
    stage.reception().await;
    let late = Story {
        room: "lobby".to_owned(),
        report: analysis("success", "positive", None),
        ..Story::new("later")
    };
    let early = Story {
        room: "lobby".to_owned(),
        started: late.started - TimeDelta::days(20),
        ..Story::new("early")
    };
    let mut events = early.events();
    // The room stays open.
    events.retain(|event| event.kind() != "io.livekit.room_finished");
    for second in 0..1_010 {
        events.push(transcript(&early, second, "still here"));
    }
    events.extend(late.events());
    stage.tell(&events).await;
    let id = stage.ids("/api/calls").await.remove(0);
    let page = timeline(stage.owner(), &id).await;
    assert_eq!(
        kinds(&page),
        [
            "io.livekit.participant_joined",
            "io.livekit.participant_left",
            "dev.frontdesk.call.analysed.v1",
        ]
    );
    assert!(!page.to_string().contains("early"), "{page}");
    assert_eq!(page["complete"], false, "the room has had more");
    let as_of = async |millis: i64| {
        let path = format!("/api/calls/{id}?as_of={}", instant(&late, millis));
        stage.json(&path).await
    };
    // The agent of the first call is still there: whoever comes is answered at once.
    assert_eq!(as_of(40).await["call"]["state"], "live");
    assert_eq!(as_of(64_039).await["call"]["state"], "live");
    let now = stage.json(&format!("/api/calls/{id}")).await;
    let last = as_of(84_040).await;
    assert_eq!(last["call"], now["call"]);
    assert_eq!(
        (&last["complete"], &now["complete"]),
        (&json!(false), &json!(true))
    );
}
