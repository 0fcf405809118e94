//! A telephone call: the caller's room, the number dialled, the ringing. What follows once an
//! agent answers is [`super::served`].

use super::{
    Story, Timeline,
    plot::{Channel, Course, NumberShown, Plot},
    served,
    stage::{self, Stage},
};
use crate::{chance::Dice, livekit::body::Participant, world::Business};
use serde_json::json;
use std::collections::BTreeMap;

/// How long the trunk lets it ring, ms; the trunk's own setting, LiveKit's default would be three
/// minutes.
const RINGING_TIMEOUT: (i64, i64) = (30_000, 45_000);
/// How soon callers lose patience, ms.
const PATIENCE: (i64, i64) = (3_500, 16_000);

/// The story of this plot.
#[must_use]
pub fn tell(plot: &Plot, dice: &mut Dice, business: &Business, clock: Timeline) -> Story {
    let mut dice = dice.split();
    let shown = match plot.channel {
        Channel::Phone(shown) => shown,
        Channel::Web => NumberShown::Withheld,
    };
    let name = format!(
        "call_{}_{}",
        number_in_room(shown, &plot.caller.number),
        dice.letters(12)
    );
    let (call_id, caller) = caller(&mut dice, business, plot, shown, clock);
    let mut stage = Stage::open(dice, clock, name, room_metadata(business));
    match plot.course {
        Course::Aborted => {
            let at = stage.dice.between(9_400, 11_800);
            stage.abort(at, caller);
            let closed = stage.idle_close(at);
            stage.finish(closed, "ROOM_END_IDLE_TIMEOUT");
        }
        Course::Abandoned => {
            let patience = stage.dice.between(PATIENCE.0, PATIENCE.1);
            ring_out(&mut stage, caller, patience, "hangup");
        }
        Course::Missed => {
            let timeout = stage.dice.between(RINGING_TIMEOUT.0, RINGING_TIMEOUT.1);
            // LiveKit says nothing more than that it still rang.
            ring_out(&mut stage, caller, timeout, "ringing");
        }
        Course::Answered | Course::OperatorHangUp | Course::ConnectionLost => {
            let mut caller = ring(&mut stage, caller);
            served::serve(&mut stage, plot, business, &mut caller, &call_id);
        }
    }
    stage.close()
}

/// The caller joins while the phone rings, and publishes.
fn ring(stage: &mut Stage, caller: Participant) -> stage::Person {
    let joined = stage.dice.between(180, 350);
    let mut caller = stage.join(joined, caller);
    let identity = caller.participant.identity.clone();
    let published = joined + stage.dice.between(280, 620);
    stage.publish(published, &mut caller, &identity, "audio/opus", "audio");
    caller
}

/// It rings until nobody is left; no agent speaks.
fn ring_out(stage: &mut Stage, caller: Participant, until: i64, status: &str) {
    let mut caller = ring(stage, caller);
    stage.room.num_participants = 1;
    caller.set_attribute("sip.callStatus", status);
    stage.leave(until, &mut caller, "CLIENT_INITIATED");
    let closed = stage.idle_close(until);
    stage.finish(closed, "ROOM_END_IDLE_TIMEOUT");
}

fn number_in_room(shown: NumberShown, number: &str) -> &str {
    match shown {
        NumberShown::Yes => number,
        NumberShown::Withheld => "anonymous",
        NumberShown::HiddenByRule => &number[number.len() - 4..],
    }
}

/// What the dispatch rule writes on the room.
pub(super) fn room_metadata(business: &Business) -> String {
    if business.tenant_on_rule {
        let number = business.numbers.first().map_or("", |number| &number[2..]);
        json!({ "tenantId": business.tenant_key, "phoneNumberId": format!("pn_{number}") })
            .to_string()
    } else {
        String::new()
    }
}

/// The SIP participant as it joins, and its call id.
fn caller(
    dice: &mut Dice,
    business: &Business,
    plot: &Plot,
    shown: NumberShown,
    clock: Timeline,
) -> (String, Participant) {
    let number = &plot.caller.number;
    let (identity, name) = match shown {
        NumberShown::Yes => (format!("sip_{number}"), format!("Phone {number}")),
        NumberShown::Withheld => ("sip_anonymous".to_owned(), "Phone anonymous".to_owned()),
        NumberShown::HiddenByRule => (
            format!("sip_{}", dice.hex(16)),
            format!("Phone {}", number_in_room(shown, number)),
        ),
    };
    let call_id = format!("SCL_{}", dice.letters(12));
    let attributes = attributes(dice, business, number, shown, clock, &call_id);
    let participant = Participant {
        identity,
        name,
        metadata: if business.tenant_on_rule {
            json!({ "tenantId": business.tenant_key }).to_string()
        } else {
            String::new()
        },
        permission: Some(crate::livekit::body::Permission {
            can_update_metadata: true,
            ..stage::speaker_permission()
        }),
        kind: "SIP".to_owned(),
        attributes,
        ..Participant::default()
    };
    (call_id, participant)
}

/// What livekit-sip says about the call.
fn attributes(
    dice: &mut Dice,
    business: &Business,
    number: &str,
    shown: NumberShown,
    clock: Timeline,
    call_id: &str,
) -> BTreeMap<String, String> {
    let mut trunk = Dice::new(0).fork(&business.tenant_key, 0);
    let mut attributes = BTreeMap::from([
        ("sip.callID", call_id.to_owned()),
        ("sip.callIDFull", format!("{}@198.51.100.20", dice.uuid())),
        ("sip.callStatus", "ringing".to_owned()),
        ("sip.callTag", format!("as{}", dice.hex(8))),
        ("sip.trunkID", format!("ST_{}", trunk.letters(12))),
        ("sip.ruleID", format!("SDR_{}", trunk.letters(12))),
    ]);
    if business.tenant_on_rule {
        attributes.insert("app.tenantId", business.tenant_key.clone());
    }
    if shown != NumberShown::HiddenByRule {
        let dialled = dice.pick(&business.numbers).clone();
        // Carriers are not of one mind about the plus.
        let raw = if dice.chance(0.15) {
            dialled[1..].to_owned()
        } else {
            dialled
        };
        attributes.insert("sip.trunkPhoneNumber", raw);
        attributes.insert("sip.hostname", "198.51.100.20".to_owned());
        let from = if shown == NumberShown::Yes {
            number
        } else {
            "anonymous"
        };
        attributes.insert("sip.phoneNumber", from.to_owned());
    }
    // Newer sip builds say when the INVITE came; one trunk runs one build.
    if trunk.chance(0.5) {
        let invited = clock.at(0).timestamp_millis() - dice.between(120, 420);
        attributes.insert("lk.sip.inviteTime", invited.to_string());
    }
    attributes
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
