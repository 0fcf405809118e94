"""Real WebRTC participants for one call against a real LiveKit server.

Plays a caller (token kind and attributes as livekit-sip sends them) and an agent, or leaves one
of them out, and prints what it did and when as one JSON object on the last line. Times are
milliseconds since 1970 by this machine's clock, which is the server's too.
"""

import asyncio
import json
import os
import sys
import time

from livekit import api, rtc

URL = os.environ["LIVEKIT_URL"]
KEY = os.environ["LIVEKIT_API_KEY"]
SECRET = os.environ["LIVEKIT_API_SECRET"]
STORY, ROOM = sys.argv[1], sys.argv[2]
CALL = "SCL_" + ROOM

moments: dict[str, int] = {}
hung_up = asyncio.Event()


def note(name: str) -> None:
    moments[name] = int(time.time() * 1000)


def token(identity: str, kind: str, attributes: dict[str, str]) -> str:
    grants = api.VideoGrants(room_join=True, room=ROOM, can_update_own_metadata=True, agent=kind == "agent")
    return (
        api.AccessToken(KEY, SECRET)
        .with_identity(identity)
        .with_name("Phone +12025550147" if kind == "sip" else identity)
        .with_kind(kind)
        .with_attributes(attributes)
        .with_grants(grants)
        .to_jwt()
    )


async def join(identity: str, kind: str, attributes: dict[str, str]) -> rtc.Room:
    room = rtc.Room()
    await asyncio.wait_for(room.connect(URL, token(identity, kind, attributes)), 20)
    note(f"{kind}_joined")
    return room


async def publish(room: rtc.Room, kind: str, name: str) -> asyncio.Task:
    """Publishes a microphone track and feeds it silence, as a phone line would."""
    source = rtc.AudioSource(48000, 1)
    track = rtc.LocalAudioTrack.create_audio_track(name, source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    note(f"{kind}_published")

    async def feed() -> None:
        while not hung_up.is_set():
            await source.capture_frame(rtc.AudioFrame(b"\0" * 960, 48000, 1, 480))

    return asyncio.create_task(feed())


async def play() -> None:
    caller = await join(
        "sip_+12025550147",
        "sip",
        {
            "sip.callID": CALL,
            "sip.callStatus": "ringing",
            "sip.phoneNumber": "+12025550147",
            "sip.trunkPhoneNumber": "+12025550100",
            "sip.trunkID": "ST_test",
            "sip.ruleID": "SDR_test",
        },
    )
    feeds = [await publish(caller, "sip", "sip_+12025550147")]
    agent = None
    if STORY != "abandoned":
        agent = await join("agent-AJ_test", "agent", {"lk.agent.name": "receptionist"})
        feeds.append(await publish(agent, "agent", "roomio_audio"))
        await caller.local_participant.set_attributes({"sip.callStatus": "active"})
        await asyncio.sleep(2)
    if STORY == "operator":
        async with api.LiveKitAPI(URL.replace("ws", "http", 1), KEY, SECRET) as server:
            await server.room.delete_room(api.DeleteRoomRequest(room=ROOM))
        note("sip_left")
    elif STORY == "dashboard":
        # Somebody else ends it; the server tells the caller.
        gone = asyncio.Event()
        caller.on("disconnected", lambda *_: gone.set())
        if caller.isconnected():
            await asyncio.wait_for(gone.wait(), 30)
        note("sip_left")
    else:
        await caller.local_participant.set_attributes({"sip.callStatus": "hangup"})
        await asyncio.sleep(0.5)
        note("sip_left")
        await caller.disconnect()
    # Ended, not cancelled: a frame still on its way when the process ends brings the library down.
    hung_up.set()
    await asyncio.gather(*feeds, return_exceptions=True)
    if agent is not None:
        await agent.disconnect()
    await caller.disconnect()


asyncio.run(play())
print(json.dumps({"call": CALL, **moments}))
