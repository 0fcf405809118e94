//! The laws of stories: what a real LiveKit would never do does not happen here either.

use super::*;
use crate::stories::plot::{Course, NumberShown};
use serde_json::Value;
use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_795_194_240_118).unwrap()
}

/// Many calls of every kind, made once for all tests.
fn stories() -> &'static [(Plot, Story)] {
    static STORIES: LazyLock<Vec<(Plot, Story)>> = LazyLock::new(|| {
        let world = World::town();
        let mut dice = Dice::new(21);
        let story = |round: usize| {
            let business = &world.businesses[round % world.businesses.len()];
            let plot = Plot::draw(&mut dice, business);
            let story = tell(&plot, &mut dice, business, Timeline::new(start(), 1.0));
            (plot, story)
        };
        (0..400).map(story).collect()
    });
    &STORIES
}

fn body(event: &WorldEvent) -> Value {
    match event {
        WorldEvent::LiveKit(webhook) => serde_json::from_slice(&webhook.body).unwrap(),
        WorldEvent::Agent(report) => serde_json::from_slice(&report.data).unwrap(),
        WorldEvent::PayPal(notification) => serde_json::from_slice(&notification.body).unwrap(),
    }
}

fn livekit(story: &Story) -> impl Iterator<Item = (Offset, Value)> {
    story
        .events
        .iter()
        .filter(|(_, event)| matches!(event, WorldEvent::LiveKit(_)))
        .map(|(at, event)| (*at, body(event)))
}

fn reports(story: &Story) -> Vec<&Report> {
    let report = |event: &'_ WorldEvent| matches!(event, WorldEvent::Agent(_));
    story
        .events
        .iter()
        .filter(|(_, event)| report(event))
        .filter_map(|(_, event)| {
            if let WorldEvent::Agent(report) = event {
                Some(report)
            } else {
                None
            }
        })
        .collect()
}

#[test]
fn the_same_seed_and_start_give_the_same_bytes() {
    let world = World::town();
    let tell = |seed, at| {
        traffic::Traffic::new(world.clone(), seed, at, 30.0, 1.0)
            .take(500)
            .collect::<Vec<_>>()
    };
    assert_eq!(tell(1, start()), tell(1, start()));
    assert_ne!(tell(1, start()), tell(2, start()));
    assert_ne!(tell(1, start()), tell(1, start() + TimeDelta::seconds(1)));
    let past = |_| {
        traffic::past_calls(&world, 1, start(), 9, 14.0)
            .into_iter()
            .flat_map(|story| story.events)
            .collect::<Vec<_>>()
    };
    assert_eq!(past(0), past(1));
    assert_eq!(
        billing::past_notifications(&world, start(), start()),
        billing::past_notifications(&world, start(), start())
    );
}

#[test]
fn livekits_own_types_read_every_body() {
    let mut names = HashSet::new();
    for (_, story) in stories() {
        for (_, event) in &story.events {
            if let WorldEvent::LiveKit(webhook) = event {
                let read: livekit_protocol::WebhookEvent =
                    serde_json::from_slice(&webhook.body).unwrap();
                assert_eq!(read.event, webhook.event);
                assert!(!webhook.body.contains(&b'\n'));
                names.insert(webhook.event);
            }
        }
    }
    assert!(names.len() >= 10, "{names:?}");
}

