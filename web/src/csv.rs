//! Tables as CSV (RFC 4180), row by row, for spreadsheets and scripts.
//!
//! A text that a spreadsheet would take for a formula (beginning with `=`, `+`, `-`, `@`, a tab or a carriage return) gets an apostrophe in front:
//! names and arguments come from whoever ran something. Numbers, and text that cannot begin so, stay as they are.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bc_schema::ContainerId;
use utoipa::IntoResponses;

/// About as much is handed over at once.
const AT_ONCE: usize = 32 * 1024;

/// One row being written.
pub(crate) struct Row<'a> {
    text: &'a mut String,
    first: bool,
}

impl Row<'_> {
    fn separate(&mut self) {
        if !std::mem::take(&mut self.first) {
            self.text.push(',');
        }
    }

    /// A number, a time, an id of ours: what no quotes are needed for. `None`: not known, an empty cell.
    pub(crate) fn plain(&mut self, value: Option<impl std::fmt::Display>) {
        use std::fmt::Write;
        self.separate();
        if let Some(value) = value {
            let _ = write!(self.text, "{value}");
        }
    }

    /// A text of others. `None`: not known, an empty cell; one that is known and empty is `""`.
    pub(crate) fn text(&mut self, value: Option<&str>) {
        self.separate();
        let Some(value) = value else { return };
        let formula = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let quoted = value.is_empty() || value.contains(['"', ',', '\r', '\n']);
        if quoted {
            self.text.push('"');
        }
        if formula {
            self.text.push('\'');
        }
        if quoted {
            self.text.push_str(&value.replace('"', "\"\""));
            self.text.push('"');
        } else {
            self.text.push_str(value);
        }
    }
}

/// Writes a row: `fill` puts in its cells.
fn row(text: &mut String, fill: impl FnOnce(&mut Row<'_>)) {
    fill(&mut Row { text, first: true });
    text.push_str("\r\n");
}

/// A table as an answer: a row of names, then one for each of `rows`, written while it is sent.
pub(crate) fn table<T: Send + 'static>(
    file_name: &str,
    columns: &[&str],
    rows: impl Iterator<Item = T> + Send + 'static,
    fill: impl Fn(&T, &mut Row<'_>) + Send + 'static,
) -> Response {
    let mut text = String::new();
    row(&mut text, |row| {
        columns.iter().for_each(|column| row.plain(Some(column)));
    });
    let body = async_stream::stream! {
        for one in rows {
            row(&mut text, |row| fill(&one, row));
            if text.len() >= AT_ONCE {
                yield Ok::<_, Infallible>(Bytes::from(std::mem::take(&mut text)));
            }
        }
        yield Ok(Bytes::from(text));
    };
    let headers = [
        (
            header::CONTENT_TYPE,
            "text/csv; charset=utf-8; header=present".to_owned(),
        ),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{file_name}\""),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// A table to download, as the API's description has it.
#[derive(IntoResponses)]
#[response(
    status = 200,
    description = "The table.",
    content_type = "text/csv",
    headers(("content-disposition" = String, description = "A name for the file"))
)]
pub(crate) struct Table(#[allow(dead_code, reason = "its type is what is described")] String);

/// What a browser is to call a table of a container: nothing in it means anything to a header or a file system.
pub(crate) fn file_name(id: &ContainerId, of: &str) -> String {
    let id = id.short().unwrap_or(id.as_str());
    let plain = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' => c,
        _ => '_',
    };
    let id: String = id.chars().take(64).map(plain).collect();
    format!("{id}-{of}.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(fill: impl FnOnce(&mut Row<'_>)) -> String {
        let mut text = String::new();
        row(&mut text, fill);
        text
    }

    #[test]
    fn what_needs_quotes_gets_them() {
        let line = written(|row| {
            for text in ["a", "b,c", "d\"e\"", "f\r\ng", "ü"] {
                row.text(Some(text));
            }
            row.text(None);
            row.text(Some(""));
            row.plain(Some(-5));
            row.plain(None::<u8>);
        });
        assert_eq!(line, "a,\"b,c\",\"d\"\"e\"\"\",\"f\r\ng\",ü,,\"\",-5,\r\n");
    }

    #[test]
    fn nothing_is_a_formula() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\tx",
            "=HYPERLINK(\"http://x\",\"y\")",
            "\r=1",
        ] {
            let line = written(|row| row.text(Some(text)));
            let cell = line.trim_start_matches('"');
            assert!(cell.starts_with('\''), "{line}");
        }
        assert_eq!(written(|row| row.text(Some("a=1"))), "a=1\r\n");
    }

    #[test]
    fn a_file_name_is_harmless() {
        let name = |id: &str| file_name(&ContainerId::new(id).unwrap(), "usage");
        assert_eq!(name("job_7"), "job_7-usage.csv");
        assert_eq!(name("/a\"; ../b"), "_a______b-usage.csv");
        assert_eq!(name(&"ab".repeat(32)), "abababababab-usage.csv");
        assert_eq!(name(&"x/".repeat(500)).len(), 64 + "-usage.csv".len());
    }
}
