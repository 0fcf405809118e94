//! Texts that strangers wrote, on their way into a spreadsheet: whoever opens the file must not run them.

use std::borrow::Cow;

/// Puts an apostrophe before whatever could begin a formula: at the start of the cell, and where a
/// spreadsheet that divides at semicolons, tabs or line breaks would see one begin. To spreadsheets
/// the apostrophe says "text"; they do not show it at the start of a cell (OWASP, CSV injection).
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    let mut guarded = String::new();
    // What stands in `text` before here is written, as soon as anything is.
    let mut written = 0;
    let mut at_start = true;
    for (place, letter) in text.char_indices() {
        match letter {
            // The wide forms are taken for the narrow ones in East Asian editions.
            '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' if at_start => {
                guarded.push_str(&text[written..place]);
                guarded.push('\'');
                written = place;
                at_start = false;
            }
            ';' | '\t' | '\r' | '\n' | '|' => at_start = true,
            // Both are skipped before a cell.
            ' ' | '"' => {}
            _ => at_start = false,
        }
    }
    if guarded.is_empty() {
        return Cow::Borrowed(text);
    }
    guarded.push_str(&text[written..]);
    Cow::Owned(guarded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_stranger_says_begins_a_formula() {
        for (said, kept) in [
            ("=1+1", "'=1+1"),
            ("+12025550147", "'+12025550147"),
            ("-2+3", "'-2+3"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\t'=1"),
            ("\r\n=1", "\r\n'=1"),
            ("  =1", "  '=1"),
            ("＝1", "'＝1"),
            ("a;=cmd|' /C calc'!A0", "a;'=cmd|' /C calc'!A0"),
            ("a\n=1", "a\n'=1"),
            ("\"=1", "\"'=1"),
            ("a;\"=1\"", "a;\"'=1\""),
            ("a;=1;b;＋2;c", "a;'=1;b;'＋2;c"),
            ("a=1", "a=1"),
            ("Smith - and - Sons", "Smith - and - Sons"),
            ("", ""),
        ] {
            assert_eq!(guarded(said), kept, "{said:?}");
        }
    }
}
