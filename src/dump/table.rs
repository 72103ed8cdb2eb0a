//! Records as lines: a JSON object each, or CSV under a line of names (RFC 4180). What is unknown is `null`, or empty.

use std::io::{self, Write};

use serde_json::Value;

/// How records are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A JSON object a line
    Json,
    /// Comma-separated values, the first line with their names
    Csv,
}

/// Records of one shape on their way out.
pub(super) struct Table<'a> {
    format: Format,
    columns: &'a [&'a str],
    out: &'a mut (dyn Write + Send),
    line: String,
}

impl<'a> Table<'a> {
    /// Begins with the names, where they stand apart.
    pub(super) fn begin(
        format: Format,
        columns: &'a [&'a str],
        out: &'a mut (dyn Write + Send),
    ) -> io::Result<Self> {
        if format == Format::Csv {
            writeln!(out, "{}", columns.join(","))?;
        }
        Ok(Self {
            format,
            columns,
            out,
            line: String::new(),
        })
    }

    /// Writes a record: a value for each column.
    pub(super) fn row(&mut self, values: &[Value]) -> io::Result<()> {
        debug_assert_eq!(values.len(), self.columns.len());
        self.line.clear();
        match self.format {
            Format::Json => {
                for (index, (column, value)) in self.columns.iter().zip(values).enumerate() {
                    self.line.push(if index == 0 { '{' } else { ',' });
                    // Names of columns are plain words.
                    self.line.push_str(&format!("\"{column}\":{value}"));
                }
                self.line.push('}');
            }
            Format::Csv => {
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        self.line.push(',');
                    }
                    match value {
                        Value::Null => {}
                        Value::String(text) => quote(text, &mut self.line),
                        Value::Array(_) | Value::Object(_) => {
                            quote(&value.to_string(), &mut self.line);
                        }
                        plain => self.line.push_str(&plain.to_string()),
                    }
                }
            }
        }
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())
    }
}

fn quote(text: &str, line: &mut String) {
    // An empty text is quoted, because nothing at all means unknown.
    let plain = !text.is_empty()
        && !text.contains(['"', ',', '\n', '\r'])
        && !text.starts_with(' ')
        && !text.ends_with(' ');
    if plain {
        line.push_str(text);
    } else {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(format: Format, values: &[Value]) -> String {
        let mut out = Vec::new();
        let mut table = Table::begin(format, &["a", "b", "c"], &mut out).unwrap();
        table.row(values).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unknown_is_told_from_empty_and_from_zero() {
        let values = [Value::Null, json!(""), json!(0)];
        assert_eq!(
            written(Format::Json, &values),
            "{\"a\":null,\"b\":\"\",\"c\":0}\n"
        );
        assert_eq!(written(Format::Csv, &values), "a,b,c\n,\"\",0\n");
    }

    #[test]
    fn what_a_process_calls_itself_breaks_no_line() {
        let values = [
            json!("x,\"y\"\r\nz"),
            json!(["sh", "-c", "a,b"]),
            json!(true),
        ];
        assert_eq!(
            written(Format::Csv, &values),
            "a,b,c\n\"x,\"\"y\"\"\r\nz\",\"[\"\"sh\"\",\"\"-c\"\",\"\"a,b\"\"]\",true\n"
        );
        let json = written(Format::Json, &values);
        assert_eq!(json.lines().count(), 1);
        let back: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(back["a"], values[0]);
    }
}
