//! Hints at mistakes in a configuration, which people write: the parser of JSON knows only what it expected.

use clawft_types::json::{JsonError, JsonFault};

const MARK: &[u8] = "\u{feff}".as_bytes();

/// Returns the error with the usual reason for it.
pub(super) fn explained(bytes: &[u8], error: JsonError) -> JsonError {
    let fault = error.fault().clone();
    match fault {
        JsonFault::Syntax {
            line,
            column,
            message,
        } => match mistake(bytes, line, column) {
            Some(mistake) => JsonFault::Syntax {
                line,
                column,
                message: format!("{message}: {mistake}"),
            }
            .into(),
            None => error,
        },
        JsonFault::Field { field, message } if message == "expected a whole number, found a number" => {
            let message = format!("{message} with a sign, a point or an exponent");
            JsonFault::Field { field, message }.into()
        }
        _ => error,
    }
}

/// Returns the mistake at a position of the text.
fn mistake(bytes: &[u8], line: usize, column: usize) -> Option<&'static str> {
    let bytes = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let lines = bytes.split(|byte| *byte == b'\n').take(line.saturating_sub(1));
    let start: usize = lines.map(|line| line.len().saturating_add(1)).sum();
    let (before, found) = bytes.split_at_checked(start.saturating_add(column.checked_sub(1)?))?;
    let is_quote = |quote: &str| found.starts_with(quote.as_bytes());
    match found.first()? {
        b'/' | b'#' => Some("JSON has no comments"),
        b'}' | b']' if before.trim_ascii_end().last() == Some(&b',') => {
            Some("there is no comma after the last entry")
        }
        _ if ["'", "\u{201c}", "\u{201d}", "\u{201e}"]
            .into_iter()
            .any(is_quote) =>
        {
            Some("texts are in straight double quotes")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clawft_types::json::{self, Node};

    use super::*;

    #[test]
    fn common_mistakes_are_named() {
        for (text, expected) in [
            (
                "{\n  // a\n}",
                "2:3: not JSON, key must be a string: JSON has no comments",
            ),
            (
                "{\"a\": /* b */ 1}",
                "1:7: not JSON, expected value: JSON has no comments",
            ),
            (
                "{\"a\": 1 # b\n}",
                "1:9: not JSON, expected `,` or `}`: JSON has no comments",
            ),
            (
                "\u{feff}// a\n{}",
                "1:1: not JSON, expected value: JSON has no comments",
            ),
            (
                "{\"a\": 1,\n}",
                "2:1: not JSON, key must be a string: there is no comma after the last entry",
            ),
            (
                "[1, ]",
                "1:5: not JSON, expected value: there is no comma after the last entry",
            ),
            (
                "{'a': 1}",
                "1:2: not JSON, key must be a string: texts are in straight double quotes",
            ),
            (
                "{\"a\": “b”}",
                "1:7: not JSON, expected value: texts are in straight double quotes",
            ),
            ("{\"a\": }", "1:7: not JSON, expected value"),
            ("{\"a\"", "1:4: not JSON, the text ends early"),
            ("", "1:0: not JSON, the text is empty"),
        ] {
            let error = json::parse(text.as_bytes()).unwrap_err();
            assert_eq!(explained(text.as_bytes(), error).to_string(), expected);
        }
    }

    #[test]
    fn numbers_that_are_not_whole_are_described() {
        for number in ["1e3", "1.5", "-1"] {
            let text = format!("{{\"a\":{number}}}");
            let document = json::parse(text.as_bytes()).unwrap();
            let error = Node::root(&document).require("a").unwrap().whole().unwrap_err();
            assert_eq!(
                explained(text.as_bytes(), error).to_string(),
                "a: expected a whole number, found a number with a sign, a point or an exponent"
            );
        }
    }
}
