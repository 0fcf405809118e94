//! LiveKit's server API over Twirp, as far as a product needs it to end a call: who is in a room, the
//! end of the room, the end of one participant. Whoever plays the calls answers ([`Ask`]); nothing is
//! known here.

use super::{body::Participant, token::LiveKitKey};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use livekit_api::access_token::{TokenVerifier, VideoGrants};
use livekit_protocol::{
    DeleteRoomRequest, DeleteRoomResponse, ListParticipantsRequest, ListParticipantsResponse,
    ParticipantInfo, ParticipantPermission, RemoveParticipantResponse, RoomParticipantIdentity,
    participant_info::Kind,
};
use prost::Message;
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

/// How many questions may wait for whoever plays the calls.
const MOST_WAITING: usize = 16;

/// A question to whoever plays the calls, with the way back.
#[derive(Debug)]
pub enum Ask {
    /// Who is in this room; `None` when there is no such room.
    Look(String, oneshot::Sender<Option<Vec<Participant>>>),
    /// End this room; false when there is none.
    Close(String, oneshot::Sender<bool>),
    /// End the part of the participant with this identity in this room; false when there is none.
    Remove(String, String, oneshot::Sender<bool>),
}

#[derive(Clone)]
struct Server {
    key: LiveKitKey,
    asks: mpsc::Sender<Ask>,
}

/// The API of the server with this key, and the questions it asks.
pub fn serve(key: LiveKitKey) -> (Router, mpsc::Receiver<Ask>) {
    let (asks, asked) = mpsc::channel(MOST_WAITING);
    let router = Router::new()
        .route(
            "/twirp/livekit.RoomService/ListParticipants",
            post(list_participants),
        )
        .route("/twirp/livekit.RoomService/DeleteRoom", post(delete_room))
        .route(
            "/twirp/livekit.RoomService/RemoveParticipant",
            post(remove_participant),
        )
        .with_state(Server { key, asks });
    (router, asked)
}

/// An error as Twirp writes it.
struct Refusal(StatusCode, &'static str);

impl Refusal {
    const MALFORMED: Self = Self(StatusCode::BAD_REQUEST, "malformed");
    const UNAUTHENTICATED: Self = Self(StatusCode::UNAUTHORIZED, "unauthenticated");
    const DENIED: Self = Self(StatusCode::FORBIDDEN, "permission_denied");
    const NOT_FOUND: Self = Self(StatusCode::NOT_FOUND, "not_found");
    const UNAVAILABLE: Self = Self(StatusCode::SERVICE_UNAVAILABLE, "unavailable");
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.1, "msg": "refused" });
        (self.0, axum::Json(body)).into_response()
    }
}

async fn list_participants(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let asked: ListParticipantsRequest = read(&headers, body)?;
    server.admit(&headers, |grants| {
        grants.room_admin && grants.room == asked.room
    })?;
    let (answer, told) = oneshot::channel();
    server.ask(Ask::Look(asked.room, answer)).await?;
    let there = told.await.map_err(|_| Refusal::UNAVAILABLE)?;
    let participants = there
        .ok_or(Refusal::NOT_FOUND)?
        .iter()
        .map(told_of)
        .collect();
    Ok(written(&ListParticipantsResponse { participants }))
}

async fn delete_room(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let asked: DeleteRoomRequest = read(&headers, body)?;
    server.admit(&headers, |grants| grants.room_create)?;
    let (answer, told) = oneshot::channel();
    server.ask(Ask::Close(asked.room, answer)).await?;
    if !told.await.map_err(|_| Refusal::UNAVAILABLE)? {
        return Err(Refusal::NOT_FOUND);
    }
    Ok(written(&DeleteRoomResponse::default()))
}

async fn remove_participant(
    State(server): State<Server>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let asked: RoomParticipantIdentity = read(&headers, body)?;
    server.admit(&headers, |grants| {
        grants.room_admin && grants.room == asked.room
    })?;
    let (answer, told) = oneshot::channel();
    let ask = Ask::Remove(asked.room, asked.identity, answer);
    server.ask(ask).await?;
    if !told.await.map_err(|_| Refusal::UNAVAILABLE)? {
        return Err(Refusal::NOT_FOUND);
    }
    Ok(written(&RemoveParticipantResponse::default()))
}

impl Server {
    fn admit(
        &self,
        headers: &HeaderMap,
        may: impl FnOnce(&VideoGrants) -> bool,
    ) -> Result<(), Refusal> {
        let token = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Bearer "))
            .ok_or(Refusal::UNAUTHENTICATED)?;
        let claims = TokenVerifier::with_api_key(&self.key.key, &self.key.secret)
            .verify(token)
            .map_err(|_| Refusal::UNAUTHENTICATED)?;
        if may(&claims.video) {
            Ok(())
        } else {
            Err(Refusal::DENIED)
        }
    }

    async fn ask(&self, ask: Ask) -> Result<(), Refusal> {
        self.asks.send(ask).await.map_err(|_| Refusal::UNAVAILABLE)
    }
}

fn read<T: Message + Default>(headers: &HeaderMap, body: Bytes) -> Result<T, Refusal> {
    let media = headers.get(header::CONTENT_TYPE);
    if media.is_none_or(|media| media != "application/protobuf") {
        return Err(Refusal::MALFORMED);
    }
    T::decode(body).map_err(|_| Refusal::MALFORMED)
}

fn written(message: &impl Message) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/protobuf")];
    (headers, message.encode_to_vec()).into_response()
}

fn told_of(participant: &Participant) -> ParticipantInfo {
    ParticipantInfo {
        sid: participant.sid.clone(),
        identity: participant.identity.clone(),
        name: participant.name.clone(),
        kind: Kind::from_str_name(&participant.kind)
            .unwrap_or_default()
            .into(),
        attributes: participant.attributes.clone().into_iter().collect(),
        permission: participant
            .permission
            .as_ref()
            .map(|permission| ParticipantPermission {
                hidden: permission.hidden,
                ..ParticipantPermission::default()
            }),
        ..ParticipantInfo::default()
    }
}
