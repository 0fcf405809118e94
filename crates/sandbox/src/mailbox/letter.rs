//! One mail: who handed it over for whom (the envelope, which decides where a mail goes), and the
//! bytes as they came. What its headers say is read anew whenever it is shown, by a parser that is
//! made for mail of every quality.

use anyhow::Context as _;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use mail_parser::{Message, MessageParser};
use serde::{Deserialize, Serialize};

/// What SMTP was told, whatever the mail's headers say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Empty for a mail that wants no answer.
    pub from: String,
    /// Everybody it is for.
    pub to: Vec<String>,
}

/// The first line of a mail's file.
#[derive(Serialize, Deserialize)]
struct Label {
    received_at: DateTime<Utc>,
    #[serde(flatten)]
    envelope: Envelope,
}

/// A mail that was taken.
#[derive(Debug)]
pub struct Letter {
    /// Rises with each mail.
    pub id: u64,
    /// When it was taken.
    pub received_at: DateTime<Utc>,
    /// From whom, for whom.
    pub envelope: Envelope,
    /// Empty when the mail has none.
    pub subject: String,
    /// As its header shows the sender; the envelope's when it has none.
    pub from: String,
    /// Without its angle brackets.
    pub message_id: Option<String>,
    /// Label, line end, source: as it lies on disk.
    file: Bytes,
    source_from: usize,
}

impl Letter {
    pub(super) fn arrived(
        id: u64,
        envelope: Envelope,
        source: &[u8],
        received_at: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let label = Label {
            received_at,
            envelope,
        };
        let mut file = serde_json::to_vec(&label).context("labelling a mail")?;
        file.push(b'\n');
        file.extend_from_slice(source);
        Self::read(id, file.into()).context("reading a mail's own label")
    }

    /// From its file; nothing when that is damaged.
    pub(super) fn read(id: u64, file: Bytes) -> Option<Self> {
        let end = file.iter().position(|&byte| byte == b'\n')?;
        let label: Label = serde_json::from_slice(&file[..end]).ok()?;
        let source_from = end + 1;
        let parsed = MessageParser::new().parse_headers(&file[source_from..]);
        let header = |read: fn(&Message) -> Option<String>| parsed.as_ref().and_then(read);
        Some(Self {
            id,
            received_at: label.received_at,
            subject: header(|mail| mail.subject().map(str::to_owned)).unwrap_or_default(),
            from: header(sender).unwrap_or_else(|| label.envelope.from.clone()),
            message_id: header(|mail| mail.message_id().map(str::to_owned)),
            envelope: label.envelope,
            file,
            source_from,
        })
    }

    /// The bytes as they came.
    #[must_use]
    pub fn source(&self) -> &[u8] {
        &self.file[self.source_from..]
    }

    pub(super) fn file(&self) -> &[u8] {
        &self.file
    }

    /// Its headers and what it says.
    #[must_use]
    pub fn open(&self) -> Opened {
        let parsed = MessageParser::new().parse(self.source());
        let Some(mail) = parsed else {
            return Opened {
                text: Some(String::from_utf8_lossy(self.source()).into_owned()),
                ..Opened::default()
            };
        };
        // The parser makes the one from the other where a mail has only one of them.
        let written = |parts: &[u32], html: bool| {
            parts
                .first()
                .and_then(|&place| mail.part(place))
                .is_some_and(|part| part.is_text_html() == html)
        };
        Opened {
            headers: mail
                .headers_raw()
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            text: written(&mail.text_body, false)
                .then(|| mail.body_text(0).map(|text| text.into_owned()))
                .flatten(),
            html: written(&mail.html_body, true)
                .then(|| mail.body_html(0).map(|html| html.into_owned()))
                .flatten(),
            attachments: mail.attachment_count(),
        }
    }

    /// Whether this is the earlier mail once more, for one of the same people.
    #[must_use]
    pub fn repeats(&self, earlier: &Self) -> bool {
        self.message_id.is_some()
            && self.message_id == earlier.message_id
            && self.envelope.to.iter().any(|to| {
                earlier
                    .envelope
                    .to
                    .iter()
                    .any(|had| had.eq_ignore_ascii_case(to))
            })
    }
}

/// What a mail says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// In order, unfolded no further than they came.
    pub headers: Vec<(String, String)>,
    /// Its plain text.
    pub text: Option<String>,
    /// Its HTML.
    pub html: Option<String>,
    /// How many things hang on it.
    pub attachments: usize,
}

impl Opened {
    /// Every web address in it, once, in the order they appear: those of the text, or where there
    /// is none those of the HTML.
    #[must_use]
    pub fn links(&self) -> Vec<String> {
        let (text, html) = (self.text.as_deref(), self.html.as_deref());
        let found: Vec<String> = match (text, html) {
            (Some(text), _) => links_in(text).map(|(_, link)| link.to_owned()).collect(),
            (None, Some(html)) => links_in(html)
                .map(|(_, link)| link.replace("&amp;", "&"))
                .collect(),
            (None, None) => Vec::new(),
        };
        let mut once = Vec::new();
        for link in found {
            if !once.contains(&link) {
                once.push(link);
            }
        }
        once
    }
}

/// Web addresses in a text, with the place each begins at. What ends a sentence ends an address.
pub(super) fn links_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut from = 0;
    let all = std::iter::from_fn(move || {
        let rest = &text[from..];
        let place = ["http://", "https://"]
            .iter()
            .filter_map(|scheme| rest.find(scheme))
            .min()?;
        let address = &rest[place..];
        let end = address
            .find(|letter: char| letter.is_whitespace() || "<>\"'`{}|\\^".contains(letter))
            .unwrap_or(address.len());
        let link = address[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']']);
        let at = from + place;
        from = at + end;
        Some((at, link))
    });
    all.filter(|(_, link)| !link.ends_with('/') || link.matches('/').count() > 2)
}

fn sender(mail: &Message) -> Option<String> {
    let first = mail.from()?.first()?;
    let address = first.address().unwrap_or_default();
    Some(match first.name() {
        Some(name) if !name.is_empty() => format!("{name} <{address}>"),
        _ => address.to_owned(),
    })
}
