//! The messages in error responses: JSON in the form of the specification or in others, XML, or text.

use serde_json::Value;

/// The longest text of a server that is shown, in characters.
const LONGEST: usize = 300;

/// The members that may hold the message of an error, the best first.
const MESSAGES: [&str; 6] = [
    "message",
    "details",
    "detail",
    "error_description",
    "error",
    "title",
];

/// The codes and the message of an error response.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) codes: Vec<String>,
    /// May be empty.
    pub(super) text: String,
}

/// Reads the body of an error response, which is a page in HTML with `html`.
pub(super) fn read(body: &str, html: bool) -> Message {
    match serde_json::from_str::<Value>(body) {
        Ok(document) => of_document(&document),
        // A proxy's page is for browsers, and a part of JSON for nobody.
        Err(_) if html || body.trim_start().starts_with(['<', '{', '[']) => Message {
            text: element(body, "Message").unwrap_or_default().to_owned(),
            ..Message::default()
        },
        Err(_) => Message {
            text: body.to_owned(),
            ..Message::default()
        },
    }
}

/// Reads a registry's or token server's error.
fn of_document(document: &Value) -> Message {
    // Some have a single one, under either name, or as the whole document.
    let errors = ["errors", "error"].iter().map(|name| &document[*name]);
    let error = errors
        .into_iter()
        .find(|error| error.is_object() || error.is_array());
    let error = error.unwrap_or(document);
    let errors = error
        .as_array()
        .map_or(std::slice::from_ref(error), Vec::as_slice);
    let texts = errors
        .iter()
        .filter_map(|error| message(error).or_else(|| code(error)));
    let texts: Vec<String> = texts.collect();
    Message {
        codes: errors.iter().filter_map(code).collect(),
        text: if texts.is_empty() {
            all_texts(error).join(", ")
        } else {
            texts.join(", ")
        },
    }
}

/// Returns the texts of an error in no known form: `{"name":["is too long"]}`.
fn all_texts(error: &Value) -> Vec<&str> {
    match error {
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => vec![text],
        Value::Array(values) => values.iter().flat_map(all_texts).collect(),
        Value::Object(members) => members.values().flat_map(all_texts).collect(),
        _ => Vec::new(),
    }
}

fn code(error: &Value) -> Option<String> {
    error["code"].as_str().map(str::to_owned)
}

/// Returns the message of an error: a text, or a member of an object, at any depth.
fn message(error: &Value) -> Option<String> {
    if let Some(text) = error.as_str() {
        return Some(text.to_owned()).filter(|text| !text.trim().is_empty());
    }
    MESSAGES.iter().find_map(|name| message(error.get(name)?))
}

/// Returns the text of an element without others in it, as storage services put their messages into XML.
fn element<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once(&format!("</{name}>"))?;
    (!content.contains('<')).then_some(content)
}

/// Returns the text of a server as one line, without characters that would control the terminal.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control() || changes_direction(c))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(LONGEST)
        .collect()
}

/// Returns whether a character reverses the text after it on a terminal.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_text_of_an_error_in_any_form() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"X","message":"no"},{"code":"Y"}]}"#,
                "no, Y",
            ),
            (r#"{"errors":"no"}"#, "no"),
            (r#"{"errors":{"name":["is too long"]}}"#, "is too long"),
            (r#"["one",{"message":"two"}]"#, "one, two"),
            (r#"{"error":{"status":[{"reason":"no"}]}}"#, "no"),
            (r#"{"message":"","reason":"no"}"#, "no"),
            (r#"{"errors":[]}"#, ""),
            (r#"{"status":507}"#, ""),
            (r#""no""#, "no"),
            ("no", "no"),
            (r#"{"errors":[{"mess"#, ""),
            ("<Error><Message>no</Message></Error>", "no"),
        ] {
            assert_eq!(one_line(&read(body, false).text), expected, "{body}");
        }
        assert_eq!(read("502 in words", true).text, "");
    }

    #[test]
    fn line_has_nothing_that_controls_a_terminal() {
        let text = "\u{1b}[31mbad\u{7}\r\n\u{202e}line\u{2066}\u{0}end";
        assert_eq!(one_line(text), "[31mbad line end");
        assert_eq!(one_line(&"x".repeat(9_999)).len(), LONGEST);
    }
}
