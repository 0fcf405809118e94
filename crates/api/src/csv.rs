//! Lists as CSV files (RFC 4180), written page by page while they are read, so that a file of any
//! length takes the memory of one page.
//!
//! Spreadsheets run what looks like a formula, and most of what stands in a cell was written by
//! strangers. So a cell is either [`said`](Cell::said) by somebody, and guarded, or
//! [`ours`](Cell::ours); there is no third way to make one.

use crate::{
    problem::Problem,
    viewer::{Database, Right, Viewer},
};
use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use frontdesk_process::{clock, sheet};
use futures::{StreamExt as _, stream};
use std::{fmt::Display, future::Future, io, sync::Arc};

/// How many rows are read at a time: some hundred kilobytes, and far below a statement's time limit.
pub(crate) const PAGE: i64 = 1_000;

/// Without it a spreadsheet takes the file for the code page of its own country.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell(String);

impl Cell {
    /// What somebody else wrote. Nothing in it can be taken for a formula.
    pub(crate) fn said(text: &str) -> Self {
        Self(sheet::guarded(text).into_owned())
    }

    /// A number, an id, a time or a word of ours.
    pub(crate) fn ours(value: impl Display) -> Self {
        Self(value.to_string())
    }

    /// Nothing.
    pub(crate) fn empty() -> Self {
        Self(String::new())
    }

    /// What somebody else wrote, or nothing.
    pub(crate) fn maybe_said(text: Option<&str>) -> Self {
        text.map_or_else(Self::empty, Self::said)
    }

    /// Something of ours, or nothing.
    pub(crate) fn maybe_ours(value: Option<impl Display>) -> Self {
        value.map_or_else(Self::empty, Self::ours)
    }
}

/// A part of a list: as many cells in each row as the head has, and where the next part begins.
#[derive(Debug)]
pub(crate) struct Page<P> {
    pub(crate) rows: Vec<Vec<Cell>>,
    /// `None` on the last page.
    pub(crate) next: Option<P>,
}

/// A file of a list.
pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) head: &'static [&'static str],
    /// Who may have it.
    pub(crate) right: Right,
}

/// Answers with a file of all pages that `read` gives its viewer, beginning at `start`. The first is
/// read before the answer begins, so what is wrong with the question is still a problem. What goes
/// wrong later breaks the connection off: a file that ends early must not look whole.
///
/// A download may take hours, as slowly as its reader likes. So who it is for is looked up again
/// before each page, and it breaks off with the right to it.
///
/// # Errors
/// 403 for whoever may not have it, else the problem of the first page.
pub(crate) async fn answer<P, R, F>(
    database: Database,
    viewer: Viewer,
    file: File,
    start: P,
    read: R,
) -> Result<Response, Problem>
where
    P: Send + 'static,
    R: Fn(Viewer, P) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Page<P>, Problem>> + Send + 'static,
{
    viewer.require(file.right)?;
    let first = read(viewer.clone(), start).await?;
    let read = Arc::new(read);
    let again = move |next| {
        let (database, viewer) = (database.clone(), viewer.clone());
        let read = Arc::clone(&read);
        async move {
            let viewer = viewer.again(&database, clock::now()).await?;
            viewer.require(file.right)?;
            read(viewer, next).await
        }
    };
    Ok(respond(&file, first, again))
}

fn respond<P, R, F>(file: &File, first: Page<P>, read: R) -> Response
where
    P: Send + 'static,
    R: Fn(P) -> F + Send + 'static,
    F: Future<Output = Result<Page<P>, Problem>> + Send,
{
    let mut bytes = BYTE_ORDER_MARK.to_vec();
    let titles = file.head.iter().map(|&title| Cell::ours(title)).collect();
    bytes.extend(written([titles].into_iter().chain(first.rows)));
    let later = stream::try_unfold(
        first.next.map(|next| (next, read)),
        async |position| -> io::Result<_> {
            let Some((next, read)) = position else {
                return Ok(None);
            };
            let page = read(next)
                .await
                .map_err(|problem| io::Error::other(format!("{problem:?}")))?;
            let bytes = Bytes::from(written(page.rows));
            Ok(Some((bytes, page.next.map(|next| (next, read)))))
        },
    );
    let body = stream::iter([Ok(Bytes::from(bytes))]).chain(later);
    let disposition = format!("attachment; filename=\"{}\"", file.name);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8"),
        ),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).expect("names of files are plain words of ours"),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

fn written(rows: impl IntoIterator<Item = Vec<Cell>>) -> Vec<u8> {
    let mut file = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        file.write_record(row.iter().map(|Cell(text)| text))
            .expect("rows are as long as the head, and a buffer takes all");
    }
    file.into_inner().expect("a buffer takes all")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::to_bytes;

    #[test]
    fn what_a_stranger_says_is_guarded_and_what_we_say_is_not() {
        assert_eq!(Cell::said("a;=1"), Cell("a;'=1".to_owned()));
        assert_eq!(Cell::maybe_said(Some("-5")), Cell("'-5".to_owned()));
        assert_eq!(Cell::ours(-5), Cell("-5".to_owned()));
    }

    #[test]
    fn a_cell_holds_whatever_it_is_told_to() {
        let odd = ["a,b", "c\"d", "e\r\nf", "🦷", ""];
        let row: Vec<Cell> = odd.iter().map(Cell::ours).collect();
        let bytes = written([row]);
        let mut read = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(bytes.as_slice());
        let found = read.records().next().unwrap().unwrap();
        assert_eq!(found.iter().collect::<Vec<_>>(), odd);
    }

    const NUMBERS: File = File {
        name: "numbers.csv",
        head: &["number"],
        right: Right::ReadCalls,
    };

    fn numbers(from: i64) -> Page<i64> {
        Page {
            rows: vec![vec![Cell::ours(from)]],
            next: (from < 3).then_some(from + 1),
        }
    }

    #[tokio::test]
    async fn pages_follow_one_another_in_one_file() {
        let answer = respond(&NUMBERS, numbers(1), async |from| Ok(numbers(from)));
        let disposition = &answer.headers()[header::CONTENT_DISPOSITION];
        assert_eq!(disposition, "attachment; filename=\"numbers.csv\"");
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        assert_eq!(body, "\u{feff}number\r\n1\r\n2\r\n3\r\n");
    }

    #[tokio::test]
    async fn a_file_that_ends_early_does_not_look_whole() {
        let broken = respond(&NUMBERS, numbers(1), async |_| Err(Problem::internal()));
        let body = broken.into_body();
        assert!(to_bytes(body, usize::MAX).await.is_err());
    }
}
