//! Signed requests: what goes over the wire, whoever carries it. The live sender posts them, the
//! load generator writes them as raw bytes, the command line prints them as `curl`.

use crate::{
    agent::Report, livekit::token::LiveKitKey, paypal::transmission::Transmitter,
    stories::WorldEvent,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use chrono::{DateTime, SecondsFormat, Utc};

/// A POST ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Where, below the target.
    pub path: &'static str,
    /// All but `host` and `content-length`.
    pub headers: Vec<(&'static str, String)>,
    /// Exactly these bytes.
    pub body: Bytes,
}

impl Post {
    /// The whole request as HTTP/1.1 writes it, for a keep-alive connection to this host.
    #[must_use]
    pub fn raw(&self, host: &str) -> Bytes {
        let mut raw = BytesMut::with_capacity(self.body.len() + 1024);
        raw.put(format!("POST {} HTTP/1.1\r\nhost: {host}\r\n", self.path).as_bytes());
        for (name, value) in &self.headers {
            raw.put(format!("{name}: {value}\r\n").as_bytes());
        }
        raw.put(format!("content-length: {}\r\n\r\n", self.body.len()).as_bytes());
        raw.put(&self.body[..]);
        raw.freeze()
    }

    /// A command that sends this, its body from `file`, when pasted into a shell.
    #[must_use]
    pub fn curl(&self, target: &str, file: &str) -> String {
        let mut command = format!(
            "curl -i -X POST {}",
            quoted(&format!("{}{}", target.trim_end_matches('/'), self.path))
        );
        for (name, value) in &self.headers {
            command.push_str(&format!(
                " \\\n  -H {}",
                quoted(&format!("{name}: {value}"))
            ));
        }
        command.push_str(&format!(
            " \\\n  --data-binary {}",
            quoted(&format!("@{file}"))
        ));
        command
    }

    /// Changes one header.
    pub fn bend_header(&mut self, name: &str, bend: impl FnOnce(&str) -> String) {
        if let Some((_, value)) = self.headers.iter_mut().find(|(known, _)| *known == name) {
            *value = bend(value);
        }
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Everything needed to sign what the world says.
#[derive(Debug, Clone)]
pub struct Signatures {
    /// LiveKit's, for webhooks and agents alike.
    pub livekit: LiveKitKey,
    /// PayPal's.
    pub paypal: Transmitter,
}

impl Signatures {
    /// The n-th attempt at this event, signed now.
    ///
    /// # Errors
    /// When LiveKit's key or secret is empty.
    pub fn sign(
        &self,
        event: &WorldEvent,
        attempt: u32,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Post> {
        Ok(match event {
            WorldEvent::LiveKit(webhook) => livekit(&self.livekit, webhook.body.clone())?,
            WorldEvent::Agent(report) => agent(&self.livekit, report)?,
            WorldEvent::PayPal(notification) => self.paypal.transmit(notification, attempt, now),
        })
    }
}

/// LiveKit's webhook with this body.
///
/// # Errors
/// When the key or secret is empty.
pub fn livekit(key: &LiveKitKey, body: Bytes) -> anyhow::Result<Post> {
    let headers = vec![
        // Bare: LiveKit writes no `Bearer`.
        ("authorization", key.sign_webhook(&body)?),
        ("content-type", "application/webhook+json".to_owned()),
        ("user-agent", "LiveKit".to_owned()),
    ];
    Ok(Post {
        path: "/webhooks/livekit",
        headers,
        body,
    })
}

/// An agent's CloudEvent in its mode.
///
/// # Errors
/// When the key or secret is empty.
pub fn agent(key: &LiveKitKey, report: &Report) -> anyhow::Result<Post> {
    let source = format!("/agents/{}", report.agent);
    let time = report.time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut headers = vec![(
        "authorization",
        format!("Bearer {}", key.sign_agent(&report.agent)?),
    )];
    let body = if report.structured {
        headers.push(("content-type", "application/cloudevents+json".to_owned()));
        structured(report, &source, &time)?
    } else {
        headers.extend([
            ("ce-specversion", "1.0".to_owned()),
            ("ce-id", report.id.clone()),
            ("ce-source", source),
            ("ce-type", report.kind.to_owned()),
            ("ce-subject", report.subject.clone()),
            ("ce-time", time),
            ("content-type", "application/json".to_owned()),
        ]);
        report.data.clone()
    };
    Ok(Post {
        path: "/events",
        headers,
        body,
    })
}

/// The whole event as one JSON object; the data are spliced in, not printed anew.
fn structured(report: &Report, source: &str, time: &str) -> anyhow::Result<Bytes> {
    #[derive(serde::Serialize)]
    struct Structured<'a> {
        specversion: &'static str,
        id: &'a str,
        source: &'a str,
        r#type: &'a str,
        subject: &'a str,
        time: &'a str,
        datacontenttype: &'static str,
        data: &'a serde_json::value::RawValue,
    }
    let event = Structured {
        specversion: "1.0",
        id: &report.id,
        source,
        r#type: report.kind,
        subject: &report.subject,
        time,
        datacontenttype: "application/json",
        data: serde_json::from_slice(&report.data)?,
    };
    Ok(serde_json::to_vec(&event)?.into())
}

/// A CloudEvent, or a batch of them, as somebody wrote it into a file.
///
/// # Errors
/// When it is not JSON, names no agent, or the key is empty.
pub fn written_event(key: &LiveKitKey, body: Bytes) -> anyhow::Result<Post> {
    let event: serde_json::Value = serde_json::from_slice(&body)?;
    let (first, content) = match event.as_array() {
        Some(batch) => (batch.first(), "application/cloudevents-batch+json"),
        None => (Some(&event), "application/cloudevents+json"),
    };
    let source = first
        .and_then(|event| event["source"].as_str())
        .unwrap_or_default();
    let name = source
        .strip_prefix("/agents/")
        .filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| {
        anyhow::anyhow!("the event's source should be /agents/<name>, not {source:?}")
    })?;
    let headers = vec![
        ("authorization", format!("Bearer {}", key.sign_agent(name)?)),
        ("content-type", content.to_owned()),
    ];
    Ok(Post {
        path: "/events",
        headers,
        body,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_curl_sends_exactly_the_files_bytes() {
        let post = Post {
            path: "/events",
            headers: vec![("x", "it's".into())],
            body: Bytes::from_static(b"{}"),
        };
        let expected = "curl -i -X POST 'http://127.0.0.1:8081/events' \\\n  -H 'x: it'\\''s' \\\n  --data-binary '@a b.json'";
        assert_eq!(post.curl("http://127.0.0.1:8081/", "a b.json"), expected);
    }

    #[test]
    fn raw_bytes_are_a_whole_request() {
        let post = Post {
            path: "/events",
            headers: vec![("x", "y".into())],
            body: Bytes::from_static(b"{}"),
        };
        assert_eq!(
            post.raw("h:1"),
            "POST /events HTTP/1.1\r\nhost: h:1\r\nx: y\r\ncontent-length: 2\r\n\r\n{}"
        );
    }
}
