//! LiveKit's server API, as far as it is needed to end a call. Nothing here repeats LiveKit's words:
//! they may name a room, and a room's name may hold a caller's number.

use anyhow::{Context as _, bail};
use frontdesk_events::nats::connection::Secret;
use livekit_api::services::{ServerError, ServiceError, room::RoomClient};
use livekit_protocol::{ParticipantInfo, participant_info::Kind};
use std::time::Duration;
use url::Url;

/// Somebody waits in front of a screen; a server that lives answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(3);
/// What the caller of a telephone call is known by.
const CALL_ID: &str = "sip.callID";

/// Where LiveKit is and what opens it, checked.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    url: String,
    key: String,
    secret: Secret,
}

impl Address {
    /// `None` when there is no LiveKit. While keys are rotated several are named; the first is used.
    ///
    /// # Errors
    /// One line naming the variable that is wrong and what it must be.
    pub(crate) fn check(given: &crate::LiveKit) -> anyhow::Result<Option<Self>> {
        let Some(url) = first(given.url.as_deref()) else {
            return Ok(None);
        };
        let parsed = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "ws" | "wss" | "http" | "https"));
        if parsed.is_none_or(|url| url.host().is_none()) {
            bail!("LIVEKIT_URL must be an address like wss://livekit.example.com");
        }
        let key = first(given.api_key.as_deref())
            .context("LIVEKIT_API_KEY must be set beside LIVEKIT_URL: calls are ended with it")?;
        let secret = first(given.api_secret.as_ref().map(Secret::expose)).context(
            "LIVEKIT_API_SECRET must be set beside LIVEKIT_URL: calls are ended with it",
        )?;
        Ok(Some(Self {
            url: url.to_owned(),
            key: key.to_owned(),
            secret: Secret::from(secret.to_owned()),
        }))
    }
}

fn first(list: Option<&str>) -> Option<&str> {
    let first = list?.split(',').next()?.trim();
    (!first.is_empty()).then_some(first)
}

/// Whom a caller is with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum There {
    /// The caller is not in the room.
    Nobody,
    /// No other caller is.
    Alone,
    /// Others are, whose calls go on.
    AmongOthers {
        /// LiveKit's name of the caller in that room.
        identity: String,
    },
}

/// Why LiveKit did not do it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such room or participant.
    Gone,
    /// In words without personal data.
    Other(String),
}

pub(super) struct LiveKit {
    rooms: RoomClient,
}

impl LiveKit {
    pub(super) fn at(address: &Address) -> Self {
        let rooms = RoomClient::with_api_key(&address.url, &address.key, address.secret.expose())
            .with_request_timeout(PATIENCE);
        Self { rooms }
    }

    /// Who is in the room with the caller of this call.
    pub(super) async fn look(&self, room: &str, call: &str) -> Result<There, Refusal> {
        Ok(there(&self.rooms.list_participants(room).await?, call))
    }

    /// Ends the room with everybody in it.
    pub(super) async fn close(&self, room: &str) -> Result<(), Refusal> {
        Ok(self.rooms.delete_room(room).await?)
    }

    /// Ends one participant's part.
    pub(super) async fn remove(&self, room: &str, identity: &str) -> Result<(), Refusal> {
        Ok(self.rooms.remove_participant(room, identity).await?)
    }
}

fn there(participants: &[ParticipantInfo], call: &str) -> There {
    let is_meant = |participant: &&ParticipantInfo| {
        participant.sid == call
            || participant
                .attributes
                .get(CALL_ID)
                .is_some_and(|id| id == call)
    };
    let Some(caller) = participants.iter().find(is_meant) else {
        return There::Nobody;
    };
    let others = participants
        .iter()
        .any(|other| !is_meant(&other) && is_a_caller(other));
    if others {
        There::AmongOthers {
            identity: caller.identity.clone(),
        }
    } else {
        There::Alone
    }
}

