//! Cells of CSV files that a spreadsheet takes for text and nothing else.

use std::borrow::Cow;

/// A cell as it is written: one that a spreadsheet would run as a formula gets an apostrophe before
/// it, which spreadsheets take for "this is text" and do not show (OWASP, CSV injection).
pub(super) fn cell(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for formula in ["=1+1", "+12025550143", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(formula), format!("'{formula}"));
        }
        for text in ["", "Ada", "1-1", "a=b", "'=1"] {
            assert_eq!(cell(text), text);
        }
    }
}
