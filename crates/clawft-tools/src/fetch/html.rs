//! HTML reduced to its text, in one pass.

use alloc::string::String;

/// Elements whose content is not text.
const HIDDEN: [&str; 5] = ["script", "style", "noscript", "template", "svg"];

/// Elements inside of a line. All others begin a new one.
const INLINE: [&str; 16] = [
    "a", "abbr", "b", "bdi", "cite", "code", "em", "font", "i", "label", "small", "span", "strong", "sub",
    "sup", "u",
];

/// The cells of a table, which stay in the line of their row.
const CELLS: [&str; 2] = ["td", "th"];

/// Returns the text of a document: without tags, comments, scripts and styles, with white space collapsed except
/// in `pre`, and with a line for each block and each row of a table.
pub(crate) fn to_text(html: &str) -> String {
    let mut text = Text::default();
    let mut rest = html;
    // The element whose content is skipped, up to its end tag.
    let mut hidden: Option<&str> = None;
    while let Some(at) = rest.bytes().position(|byte| byte == b'<') {
        let (before, tag) = rest.split_at_checked(at).unwrap_or_default();
        if hidden.is_none() {
            text.add(before);
        }
        if hidden.is_some_and(|element| !ends(tag, element)) {
            rest = tag.get(1..).unwrap_or_default();
            continue;
        }
        let Some((name, after)) = tag_name(tag) else {
            text.character('<');
            rest = tag.get(1..).unwrap_or_default();
            continue;
        };
        rest = after;
        hidden = HIDDEN
            .into_iter()
            .find(|element| name.eq_ignore_ascii_case(element));
        let is_end = name.starts_with("/");
        let name = name.trim_start_matches('/');
        let is = |other: &&str| name.eq_ignore_ascii_case(other);
        if CELLS.iter().any(is) {
            text.end_cell(is_end);
        } else if !name.is_empty() && !INLINE.iter().any(is) {
            text.end_line();
        }
        if is(&"pre") {
            text.is_exact = !is_end;
        }
    }
    if hidden.is_none() {
        text.add(rest);
    }
    text.text
}

/// Returns whether `text` begins with the end tag of `element`.
fn ends(text: &str, element: &str) -> bool {
    let name = text.strip_prefix("</").and_then(|rest| rest.get(..element.len()));
    name.is_some_and(|name| name.eq_ignore_ascii_case(element))
}

/// Returns the name of the tag that begins `text`, with the `/` of an end tag, and the text after the tag. A
/// comment has an empty name. `None` if it is no tag.
fn tag_name(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix("<")?;
    if let Some(comment) = inner.strip_prefix("!--") {
        let mut dashes = 2;
        let end = comment.bytes().position(|byte| {
            let ends = byte == b'>' && dashes >= 2;
            dashes = if byte == b'-' { dashes + 1 } else { 0 };
            ends
        });
        let after = end.and_then(|end| comment.get(end + 1..));
        return Some(("", after.unwrap_or_default()));
    }
    let start = inner.strip_prefix("/").unwrap_or(inner).bytes().next()?;
    if !start.is_ascii_alphabetic() && start != b'!' && start != b'?' {
        return None;
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let slash = inner.len() - inner.strip_prefix("/").unwrap_or(inner).len();
    let length = inner
        .bytes()
        .skip(slash)
        .take_while(|byte| is_name(*byte))
        .count();
    let name = inner.get(..slash + length)?;
    let mut quote = 0;
    let end = inner.bytes().position(|byte| {
        match byte {
            b'"' | b'\'' if quote == 0 => quote = byte,
            byte if byte == quote => quote = 0,
            b'>' => return quote == 0,
            _ => {}
        }
        false
    });
    let after = end.and_then(|end| inner.get(end + 1..));
    Some((name, after.unwrap_or_default()))
}

/// The names of characters, each followed by its character. `nbsp` is white space.
const NAMED: &str = "nbsp \
    amp&lt<gt>quot\"apos'hellip…mdash—ndash–lsquo‘rsquo’sbquo‚ldquo“rdquo”bdquo„bull•trade™euro€\
    rarr→larr←minus−le≤ge≥ne≠\
    iexcl¡cent¢pound£curren¤yen¥brvbar¦sect§uml¨copy©ordfªlaquo«not¬reg®macr¯deg°plusmn±sup2²sup3³\
    acute´microµpara¶middot·cedil¸sup1¹ordmºraquo»frac14¼frac12½frac34¾iquest¿AgraveÀAacuteÁAcircÂ\
    AtildeÃAumlÄAringÅAEligÆCcedilÇEgraveÈEacuteÉEcircÊEumlËIgraveÌIacuteÍIcircÎIumlÏETHÐNtildeÑ\
    OgraveÒOacuteÓOcircÔOtildeÕOumlÖtimes×OslashØUgraveÙUacuteÚUcircÛUumlÜYacuteÝTHORNÞszligßagraveà\
    aacuteáacircâatildeãaumläaringåaeligæccedilçegraveèeacuteéecircêeumlëigraveìiacuteíicircîiumlï\
    ethðntildeñograveòoacuteóocircôotildeõoumlödivide÷oslashøugraveùuacuteúucircûuumlüyacuteýthornþ\
    yumlÿ";

/// The text so far.
#[derive(Default)]
struct Text {
    text: String,
    /// Whether white space was seen since the last character.
    space: bool,
    /// Whether white space counts, as in program code.
    is_exact: bool,
}

impl Text {
    /// Adds text with character references.
    fn add(&mut self, text: &str) {
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            match reference(rest).filter(|_| character == '&') {
                Some((character, length)) => {
                    self.character(character);
                    rest = rest.get(length..).unwrap_or_default();
                }
                None => {
                    self.character(character);
                    rest = rest.get(character.len_utf8()..).unwrap_or_default();
                }
            }
        }
    }

    fn character(&mut self, character: char) {
        if self.is_exact {
            return self.text.push(character);
        }
        if character.is_ascii_whitespace() || character == '\u{a0}' {
            self.space = true;
            return;
        }
        if self.space && !self.text.is_empty() && !self.text.ends_with("\n") {
            self.text.push(' ');
        }
        self.space = false;
        self.text.push(character);
    }

    /// Begins or ends a cell.
    fn end_cell(&mut self, is_end: bool) {
        self.space = false;
        if !is_end && !self.text.is_empty() && !self.text.ends_with("\n") {
            self.text.push_str(" | ");
        }
    }

    fn end_line(&mut self) {
        self.space = false;
        if !self.text.is_empty() && !self.text.ends_with("\n") {
            self.text.push('\n');
        }
    }
}

