//! LiveKit's events in the plain words of a call's timeline.

use super::{Participant, Webhook};

/// One line for people: what this webhook says happened.
#[must_use]
pub fn describe(webhook: &Webhook) -> String {
    let participant = webhook.participant.as_ref();
    let who = who(participant);
    match webhook.event.as_deref().unwrap_or_default() {
        "room_started" => "The room was opened".to_owned(),
        "room_finished" => format!("The room was closed{}", room_end(webhook)),
        "participant_joined" => format!("{who} joined the room"),
        "participant_left" => {
            format!("{who} left{}", participant.map_or(String::new(), departure))
        }
        "participant_connection_aborted" => {
            format!("{who} reached the room, but no connection came up")
        }
        "track_published" => format!("{} started", medium(webhook)),
        "track_unpublished" => format!("{} stopped", medium(webhook)),
        "egress_started" => "A recording was requested".to_owned(),
        "egress_updated" | "egress_ended" => recording(webhook),
        "ingress_started" => "An incoming stream started".to_owned(),
        "ingress_ended" => "An incoming stream ended".to_owned(),
        "agent_job_pending" => "The receptionist was called to the room".to_owned(),
        "agent_job_started" => "The receptionist started working".to_owned(),
        "agent_job_ended" => "The receptionist finished working".to_owned(),
        "unparsable" => "A webhook that could not be read".to_owned(),
        "" => "An event without a name".to_owned(),
        other => format!("{} (an event we do not know)", other.replace('_', " ")),
    }
}

/// Track events name nobody's kind, so the identity LiveKit's own components choose must do.
fn who(participant: Option<&Participant>) -> &'static str {
    let Some(participant) = participant else {
        return "Someone";
    };
    let identity = participant.identity.as_deref().unwrap_or_default();
    let kind = match participant.kind.as_deref() {
        Some(kind) => kind,
        None if identity.starts_with("sip_") => "SIP",
        None if identity.starts_with("agent-") => "AGENT",
        None if identity.starts_with("EG_") => "EGRESS",
        None => "STANDARD",
    };
    match kind {
        "SIP" => "Caller",
        "AGENT" => "Receptionist",
        "EGRESS" => "Recorder",
        "INGRESS" => "Incoming stream",
        _ if participant.is_hidden() => "Hidden supervisor",
        "STANDARD" => "Visitor",
        _ => "Participant",
    }
}

fn medium(webhook: &Webhook) -> String {
    let track = webhook.track.as_ref();
    let medium = match track.and_then(|track| track.kind.as_deref()) {
        None | Some("AUDIO") => "audio",
        Some("VIDEO") => "video",
        Some("DATA") => "data",
        Some(_) => "track",
    };
    format!("{}'s {medium}", who(webhook.participant.as_ref()))
}

fn departure(participant: &Participant) -> String {
    let status = participant.attributes.get("sip.callStatus");
    let why = match (participant.disconnect_reason(), participant.kind(), status) {
        ("CLIENT_INITIATED", "SIP", Some("hangup")) => "hung up",
        ("CLIENT_INITIATED", "SIP", Some("ringing")) => "nobody answered",
        ("CLIENT_INITIATED", "SIP", _) => "the line dropped",
        ("CLIENT_INITIATED", ..) => "done",
        ("ROOM_DELETED", ..) => "the call was ended from our side",
        ("PARTICIPANT_REMOVED", ..) => "removed from the call",
        ("DUPLICATE_IDENTITY", ..) => "joined again elsewhere",
        ("SERVER_SHUTDOWN", ..) => "the media server shut down",
        ("CONNECTION_TIMEOUT" | "SIGNAL_CLOSE" | "MEDIA_FAILURE", ..) => "connection lost",
        ("STATE_MISMATCH", ..) => "the connection fell out of step",
        ("JOIN_FAILURE", ..) => "could not join the room",
        ("SIP_TRUNK_FAILURE", ..) => "the phone line failed",
        ("AGENT_ERROR", ..) => "the receptionist failed",
        ("ROOM_CLOSED", ..) => "the room was closed",
        ("MIGRATION", ..) => "moved to another server",
        ("USER_UNAVAILABLE", ..) => "not reachable",
        ("USER_REJECTED", ..) => "declined",
        ("UNKNOWN_REASON", ..) => return String::new(),
        (other, ..) => return format!(": {}", other.to_lowercase().replace('_', " ")),
    };
    format!(": {why}")
}

fn room_end(webhook: &Webhook) -> &'static str {
    match webhook.room_end_reason.as_deref() {
        Some("ROOM_END_API_DELETE") => ": ended from our side",
        Some("ROOM_END_IDLE_TIMEOUT") => ": everybody had left",
        Some("ROOM_END_SERVER_SHUTDOWN") => ": the media server shut down",
        Some("ROOM_END_SUPERSEDED") => ": the room was opened again elsewhere",
        Some("ROOM_END_OPEN_FAILED") => ": it could not be opened",
        _ => "",
    }
}

fn recording(webhook: &Webhook) -> String {
    match webhook
        .egress_info
        .as_ref()
        .map_or("", |egress| egress.status())
    {
        "EGRESS_STARTING" => "The recording is starting".to_owned(),
        "EGRESS_ACTIVE" => "The recording is running".to_owned(),
        "EGRESS_ENDING" => "The recording is being finished".to_owned(),
        "EGRESS_COMPLETE" => "The recording was stored".to_owned(),
        "EGRESS_LIMIT_REACHED" => "The recording reached its limit and was stored".to_owned(),
        "EGRESS_ABORTED" => "The recording was broken off".to_owned(),
        "EGRESS_FAILED" => "The recording failed".to_owned(),
        _ => "The recording changed".to_owned(),
    }
}