/// Agents and recorders are there for the call; who is hidden listens in. A kind we do not know is taken
/// for a caller, whom nobody may throw out.
fn is_a_caller(participant: &ParticipantInfo) -> bool {
    let serves = matches!(participant.kind(), Kind::Agent | Kind::Egress);
    let is_hidden = participant
        .permission
        .as_ref()
        .is_some_and(|permission| permission.hidden);
    !serves && !is_hidden
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        let ServiceError::Twirp(error) = error else {
            return Self::Other("no token could be signed for LiveKit".to_owned());
        };
        match error {
            ServerError::Twirp(answer) if answer.code == "not_found" => Self::Gone,
            ServerError::Twirp(answer) => {
                let code: String = answer.code.chars().take(40).collect();
                Self::Other(format!("LiveKit answered {code}"))
            }
            ServerError::Request(error) if error.is_timeout() => {
                Self::Other("LiveKit did not answer in time".to_owned())
            }
            ServerError::Request(error) if error.is_connect() => {
                Self::Other("LiveKit cannot be reached".to_owned())
            }
            _ => Self::Other("LiveKit's answer makes no sense".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LiveKit as Given;
    use livekit_protocol::ParticipantPermission;

    fn participant(identity: &str, kind: Kind, call: Option<&str>) -> ParticipantInfo {
        let attributes = call.map(|call| (CALL_ID.to_owned(), call.to_owned()));
        ParticipantInfo {
            sid: format!("PA_{identity}"),
            identity: identity.to_owned(),
            kind: kind.into(),
            attributes: attributes.into_iter().collect(),
            ..ParticipantInfo::default()
        }
    }

    #[test]
    fn a_room_goes_with_its_only_caller_and_never_with_one_of_several() {
        let caller = participant("sip_1", Kind::Sip, Some("SCL_1"));
        let agent = participant("agent-AJ_1", Kind::Agent, None);
        let recorder = participant("EG_1", Kind::Egress, None);
        let mut listener = participant("sup_1", Kind::Standard, None);
        listener.permission = Some(ParticipantPermission {
            hidden: true,
            ..ParticipantPermission::default()
        });
        let alone = [caller.clone(), agent, recorder, listener];
        assert_eq!(there(&alone, "SCL_1"), There::Alone);
        assert_eq!(there(&alone, "SCL_2"), There::Nobody);
        assert_eq!(there(&[], "SCL_1"), There::Nobody);
        for other in [
            participant("sip_2", Kind::Sip, Some("SCL_2")),
            participant("visitor", Kind::Standard, None),
            participant("new", Kind::Bridge, None),
        ] {
            let among = There::AmongOthers {
                identity: "sip_1".to_owned(),
            };
            assert_eq!(there(&[caller.clone(), other], "SCL_1"), among);
        }
        // A visitor of a web page has no call id.
        let visitor = participant("visitor", Kind::Standard, None);
        assert_eq!(there(&[visitor], "PA_visitor"), There::Alone);
    }

    #[test]
    fn half_an_address_is_told_in_one_line() {
        let given = |url: &str, key: &str, secret: &str| Given {
            url: Some(url.to_owned()),
            api_key: Some(key.to_owned()),
            api_secret: Some(Secret::from(secret.to_owned())),
        };
        let check = |given: &Given| Address::check(given);
        assert!(check(&Given::default()).unwrap().is_none());
        assert!(check(&given(" ", "k", "s")).unwrap().is_none());
        for (given, named) in [
            (given("livekit.example.com", "k", "s"), "LIVEKIT_URL"),
            (given("ftp://livekit.example.com", "k", "s"), "LIVEKIT_URL"),
            (given("ws://127.0.0.1:7880", "", "s"), "LIVEKIT_API_KEY"),
            (given("ws://127.0.0.1:7880", "k", ""), "LIVEKIT_API_SECRET"),
        ] {
            let error = check(&given).unwrap_err().to_string();
            assert!(error.contains(named) && !error.contains('\n'), "{error}");
        }
        let rotating = check(&given("wss://livekit.example.com", "new, old", "t, s"));
        let rotating = rotating.unwrap().unwrap();
        assert_eq!(
            (rotating.key.as_str(), rotating.secret.expose()),
            ("new", "t")
        );
    }
}
