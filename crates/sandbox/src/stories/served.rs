//! A call that an agent takes: it joins, its voice answers, words are exchanged and reported as
//! they fall, somebody ends the call, the analysis follows, the room closes.

use super::{
    plot::{Channel, Course, Plot},
    recording::Recording,
    stage::{self, Person, Stage},
};
use crate::{
    agent::{
        AGENT_NAME,
        report::{Ending as CallEnd, Job},
        speech::{self, Speech},
    },
    chance::Dice,
    conversation::{self, Conversation, cast::Caller, script::Ending},
    livekit::body::{Participant, Permission},
    world::Business,
};
use std::collections::BTreeMap;

/// How the call's end looks to LiveKit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The caller's side hung up, or was put through.
    HungUp,
    /// Somebody of ours deleted the room; everybody leaves at once.
    RoomDeleted,
    /// Media was lost; the agent stays until the room closes.
    Lost,
}

impl End {
    fn of(course: Course, ending: Ending) -> Self {
        match (course, ending) {
            (Course::OperatorHangUp, _) | (_, Ending::Receptionist) => Self::RoomDeleted,
            (Course::ConnectionLost, _) | (_, Ending::Dropped) => Self::Lost,
            _ => Self::HungUp,
        }
    }

    /// The disconnect reason, and the SIP status the caller is left with.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::HungUp => ("CLIENT_INITIATED", "hangup"),
            Self::RoomDeleted => ("ROOM_DELETED", "active"),
            Self::Lost => ("CONNECTION_TIMEOUT", "active"),
        }
    }

    /// How long after the last word the call is over, ms.
    fn pause(self, dice: &mut Dice) -> i64 {
        match self {
            Self::HungUp => dice.between(500, 1_900),
            Self::RoomDeleted => dice.between(250, 900),
            Self::Lost => dice.between(5_000, 7_500),
        }
    }
}

/// Tells the call from the agent's arrival to the end of the room.
pub fn serve(
    stage: &mut Stage,
    plot: &Plot,
    business: &Business,
    caller: &mut Person,
    call_id: &str,
) {
    let job = job(stage, business, call_id);
    // Dispatch begins with the room, so a web visitor may find the agent there already.
    let joined = stage.dice.between(900, 2_300);
    let mut agent = stage.join(joined, stage::agent(&job.id, AGENT_NAME));
    let mut recording = plot
        .recorded
        .then(|| Recording::start(stage, joined + 350, business));
    let voice = stage.dice.uuid().to_string();
    let voiced = joined + stage.dice.between(950, 1_900);
    stage.publish(voiced, &mut agent, "roomio_audio", "audio/red", &voice);
    let answered = voiced + stage.dice.between(200, 1_000);
    stage.answered = Some(answered);
    stage.report(answered + 30, job.answered(stage.clock.at(answered)));

    let (conversation, speech) = hold(stage, plot, business, answered);
    let reported = report_speech(stage, &job, &speech, answered);
    let end = End::of(plot.course, conversation.ending);
    let mut ended = answered + speech.length_ms + end.pause(&mut stage.dice);
    if conversation.ending == Ending::Transfer
        && end == End::HungUp
        && let Some(number) = &business.transfer_number
    {
        let transferred = ended;
        let report = job.transferred(stage.clock.at(transferred), number);
        stage.report(transferred + 40, report);
        ended += stage.dice.between(900, 2_600);
    }
    if plot.supervised {
        listen_in(stage, answered, ended);
    }

    let analysed = part(stage, caller, &mut agent, ended, end);
    let recording = recording
        .as_mut()
        .and_then(|recording| recording.end(stage, ended, end == End::RoomDeleted));
    let close_reason = match (plot.course, conversation.ending, end) {
        (Course::Answered, Ending::Receptionist, _) => "task_completed",
        (_, _, End::Lost) => "job_shutdown",
        _ => "participant_disconnected",
    };
    let over = CallEnd {
        answered_ms: answered,
        ended_ms: ended,
        close_reason,
        recording,
        reported,
    };
    let at = stage.clock.at(analysed);
    let report = job.analysed(at, &conversation, &speech, stage.clock, &over);
    stage.report(analysed, report);
}

