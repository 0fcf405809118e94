// Sends one report in every mode the official JavaScript SDK of CloudEvents has.

import { CloudEvent, HTTP } from "cloudevents";

const [url, source] = process.argv.slice(2);
const data = { callId: "SCL_1", roomSid: "RM_1", roomName: "call_1", note: "Grüße “€” 😀 100%" };

const report = (id) =>
  new CloudEvent({
    id,
    source,
    type: "dev.frontdesk.call.answered.v1",
    subject: 'Zoë "call" 100%',
    time: "2026-11-20T17:04:03.240Z",
    datacontenttype: "application/json",
    tenant: "Ä B",
    data,
  });

const raw = (id) =>
  new CloudEvent({
    id,
    source,
    type: "com.example.bytes",
    datacontenttype: "application/octet-stream",
    data: new Uint8Array([0xff, 0x00, 0xfe]),
  });

// CloudEvents over HTTP wants header values percent-encoded; the SDK leaves that to its caller.
const encoded = (value) => value.replace(/[^\x21-\x7e]|["%]/gu, (character) => encodeURIComponent(character));

async function send({ headers, body }) {
  const own = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, name.startsWith("ce-") ? encoded(String(value)) : value]),
  );
  const answer = await fetch(url, {
    method: "POST",
    headers: { ...own, authorization: process.env.AUTHORIZATION },
    body,
  });
  console.log(JSON.stringify({ status: answer.status, text: await answer.text() }));
}

await send(HTTP.binary(report("binary")));
await send(HTTP.structured(report("structured")));
await send(HTTP.binary(raw("binary-bytes")));
await send(HTTP.structured(raw("structured-bytes")));
// The SDK reads batches and has no way to write one; its structured events make one.
const batch = ["batch", "batch-2"].map((id) => HTTP.structured(report(id)).body);
await send({ headers: { "content-type": "application/cloudevents-batch+json" }, body: `[${batch.join(",")}]` });
