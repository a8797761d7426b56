//! JSON for people and `git diff`: indented down to the lists of parts, each part on a line of its own.

use std::io::{self, Write};

use serde::{Serialize, ser::Error as _};
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

/// The number of indented levels: document, artifacts, artifact, list. Deeper levels stand on one line.
const INDENTED: usize = 4;

/// Writes `value` as JSON, without a line break at the end.
///
/// # Errors
/// Fails if a map in `value` has keys that are not strings.
pub fn lines(value: &impl Serialize) -> serde_json::Result<String> {
    let mut text = Vec::new();
    let format = Lines {
        pretty: PrettyFormatter::new(),
        depth: 0,
    };
    value.serialize(&mut Serializer::with_formatter(&mut text, format))?;
    String::from_utf8(text).map_err(serde_json::Error::custom)
}

struct Lines {
    pretty: PrettyFormatter<'static>,
    depth: usize,
}

impl Lines {
    fn indented(&self) -> bool {
        self.depth <= INDENTED
    }

    fn separate(first: bool, writer: &mut (impl Write + ?Sized)) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }
}

impl Formatter for Lines {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.indented() {
            self.pretty.begin_array(writer)
        } else {
            writer.write_all(b"[")
        }
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.depth < INDENTED {
            self.pretty.end_array(writer)
        } else {
            writer.write_all(b"]")
        }
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.indented() {
            self.pretty.begin_array_value(writer, first)
        } else {
            Self::separate(first, writer)
        }
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.indented() {
            self.pretty.end_array_value(writer)
        } else {
            Ok(())
        }
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        if self.indented() {
            self.pretty.begin_object(writer)
        } else {
            writer.write_all(b"{ ")
        }
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        if self.depth < INDENTED {
            self.pretty.end_object(writer)
        } else {
            writer.write_all(b" }")
        }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if self.indented() {
            self.pretty.begin_object_key(writer, first)
        } else {
            Self::separate(first, writer)
        }
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        if self.indented() {
            self.pretty.end_object_value(writer)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn writes_each_part_on_one_line() {
        let parts = json!([{ "name": "a", "raw": 1 }, { "name": "b", "raw": 2, "more": [1, 2] }]);
        let value = json!({ "artifacts": { "a.wasm": { "items": parts, "raw": 3 } }, "revision": null });
        let text = lines(&value).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        assert!(
            text.contains("\n        { \"name\": \"a\", \"raw\": 1 },\n"),
            "{text}"
        );
        assert!(
            text.contains("{ \"more\": [1, 2], \"name\": \"b\", \"raw\": 2 }\n      ],"),
            "{text}"
        );
    }

    #[test]
    fn keeps_empty_values_on_their_line() {
        assert_eq!(
            lines(&json!({ "items": [], "none": {} })).unwrap(),
            "{\n  \"items\": [],\n  \"none\": {}\n}"
        );
    }
}
