//! A visitor who talks to the receptionist from the business's website: an ordinary participant,
//! no telephone anywhere.

use super::{
    Story, Timeline, phone,
    plot::{Course, Plot},
    served,
    stage::{self, Stage},
};
use crate::{chance::Dice, livekit::body::Participant, world::Business};
use std::collections::BTreeMap;

/// The story of this plot.
#[must_use]
pub fn tell(plot: &Plot, dice: &mut Dice, business: &Business, clock: Timeline) -> Story {
    let mut dice = dice.split();
    let name = format!(
        "web-{}-{}",
        business.tenant_key.trim_start_matches("tnt_"),
        dice.letters(8)
    );
    let first = plot
        .caller
        .name
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_owned();
    let visitor = Participant {
        identity: format!("visitor_{}", dice.between(1000, 99_999)),
        // Most do not say who they are.
        name: if dice.chance(0.4) {
            first
        } else {
            String::new()
        },
        permission: Some(stage::speaker_permission()),
        attributes: BTreeMap::from([("app.tenantId".to_owned(), business.tenant_key.clone())]),
        ..Participant::default()
    };
    let mut stage = Stage::open(dice, clock, name, phone::room_metadata(business));
    let joined = stage.dice.between(200, 900);
    let mut visitor = stage.join(joined, visitor);
    if plot.course == Course::Abandoned {
        // Gone before the browser's question about the microphone was answered.
        let until = joined + stage.dice.between(1_500, 6_000);
        stage.leave(until, &mut visitor, "CLIENT_INITIATED");
        let closed = stage.idle_close(until);
        stage.finish(closed, "ROOM_END_IDLE_TIMEOUT");
        return stage.close();
    }
    let cid = stage.dice.uuid().to_string();
    let published = joined + stage.dice.between(700, 2_000);
    stage.publish(published, &mut visitor, "", "audio/red", &cid);
    let call_id = visitor.participant.sid.clone();
    served::serve(&mut stage, plot, business, &mut visitor, &call_id);
    stage.close()
}
