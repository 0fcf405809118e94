//! The `charset` of a Content-Type: readers take data as UTF-8, so bytes in any other would be stored and
//! never read as they were meant.

/// Names of UTF-8 and of its part that is ASCII, in lower case.
const READABLE: [&str; 4] = ["utf-8", "utf8", "us-ascii", "ascii"];

/// Whether a Content-Type names a charset that is not read here. One that names none is UTF-8's.
pub(super) fn is_foreign(content_type: &str) -> bool {
    parameters(content_type).any(|(name, value)| {
        name.eq_ignore_ascii_case("charset")
            && !value.is_empty()
            && !READABLE
                .iter()
                .any(|known| known.eq_ignore_ascii_case(&value))
    })
}

/// Names and values behind the media type, without quotes and escapes. Senders also put blanks and
/// single quotes where none belong.
fn parameters(content_type: &str) -> impl Iterator<Item = (&str, String)> {
    pieces(content_type).skip(1).filter_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']);
        Some((name.trim(), value.replace('\\', "").trim().to_owned()))
    })
}

/// Split at each `;` that stands in no quoted text.
fn pieces(content_type: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    content_type.split(move |letter| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match letter {
            '\\' if is_quoted => is_escaped = !was_escaped,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        letter == ';' && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf_8_and_ascii_are_read_however_they_are_written() {
        for content_type in [
            "application/json",
            "application/json; charset=utf-8",
            "application/json;CharSet=\"UTF-8\"",
            "application/json ; charset = 'Utf8'",
            "application/json; charset=\"utf\\-8\"",
            "text/plain; charset=US-ASCII; format=flowed",
            "text/plain; note=\"a; charset=iso-8859-1\"",
            "text/plain; note=\"\\\"; charset=iso-8859-1\"; charset=utf-8",
            "text/plain; xcharset=iso-8859-1",
            "text/plain; charset=",
            "text/plain;;",
            "",
        ] {
            assert!(!is_foreign(content_type), "{content_type}");
        }
    }

    #[test]
    fn every_other_charset_is_foreign_however_it_is_written() {
        for content_type in [
            "application/json; charset=iso-8859-1",
            "application/json;CHARSET=\"ISO-8859-1\"",
            "application/json; charset='latin1'",
            "application/json; charset = \"windows-1252\"",
            "application/json; charset=\"utf-16\"; version=1",
            "text/plain; format=flowed; charset=utf-7",
            "text/plain; charset=utf-8; charset=utf-16",
            "text/plain; note=\"a;\"; charset=utf-32",
        ] {
            assert!(is_foreign(content_type), "{content_type}");
        }
    }
}