/// Caller and agent leave, the room closes; when the analysis is sent.
fn part(stage: &mut Stage, caller: &mut Person, agent: &mut Person, ended: i64, end: End) -> i64 {
    let (reason, status) = end.words();
    if caller.participant.kind == "SIP" {
        caller.set_attribute("sip.callStatus", status);
    }
    stage.room.num_participants = 1;
    agent.set_attribute("lk.agent.state", "listening");
    stage.leave(ended, caller, reason);
    let closed = stage.idle_close(ended);
    let analysed = ended + stage.dice.between(1_400, 4_600);
    match end {
        End::HungUp => {
            let gone = analysed + stage.dice.between(150, 700);
            stage.leave(gone, agent, "CLIENT_INITIATED");
            stage.finish(closed, "ROOM_END_IDLE_TIMEOUT");
            analysed
        }
        End::RoomDeleted => {
            stage.leave(ended + 30, agent, "ROOM_DELETED");
            stage.finish(ended + 60, "ROOM_END_API_DELETE");
            analysed
        }
        End::Lost => {
            // Its session does not end by itself: the agent stays until the room closes.
            stage.leave(closed, agent, "ROOM_CLOSED");
            stage.finish(closed + 40, "ROOM_END_IDLE_TIMEOUT");
            analysed + closed - ended
        }
    }
}

fn job(stage: &mut Stage, business: &Business, call_id: &str) -> Job {
    Job {
        id: format!("AJ_{}", stage.dice.letters(12)),
        call_id: call_id.to_owned(),
        room_sid: stage.room.sid.clone(),
        room_name: stage.room.name.clone(),
        tenant: business.tenant_on_rule.then(|| business.tenant_key.clone()),
        structured: stage.dice.chance(0.5),
    }
}

/// The words of this call, and their times.
fn hold(
    stage: &mut Stage,
    plot: &Plot,
    business: &Business,
    answered: i64,
) -> (Conversation, Speech) {
    let at = stage.clock.at(answered);
    let known = Caller {
        name: plot.caller.name.clone(),
        number: plot.callback(),
    };
    let mut conversation = conversation::hold(&mut stage.dice, business, &known, at);
    // A browser cannot be put through to a telephone, and nobody to none.
    let stays = plot.channel == Channel::Web || business.transfer_number.is_none();
    while stays && conversation.ending == Ending::Transfer {
        conversation = conversation::hold(&mut stage.dice, business, &known, at);
    }
    let why = match plot.course {
        Course::OperatorHangUp => Some("The call was ended from the dashboard"),
        Course::ConnectionLost => Some("The connection was lost"),
        _ => None,
    };
    if let Some(why) = why {
        let count = conversation.turns.len();
        let kept = 2 + stage.dice.below(count.saturating_sub(3).max(1));
        conversation = conversation.cut_short(kept.min(count), why);
    }
    let speech = speech::speak(&conversation, &mut stage.dice);
    (conversation, speech)
}

/// Sends the transcript every few turns; how many items went out that way. A short call's whole
/// transcript may travel in its analysis instead.
fn report_speech(stage: &mut Stage, job: &Job, speech: &Speech, answered: i64) -> usize {
    if speech.items.len() <= 6 && stage.dice.chance(0.5) {
        return 0;
    }
    let (mut from, mut part) = (0, 0);
    while from < speech.items.len() {
        let until = (from + 1 + stage.dice.below(3)).min(speech.items.len());
        let items = &speech.items[from..until];
        let said = answered + items.last().map_or(0, |item| item.stopped_ms);
        let sent = said + stage.dice.between(150, 450);
        let report = job.transcript(stage.clock.at(said), part, items, stage.clock, answered);
        stage.report(sent, report);
        (from, part) = (until, part + 1);
    }
    speech.items.len()
}

/// Somebody of the business listens for a while, unseen.
fn listen_in(stage: &mut Stage, answered: i64, ended: i64) {
    let room = (ended - answered - 4_000).max(0);
    if room < 8_000 {
        return;
    }
    let from = answered + 2_000 + stage.dice.between(0, room / 3);
    let until = from + stage.dice.between(2_000, room / 3);
    let supervisor = Participant {
        identity: format!("supervisor_{}", stage.dice.between(1, 40)),
        name: "Supervisor".to_owned(),
        permission: Some(Permission {
            can_subscribe: true,
            hidden: true,
            ..Permission::default()
        }),
        attributes: BTreeMap::from([("app.role".to_owned(), "supervisor".to_owned())]),
        ..Participant::default()
    };
    let mut supervisor = stage.join(from, supervisor);
    stage.leave(until, &mut supervisor, "CLIENT_INITIATED");
}
