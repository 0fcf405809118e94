//! What kind of call it is going to be, decided before its first event.

use crate::{chance::Dice, conversation::cast::Caller, world::Business};

/// How the caller came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// By telephone.
    Phone(NumberShown),
    /// From the website.
    Web,
}

/// Whether the caller's number is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberShown {
    /// It is.
    Yes,
    /// The caller withheld it: the carrier says `anonymous`.
    Withheld,
    /// The dispatch rule hides it (`hidePhoneNumber`).
    HiddenByRule,
}

/// How the call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Answered; the conversation decides how it ends.
    Answered,
    /// Answered, ended by somebody at the dashboard.
    OperatorHangUp,
    /// Answered, until the media broke.
    ConnectionLost,
    /// The caller gave up while it rang.
    Abandoned,
    /// It rang until the trunk gave up: no agent came.
    Missed,
    /// It reached the room, but no media ever came up.
    Aborted,
}

impl Course {
    /// How often each happens, in a hundred calls or so.
    const WEIGHTS: [(Self, f64); 6] = [
        (Self::Answered, 86.0),
        (Self::OperatorHangUp, 2.0),
        (Self::ConnectionLost, 1.5),
        (Self::Abandoned, 5.5),
        (Self::Missed, 4.0),
        (Self::Aborted, 0.8),
    ];
}

/// Everything decided beforehand.
#[derive(Debug, Clone)]
pub struct Plot {
    /// How the caller came.
    pub channel: Channel,
    /// How it goes.
    pub course: Course,
    /// Who rings.
    pub caller: Caller,
    /// Whether the call is recorded.
    pub recorded: bool,
    /// Whether somebody listens in.
    pub supervised: bool,
}

const WEB_SHARE: f64 = 0.06;
const WITHHELD_SHARE: f64 = 0.04;
const HIDDEN_BY_RULE_SHARE: f64 = 0.03;
const RECORDED_SHARE: f64 = 0.65;
const SUPERVISED_SHARE: f64 = 0.02;

impl Plot {
    /// A call of any kind.
    #[must_use]
    pub fn draw(dice: &mut Dice, business: &Business) -> Self {
        let mut plot = Self::draw_phone(dice, business);
        // Only a token made for the website says whose visitor it is.
        if business.tenant_on_rule && dice.chance(WEB_SHARE) {
            plot.channel = Channel::Web;
            if matches!(plot.course, Course::Missed | Course::Aborted) {
                plot.course = Course::Answered;
            }
        }
        plot
    }

    /// A telephone call.
    #[must_use]
    pub fn draw_phone(dice: &mut Dice, business: &Business) -> Self {
        let rule_share = if business.tenant_on_rule {
            HIDDEN_BY_RULE_SHARE
        } else {
            0.0
        };
        let shown = match dice.fraction() {
            share if share < rule_share => NumberShown::HiddenByRule,
            share if share < rule_share + WITHHELD_SHARE => NumberShown::Withheld,
            _ => NumberShown::Yes,
        };
        let course =
            Course::WEIGHTS[dice.weighted(Course::WEIGHTS.iter().map(|(_, weight)| *weight))].0;
        Self {
            channel: Channel::Phone(shown),
            course,
            caller: Caller::draw(dice, business),
            recorded: dice.chance(RECORDED_SHARE),
            supervised: dice.chance(SUPERVISED_SHARE),
        }
    }

    /// The number as a receptionist's tools know it.
    #[must_use]
    pub fn callback(&self) -> String {
        match self.channel {
            Channel::Phone(NumberShown::Yes) => self.caller.number.clone(),
            Channel::Phone(_) => "not shown".to_owned(),
            Channel::Web => "not given".to_owned(),
        }
    }
}
