"""Sends one report in every mode the official Python SDK of CloudEvents has."""

import json
import os
import sys
from datetime import datetime, timezone

import requests
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from cloudevents.v1.http import CloudEvent as OlderEvent
from cloudevents.v1.http import to_binary, to_structured

URL, SOURCE = sys.argv[1:3]
DATA = {"callId": "SCL_1", "roomSid": "RM_1", "roomName": "call_1", "note": "Grüße “€” 😀 100%"}


def attributes(event_id, **more):
    return {
        "id": event_id,
        "source": SOURCE,
        "type": "dev.frontdesk.call.answered.v1",
        "specversion": "1.0",
        "subject": 'Zoë "call" 100%',
        "time": datetime(2026, 11, 20, 17, 4, 3, 240417, tzinfo=timezone.utc),
        "datacontenttype": "application/json",
        "tenant": "Ä B",
        **more,
    }


def raw(event_id):
    more = {"type": "com.example.bytes", "datacontenttype": "application/octet-stream"}
    return attributes(event_id, **more)


def send(headers, body):
    headers = {**headers, "Authorization": os.environ["AUTHORIZATION"]}
    answer = requests.post(URL, headers=headers, data=body, timeout=20)
    print(json.dumps({"status": answer.status_code, "text": answer.text}))


for event_id, convert in (("binary", to_binary_event), ("structured", to_structured_event)):
    message = convert(CloudEvent(attributes(event_id), DATA))
    send(message.headers, message.body)
    message = convert(CloudEvent(raw(f"{event_id}-bytes"), b"\xff\x00\xfe"))
    send(message.headers, message.body)

# The SDK has no batch mode; its structured events make one.
batch = [json.loads(to_structured_event(CloudEvent(attributes(name), DATA)).body) for name in ("batch", "batch-2")]
send({"content-type": "application/cloudevents-batch+json"}, json.dumps(batch))

# The first generation of the SDK is still what most agents run. It does not encode header
# values, so its binary mode is held to what a header can carry.
plain = attributes("older-binary", subject="SCL_1", tenant="a", time="2026-11-20T17:04:03.240417+00:00")
send(*to_binary(OlderEvent(plain, DATA)))
older = attributes("older-structured", time="2026-11-20T17:04:03.240417+00:00")
send(*to_structured(OlderEvent(older, DATA)))