#[test]
fn events_come_in_the_order_of_their_times_and_ids_are_never_used_twice() {
    let mut ids = HashSet::new();
    for (_, story) in stories() {
        assert!(story.events.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        for (at, event) in &story.events {
            let id = match event {
                WorldEvent::Agent(report) => report.id.clone(),
                _ => body(event)["id"].as_str().unwrap().to_owned(),
            };
            assert!(ids.insert(id.clone()), "{id} twice");
            if let WorldEvent::LiveKit(_) = event {
                let created: i64 = body(event)["createdAt"].as_str().unwrap().parse().unwrap();
                assert_eq!(created, (story.start + *at).timestamp());
            }
        }
    }
}

#[test]
fn a_room_starts_first_and_finishes_last_and_whoever_joins_leaves_once() {
    for (plot, story) in stories() {
        let events: Vec<_> = livekit(story)
            .filter(|(_, event)| event["egressInfo"].is_null())
            .collect();
        assert_eq!(events.first().unwrap().1["event"], "room_started");
        assert_eq!(
            events.last().unwrap().1["event"],
            "room_finished",
            "{:?}",
            plot.course
        );
        let mut present: HashMap<String, i64> = HashMap::new();
        for (_, event) in &events {
            let sid = event["participant"]["sid"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            match event["event"].as_str().unwrap() {
                "participant_joined" => assert!(present.insert(sid, 0).is_none()),
                "track_published" => *present.get_mut(&sid).unwrap() += 1,
                "track_unpublished" => *present.get_mut(&sid).unwrap() -= 1,
                "participant_left" => assert_eq!(
                    present.remove(&sid),
                    Some(0),
                    "left without taking its track"
                ),
                _ => {}
            }
        }
        assert!(present.is_empty(), "{:?}: {present:?} stayed", plot.course);
    }
}

/// The caller's leaving, if it was told.
fn caller_left(story: &Story) -> Option<Value> {
    let mut events = livekit(story).map(|(_, event)| event);
    events
        .find(|event| event["event"] == "participant_left" && event["participant"]["kind"] == "SIP")
}

fn agent_spoke(story: &Story) -> bool {
    livekit(story).any(|(_, event)| event["track"]["name"] == "roomio_audio")
}

/// SIP status and disconnect reason.
fn parting(left: &Value) -> (&str, &str) {
    let participant = &left["participant"];
    let status = participant["attributes"]["sip.callStatus"]
        .as_str()
        .unwrap();
    (status, participant["disconnectReason"].as_str().unwrap())
}

#[test]
fn each_course_ends_as_livekit_would_tell_it() {
    let mut seen = HashSet::new();
    for (plot, story) in stories() {
        let Channel::Phone(_) = plot.channel else {
            continue;
        };
        seen.insert(plot.course as u8);
        let left = caller_left(story);
        let analysed = reports(story)
            .iter()
            .filter(|report| report.kind.ends_with("analysed.v1"))
            .count();
        match plot.course {
            Course::Aborted => {
                assert!(left.is_none() && !agent_spoke(story));
                assert!(
                    livekit(story)
                        .any(|(_, event)| event["event"] == "participant_connection_aborted")
                );
            }
            Course::Abandoned => {
                assert_eq!(parting(&left.unwrap()), ("hangup", "CLIENT_INITIATED"));
            }
            Course::Missed => assert_eq!(parting(&left.unwrap()), ("ringing", "CLIENT_INITIATED")),
            Course::OperatorHangUp => {
                assert_eq!(parting(&left.unwrap()), ("active", "ROOM_DELETED"));
            }
            Course::ConnectionLost => assert_eq!(parting(&left.unwrap()).1, "CONNECTION_TIMEOUT"),
            Course::Answered => assert!(left.is_some()),
        }
        let served = matches!(
            plot.course,
            Course::Answered | Course::OperatorHangUp | Course::ConnectionLost
        );
        assert_eq!(
            (agent_spoke(story), analysed),
            (served, usize::from(served)),
            "{:?}",
            plot.course
        );
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn a_room_idles_for_twenty_seconds_after_its_last_caller() {
    for (plot, story) in stories()
        .iter()
        .filter(|(plot, _)| plot.course == Course::Abandoned)
    {
        let at = |name: &str| {
            livekit(story)
                .filter(|(_, event)| event["event"] == name)
                .last()
                .unwrap()
                .0
        };
        let idle = at("room_finished") - at("participant_left");
        assert!(
            (20..25).contains(&idle.num_seconds()),
            "{:?} {idle}",
            plot.channel
        );
    }
}

#[test]
fn hidden_numbers_are_nowhere_and_tenants_stay_known() {
    let mut hidden = 0;
    for (plot, story) in stories() {
        if plot.channel == Channel::Phone(NumberShown::HiddenByRule) {
            hidden += 1;
            for (_, event) in &story.events {
                assert!(!body(event).to_string().contains(&plot.caller.number));
            }
            let (_, joined) = livekit(story)
                .find(|(_, event)| {
                    event["participant"]["kind"] == "SIP"
                        && event["participant"]["attributes"].is_object()
                })
                .unwrap();
            assert!(joined["participant"]["attributes"]["app.tenantId"].is_string());
        }
    }
    assert!(hidden > 0);
}

#[test]
fn every_item_of_a_conversation_is_reported_once() {
    for (_, story) in stories() {
        let mut ids = HashSet::new();
        let mut parts = Vec::new();
        for report in reports(story) {
            let data: Value = serde_json::from_slice(&report.data).unwrap();
            assert_eq!(data["roomName"], story.room.name.as_str());
            let items = if report.kind.ends_with("transcript.v1") {
                &data["items"]
            } else {
                &data["transcript"]
            };
            if let Some(part) = data["part"].as_u64() {
                parts.push(part);
            }
            for item in items.as_array().into_iter().flatten() {
                assert!(ids.insert(item["id"].as_str().unwrap().to_owned()));
            }
        }
        assert!(
            parts
                .iter()
                .enumerate()
                .all(|(place, part)| place as u64 == *part),
            "{parts:?}"
        );
        let analysed = reports(story)
            .into_iter()
            .find(|report| report.kind.ends_with("analysed.v1"));
        assert_eq!(analysed.is_some(), !ids.is_empty());
    }
}

#[test]
fn speed_shortens_a_story_and_its_times_alike() {
    let world = World::town();
    let plot = Plot::draw_phone(&mut Dice::new(4), &world.businesses[0]);
    let tell = |speed| {
        tell(
            &plot,
            &mut Dice::new(4),
            &world.businesses[0],
            Timeline::new(start(), speed),
        )
    };
    let (life, quick) = (tell(1.0), tell(10.0));
    assert_eq!(life.events.len(), quick.events.len());
    let ratio = (life.end() - start()).num_milliseconds() as f64
        / (quick.end() - start()).num_milliseconds() as f64;
    assert!((9.9..10.1).contains(&ratio), "{ratio}");
}

#[test]
fn a_shutdown_lets_everybody_leave() {
    let world = World::town();
    let mut calls = traffic::Traffic::new(world, 3, start(), 60.0, 1.0);
    let mut present = HashSet::new();
    let mut rooms = HashSet::new();
    let mut now = start();
    for (at, event) in calls.by_ref().take(3000) {
        now = at;
        follow(&event, &mut present, &mut rooms);
    }
    assert!(present.len() > 20 && rooms.len() > 10);
    // Whatever else happens at this very instant has happened.
    let now = now + TimeDelta::milliseconds(1);
    for (_, event) in calls.by_ref().take_while(|(at, _)| *at <= now) {
        follow(&event, &mut present, &mut rooms);
    }
    for event in calls.shut_down(now).into_values().flatten() {
        follow(&event, &mut present, &mut rooms);
    }
    assert!(
        present.len() <= 1 && rooms.len() <= 1,
        "{present:?} {rooms:?}"
    );
}

#[test]
fn a_room_that_is_deleted_lets_everybody_go_and_says_nothing_more() {
    let mut calls = traffic::Traffic::new(World::town(), 3, start(), 60.0, 1.0);
    let answered = |event: &WorldEvent| matches!(event, WorldEvent::LiveKit(webhook) if webhook.event == "track_published");
    let (now, event) = calls
        .by_ref()
        .filter(|(_, event)| answered(event))
        .nth(40)
        .unwrap();
    let room = body(&event)["room"]["name"].as_str().unwrap().to_owned();
    let there = calls.call_in(&room).unwrap().there(now).unwrap();
    assert!(!there.is_empty());
    let (sid, events) = calls.end_room(&room, now).unwrap();
    assert!(events.len() > there.len());
    for event in &events[..there.len()] {
        let body = body(event);
        assert_eq!(body["event"], "participant_left");
        assert_eq!(body["participant"]["disconnectReason"], "ROOM_DELETED");
    }
    let finished = body(&events[there.len()]);
    assert_eq!(finished["roomEndReason"], "ROOM_END_API_DELETE");
    assert_eq!(finished["room"]["sid"], sid.as_str());
    assert!(calls.end_room(&room, now).is_none());
    assert!(calls.end_room("nowhere", now).is_none());
    for (_, event) in calls.take(3000) {
        match &event {
            WorldEvent::LiveKit(webhook) => assert_ne!(webhook.queue, room),
            WorldEvent::Agent(report) => assert_ne!(report.room_name, room),
            WorldEvent::PayPal(_) => {}
        }
    }
}

fn follow(event: &WorldEvent, present: &mut HashSet<String>, rooms: &mut HashSet<String>) {
    let WorldEvent::LiveKit(webhook) = event else {
        return;
    };
    let body = body(event);
    let sid = body["participant"]["sid"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let room = body["room"]["sid"].as_str().unwrap_or_default().to_owned();
    match webhook.event {
        "participant_joined" => drop(present.insert(sid)),
        "participant_left" => drop(present.remove(&sid)),
        "room_started" => drop(rooms.insert(room)),
        "room_finished" => drop(rooms.remove(&room)),
        _ => {}
    }
}

#[test]
fn a_call_told_afterwards_is_never_seen_going_on() {
    let (mut present, mut gone) = (HashSet::new(), HashSet::new());
    for (_, story) in stories().iter().take(50) {
        let told: Vec<_> = story.clone().told_afterwards().collect();
        assert_eq!(told.len(), story.events.len());
        for (_, event) in &story.events {
            assert!(told.contains(event));
        }
        for event in &told {
            let body = body(event);
            let sid = body["participant"]["sid"].as_str().unwrap_or_default();
            match body["event"].as_str() {
                Some("participant_left") => drop(gone.insert(sid.to_owned())),
                Some("participant_joined") => drop(present.insert(sid.to_owned())),
                _ => {}
            }
            assert!(present.is_subset(&gone));
        }
    }
    assert!(present.len() > 50);
}
