//! A letter as a message: headers that are the same at every try.

use super::letter::Letter;
use chrono::{DateTime, Utc};
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use sha2::{Digest as _, Sha256};

/// Made by a machine: no out-of-office answer, please (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// Who gets a letter, and where they find us.
pub(crate) struct Recipient {
    pub(crate) address: String,
    /// The address of the service.
    pub(crate) home: String,
}

/// # Errors
/// Why it can never be sent.
pub(crate) fn message(
    from: &Mailbox,
    to: &Recipient,
    letter: &Letter,
    key: &str,
    happened_at: DateTime<Utc>,
) -> Result<Message, String> {
    // Without a name: people choose theirs freely, and an address is enough to deliver.
    let address: Address = to
        .address
        .parse()
        .map_err(|_| "the address is none that mails can be sent to".to_owned())?;
    let unwritable = |_| "the letter could not be written".to_owned();
    let (text, html) = (
        letter.text(&to.home).map_err(unwritable)?,
        letter.html(&to.home).map_err(unwritable)?,
    );
    let key = hex::encode(Sha256::digest(key.as_bytes()));
    let parts = MultiPart::alternative()
        .boundary(format!("frontdesk-{}", &key[..32]))
        .singlepart(part(ContentType::TEXT_PLAIN, text))
        .singlepart(part(ContentType::TEXT_HTML, html));
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address))
        .subject(letter.subject)
        .date(happened_at.into())
        .message_id(Some(format!("<{}@{}>", &key[..40], from.email.domain())))
        .raw_header(HeaderValue::new(
            AUTO_SUBMITTED,
            "auto-generated".to_owned(),
        ))
        .multipart(parts)
        .map_err(|_| "the message could not be put together".to_owned())
}

fn part(kind: ContentType, body: String) -> SinglePart {
    SinglePart::builder().header(kind).body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        Letter {
            subject: "Subject",
            greeting: "Hello Zoë,".to_owned(),
            paragraphs: vec!["One.".to_owned()],
            particulars: Vec::new(),
            button: None,
            remarks: Vec::new(),
        }
    }

    fn written(address: &str, key: &str) -> Result<String, String> {
        let to = Recipient {
            address: address.to_owned(),
            home: "https://app.example.com".to_owned(),
        };
        let from = "Frontdesk <hello@example.com>".parse().unwrap();
        let message = message(
            &from,
            &to,
            &letter(),
            key,
            "2026-11-27T09:00:00Z".parse().unwrap(),
        )?;
        Ok(String::from_utf8(message.formatted()).unwrap())
    }

    #[test]
    fn the_same_effect_is_the_same_message_to_the_last_byte() {
        let first = written("ada@example.com", "a/mail").unwrap();
        assert_eq!(first, written("ada@example.com", "a/mail").unwrap());
        assert!(
            first.contains("\r\nDate: Fri, 27 Nov 2026 09:00:00 +0000\r\n"),
            "{first}"
        );
        assert!(first.contains("\r\nAuto-Submitted: auto-generated\r\n"));
        let id = |text: &str| {
            let line = text.lines().find(|line| line.starts_with("Message-ID: "));
            line.unwrap().to_owned()
        };
        assert!(id(&first).ends_with("@example.com>"));
        assert_ne!(
            id(&first),
            id(&written("ada@example.com", "b/mail").unwrap())
        );
    }

    #[test]
    fn an_address_adds_no_header_and_no_recipient() {
        for address in [
            "ada@example.com\r\nBcc: eve@example.com",
            "ada@example.com, eve@example.com",
            "Ada <ada@example.com>",
            "ada@example.com>\r\nRCPT TO:<eve@example.com",
            "ada",
            "",
        ] {
            assert!(written(address, "a/mail").is_err(), "{address:?}");
        }
    }
}