/// Returns the character that the reference at the beginning of `text` stands for, and the reference's
/// length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = text.get(1..end)?;
    let character = match name.strip_prefix("#") {
        Some(number) => {
            let (radix, digits) = match number.as_bytes() {
                [b'x' | b'X', hex @ ..] => (16, hex),
                decimal => (10, decimal),
            };
            // At most ten digits, of which the upper ones are lost.
            let value = digits.iter().try_fold(0_u32, |value, digit| {
                Some(
                    value
                        .wrapping_mul(radix)
                        .wrapping_add(char::from(*digit).to_digit(radix)?),
                )
            });
            char::from_u32(value?).filter(|character| *character != '\0')?
        }
        None => named(name)?,
    };
    Some((character, end + 1))
}

/// Returns the character with this name.
fn named(name: &str) -> Option<char> {
    let mut start = 0;
    for (at, character) in NAMED.char_indices() {
        if !character.is_ascii_alphanumeric() {
            if NAMED.get(start..at) == Some(name) {
                return Some(character);
            }
            start = at + character.len_utf8();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::to_text;

    #[test]
    fn keeps_text_and_lines() {
        for (html, text) in [
            (
                "<!doctype html><html><head><title>x</title></head><body><h1>A</h1><p>b <b>c</b>d\n e</p></body>",
                "x\nA\nb cd e\n",
            ),
            ("<ul><li>1</li><li>2</ul>", "1\n2\n"),
            (
                "a &amp; b &lt;c&gt; &#65;&#x42; &nbsp;&unknown; &",
                "a & b <c> AB &unknown; &",
            ),
            ("<script>if (a < b) { '</p>' }</script>x<style>p{}</style>", "x\n"),
            ("a<!-- <p>no</p> -->b<!-->c <!-- -->d", "abc d"),
            (
                "<p>x</p><pre>if a:\n    b = 1 &lt; <i>2</i>\n\nc</pre><p>y  z</p>",
                "x\nif a:\n    b = 1 < 2\n\nc\ny z\n",
            ),
            (
                "<table><tr><th>A</th><th>B</th></tr>\n<tr>\n<td>1</td>\n<td>2 3</td></tr></table>",
                "A | B\n1 | 2 3\n",
            ),
            (
                "&hellip;&mdash;&eacute;&Eacute;&copy;&yuml;&apos;&quot;&euro; &nbsp; &#0;&#xD800;&ET;",
                "\u{2026}\u{2014}\u{e9}\u{c9}\u{a9}\u{ff}'\"\u{20ac} &#0;&#xD800;&ET;",
            ),
            ("1 < 2 <3", "1 < 2 <3"),
            ("<a href=\"a>b\">c</a>", "c"),
            ("a<br/>b", "a\nb"),
            ("x<script>if(a<b){x=\"'\"}</SCRIPT>y", "x\ny"),
            ("x<script>never closed", "x\n"),
            ("<p", ""),
        ] {
            assert_eq!(to_text(html), text, "{html}");
        }
    }

    proptest! {
        #[test]
        fn text_is_never_longer(html in "(<[/!a-z\"'>-]{0,6}|&[#x0-9a-z]{0,5};?|[ a-z<>é]{0,4}){0,20}") {
            prop_assert!(to_text(&html).len() <= html.len());
        }
    }
}
