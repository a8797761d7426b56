//! Text of files in front of people: nothing in it may control a terminal, or show another order than it has.

/// The character in place of one that is not shown.
const REPLACEMENT: char = '\u{fffd}';

/// Returns `text` for a terminal: its lines and tabs stay, other control characters are replaced.
pub(super) fn printable(text: &str) -> String {
    let replaced = |c: char| if controls(c) { REPLACEMENT } else { c };
    text.chars().map(replaced).collect()
}

/// Returns `name` in one line.
pub(super) fn one_line(name: &str) -> String {
    let replaced = |c: char| {
        if c.is_whitespace() && c != ' ' {
            REPLACEMENT
        } else {
            c
        }
    };
    printable(name).chars().map(replaced).collect()
}

/// Returns JSON of the same content in which control characters are escaped, also those for which JSON does not ask it.
pub(super) fn escaped_json(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if controls(c) {
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    text
}

/// Returns `name` for a cell of a table in Markdown, which shows each of its characters as it is.
pub(super) fn markdown_cell(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let name = one_line(name);
    let mut characters = name.chars().peekable();
    let mut inside_word = false;
    while let Some(c) = characters.next() {
        let word_follows = characters.peek().is_some_and(|next| next.is_alphanumeric());
        let is_plain = !c.is_ascii_punctuation()
            || matches!(c, '.' | '-' | '/' | ',' | '=' | '+' | '%' | ':')
            || (c == '_' && inside_word && word_follows);
        if !is_plain {
            text.push('\\');
        }
        text.push(c);
        inside_word = c.is_alphanumeric();
    }
    text
}

/// Returns whether a character controls a terminal, or the order in which text is shown.
fn controls(c: char) -> bool {
    let is_layout = matches!(c, '\n' | '\t');
    let changes_order =
        matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    (c.is_control() && !is_layout) || changes_order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_controls_a_terminal() {
        assert_eq!(
            printable("a\u{1b}[31m\r\u{7f}\u{9b}\u{202e}b\n\tc"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}\u{fffd}\u{fffd}b\n\tc"
        );
        assert_eq!(one_line("a\nb\tc\u{2028} d"), "a\u{fffd}b\u{fffd}c\u{fffd} d");
    }

    #[test]
    fn escaped_json_has_the_same_content() {
        let content = "a\u{1b}\u{7f}\u{9b}\u{202e}\n\tb";
        let json = escaped_json(&serde_json::to_string_pretty(&[content]).unwrap());
        assert_eq!(printable(&json), json);
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [content]);
    }

    #[test]
    fn markdown_shows_names_as_they_are() {
        assert_eq!(markdown_cell("dist/my_app-1.2.wasm"), "dist/my_app-1.2.wasm");
        assert_eq!(markdown_cell("a|b\\c`d"), "a\\|b\\\\c\\`d");
        assert_eq!(markdown_cell("<b>_x_*[y](z)"), "\\<b\\>\\_x\\_\\*\\[y\\]\\(z\\)");
        assert_eq!(markdown_cell("a\u{1b}\nb"), "a\u{fffd}\u{fffd}b");
    }
}
