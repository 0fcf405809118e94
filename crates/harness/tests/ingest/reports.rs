//! Agents' reports: what could never be folded is refused while its sender still listens.

use crate::{
    agents::{JSON, data, event, send, send_binary_with},
    stand::{AGENT, Stand, problem},
};
use axum::http::StatusCode;
use frontdesk_events::{StreamName, catalogue::agent};
use serde_json::json;

#[tokio::test]
async fn a_report_that_belongs_to_no_call_is_refused_field_by_field() {
    let stand = Stand::start().await;
    for kind in ["answered", "transferred", "transcript", "analysed"] {
        let kind = format!("dev.frontdesk.call.{kind}.v1");
        for (data, missing) in [
            (
                json!({}),
                vec!["data.callId", "data.roomSid", "data.roomName"],
            ),
            (
                json!({"callId": "a", "roomSid": "b", "roomName": ""}),
                vec!["data.roomName"],
            ),
            (
                json!({"callId": 7, "roomSid": "b", "roomName": "c"}),
                vec!["data.callId"],
            ),
            (json!("a string"), vec!["data"]),
            (json!([data()]), vec!["data"]),
            (json!(7), vec!["data"]),
            (json!(null), vec!["data"]),
        ] {
            let body = event(&json!({"type": kind, "data": data})).to_string();
            let (status, document) = problem(send(&stand, JSON, &body).await).await;
            let fields: Vec<_> = document["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|e| e["field"].as_str().unwrap())
                .collect();
            assert_eq!((status, fields), (422, missing), "{kind}");
        }
    }
    for (changes, field) in [
        (
            json!({"datacontenttype": "text/xml", "data": "<a/>"}),
            "data",
        ),
        (json!({"data": null, "data_base64": "/wD+"}), "data"),
        (
            json!({"type": "dev.frontdesk.agent.heartbeat.v1", "data": null}),
            "data",
        ),
        (
            json!({"type": "dev.frontdesk.agent.heartbeat.v1", "data": "beat"}),
            "data",
        ),
    ] {
        let answer = send(&stand, JSON, &event(&changes).to_string()).await;
        let (status, document) = problem(answer).await;
        let told = document["errors"][0]["field"].as_str();
        assert_eq!((status, told), (422, Some(field)), "{changes}");
    }
    assert_eq!(
        problem(send_binary_with(&stand, &[], "").await).await.0,
        422,
        "binary mode without a body"
    );
    let heartbeat = event(
        &json!({"type": "dev.frontdesk.agent.heartbeat.v1", "id": "beat", "data": {"agentName": AGENT}}),
    );
    assert_eq!(
        send(&stand, JSON, &heartbeat.to_string()).await.status(),
        StatusCode::OK
    );
    assert_eq!(stand.count(StreamName::Calls).await, 1);
}

#[tokio::test]
async fn whatever_is_admitted_can_be_read_back_and_folded() {
    let stand = Stand::start().await;
    let of = |kind: &str, data: &str| {
        let mut text =
            event(&json!({"type": format!("dev.frontdesk.{kind}.v1"), "data": null})).to_string();
        text.pop();
        let id = format!(
            "\"id\":\"{}\"",
            hex::encode(data.as_bytes().get(..60).unwrap_or(data.as_bytes()))
        );
        format!(
            "{},\"data\":{data}}}",
            text.replace(r#""id":"AJ_1:answered""#, &id)
        )
    };
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let call = r#""callId":"c","roomSid":"s","roomName":"r""#;
    let odd = [
        ("call.transcript", format!(r#"{{{call},"items":1e999}}"#)),
        (
            "call.transcript",
            format!(r#"{{{call},"part":1e400,"items":[1e400,{{"id":"\ud800","text":{deep}}}]}}"#),
        ),
        ("call.transcript", format!(r#"{{{call},"items":{deep}}}"#)),
        (
            "call.analysed",
            format!(
                r#"{{{call},"outcome":-1e999,"usage":{{"a":1e999}},"errors":{{"a":1e999,"\udfff":1}}}}"#
            ),
        ),
        (
            "call.analysed",
            format!(
                r#"{{{call},"durationMs":99999999999999999999999,"startedAt":"9999-12-31T23:59:59-12:00"}}"#
            ),
        ),
        (
            "call.answered",
            format!(r#"{{{call},"answeredAt":1e308,"\ud800":1,"callId":"twice"}}"#),
        ),
        (
            "call.answered",
            r#"{"call_id":"c","room_sid":"\u0000","room_name":"nul\u0000"}"#.to_owned(),
        ),
        (
            "agent.heartbeat",
            r#"{"load":1e999,"activeJobs":{}}"#.to_owned(),
        ),
    ];
    for (kind, data) in &odd {
        let answer = send(&stand, JSON, &of(kind, data)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{kind} {data:.120}");
    }
    // A time of four digits whose instant in UTC has none could never be read again.
    for time in [
        "9999-12-31T23:59:59-01:00",
        "0000-01-01T00:00:00+01:00",
        "1969-12-31T23:59:59Z",
    ] {
        let answer = send(&stand, JSON, &event(&json!({"time": time})).to_string()).await;
        let (status, document) = problem(answer).await;
        assert_eq!(status, 400, "{time}");
        assert!(document["detail"].as_str().unwrap().starts_with("time: "));
    }
    let stored = stand.stored(StreamName::Calls).await;
    assert_eq!(stored.len(), odd.len());
    for message in &stored {
        let (kind, data) = (message.envelope.kind(), message.envelope.data());
        let reviewed = agent::review(kind, data).unwrap();
        assert!(
            reviewed.is_ok_and(|report| report.lacks.is_empty()),
            "{kind}"
        );
    }
}

#[tokio::test]
async fn attributes_beyond_what_jetstream_takes_are_refused_and_not_retried_for_ever() {
    let stand = Stand::start().await;
    let mut many = event(&json!({}));
    for n in 0..6 {
        many[format!("ext{n}")] = "\u{20ac}".repeat(1300).into();
    }
    let (status, document) = problem(send(&stand, JSON, &many.to_string()).await).await;
    assert_eq!(status, 400);
    assert!(
        document["detail"].as_str().unwrap().contains("16 KiB"),
        "{document}"
    );
    for n in 3..6 {
        many.as_object_mut().unwrap().remove(&format!("ext{n}"));
    }
    assert_eq!(
        send(&stand, JSON, &many.to_string()).await.status(),
        StatusCode::OK
    );
}
