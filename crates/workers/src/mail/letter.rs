//! What a mail says, and the one frame every mail is shown in.
//!
//! Words are data here and markup is in the two templates, so that no mail can look or behave
//! differently. Everything is escaped in HTML. Names people chose are made such that no mail program
//! turns them into links: somebody could sign up a stranger's address and let us deliver an
//! advertisement.

use askama::Template;
use std::borrow::Cow;
use url::Url;

/// The longest name that is shown.
const LONGEST_NAME: usize = 80;

/// One mail.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Letter {
    /// Ours alone, word for word: nothing anybody chose stands in a header.
    pub(crate) subject: &'static str,
    /// `Hello Ada,`
    pub(crate) greeting: String,
    pub(crate) paragraphs: Vec<String>,
    /// Particulars, as a small table.
    pub(crate) particulars: Vec<(&'static str, String)>,
    pub(crate) button: Option<Button>,
    /// In smaller print below the button.
    pub(crate) remarks: Vec<String>,
}

/// What to press.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Button {
    pub(crate) label: &'static str,
    pub(crate) url: Url,
}

#[derive(Template)]
#[template(path = "letter.html")]
struct Html<'a> {
    letter: &'a Letter,
    home: &'a str,
}

#[derive(Template)]
#[template(path = "letter.txt")]
struct Text<'a> {
    letter: &'a Letter,
    home: &'a str,
}

impl Letter {
    /// As HTML. `home` is the address of the service, shown at the bottom.
    pub(crate) fn html(&self, home: &str) -> Result<String, askama::Error> {
        Html { letter: self, home }.render()
    }

    /// As plain text.
    pub(crate) fn text(&self, home: &str) -> Result<String, askama::Error> {
        Text { letter: self, home }.render()
    }
}

/// A text somebody chose, as it is shown in a mail: on one line, of bounded length, and nothing in it
/// that a mail program would turn into a link.
pub(crate) fn shown(text: &str) -> String {
    shown_up_to(text, LONGEST_NAME)
}

/// The same of another length.
pub(crate) fn shown_up_to(text: &str, longest: usize) -> String {
    /// Word joiner: invisible, and the end of what looks like an address.
    const BREAK: char = '\u{2060}';
    let mut shown = String::with_capacity(text.len());
    let one_line: Cow<'_, str> = text.split_whitespace().collect::<Vec<_>>().join(" ").into();
    for letter in one_line
        .chars()
        .filter(|letter| !letter.is_control() && !is_direction(*letter))
        .take(longest)
    {
        shown.push(letter);
        if matches!(letter, '.' | '/' | ':' | '@') {
            shown.push(BREAK);
        }
    }
    shown
}

/// Marks that turn the direction of writing, with which a text can be made to read as another.
fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(text: &str) -> Letter {
        Letter {
            subject: "Subject",
            greeting: format!("Hello {text},"),
            paragraphs: vec![text.to_owned()],
            particulars: vec![("What", text.to_owned())],
            button: Some(Button {
                label: "Press",
                url: "https://app.example.com/verify#a-b_c".parse().unwrap(),
            }),
            remarks: vec![text.to_owned()],
        }
    }

    #[test]
    fn nothing_anybody_chose_becomes_markup() {
        let html = letter("<script>\"'&</script>").html("https://x").unwrap();
        assert!(!html.contains("<script>") && !html.contains("&</"));
        assert_eq!(html.matches("&#60;script&#62;").count(), 4);
    }

    #[test]
    fn a_mail_loads_nothing_and_knows_the_dark() {
        let html = letter("Ada").html("https://app.example.com").unwrap();
        for outside in ["<img", "src=", "@import", "url(", "<link", "<script"] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("prefers-color-scheme: dark"));
        assert!(html.contains("https://app.example.com/verify#a-b_c"));
        let text = letter("Ada").text("https://app.example.com").unwrap();
        assert!(
            text.contains("\nhttps://app.example.com/verify#a-b_c\n"),
            "{text}"
        );
    }

    #[test]
    fn a_name_cannot_be_made_into_a_link_or_a_second_line() {
        assert_eq!(shown("Ada  Lovelace"), "Ada Lovelace");
        assert_eq!(shown("a\r\nBcc: b"), "a Bcc:\u{2060} b");
        for name in [
            "https://evil.example",
            "evil.example",
            "www.evil.example/x",
            "a@evil.example",
        ] {
            let shown = shown(name);
            assert!(
                !shown.contains(".e") && !shown.contains("//") && !shown.contains("@e"),
                "{shown}"
            );
        }
        assert_eq!(shown("\u{202e}abc"), "abc");
        assert_eq!(shown(&"x".repeat(500)).len(), 80);
    }
}
