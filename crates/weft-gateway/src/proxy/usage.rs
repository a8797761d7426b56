//! The tokens that an answer says it took, found in its bytes.

use std::sync::LazyLock;

use clawft_types::{
    Usage,
    json::{self, Node},
};
use memchr::memmem;

/// The name of the member in both dialects, as it is written on the wire.
const NAME: &[u8] = b"\"usage\"";

/// Finds the name. Its tables are made once.
static FINDER: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(NAME));

/// The maximum length of the member's value, in bytes.
const LONGEST: usize = 2048;

/// Finds the usage in an answer that arrives in parts. The last one counts, and of each number the larger one:
/// Anthropic's streams begin with the tokens of the request, and end with those of the answer.
#[derive(Debug, Default)]
pub(super) struct UsageFinder {
    usage: Option<Usage>,
    /// The end of the last part, if the member may go on in the next one.
    tail: Vec<u8>,
}

impl UsageFinder {
    /// Returns the usage so far.
    pub(super) fn usage(&self) -> Option<Usage> {
        self.usage
    }

    /// Takes the next part.
    pub(super) fn take(&mut self, part: &[u8]) {
        if self.tail.is_empty() {
            let rest = self.search(part);
            self.tail = rest.to_vec();
            return;
        }
        let mut joined = std::mem::take(&mut self.tail);
        joined.extend_from_slice(part);
        self.tail = self.search(&joined).to_vec();
    }

    /// Reads each usage in `bytes`. Returns the end that has to be seen again.
    fn search<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let mut rest = bytes;
        while let Some(at) = FINDER.find(rest) {
            let found = rest.get(at..).unwrap_or_default();
            let value = found.get(NAME.len()..).unwrap_or_default();
            match object(value) {
                Found::Object(object) => {
                    self.note(object);
                    rest = value.get(object.len()..).unwrap_or_default();
                }
                Found::Other => rest = value,
                Found::Cut if value.len() < LONGEST => return found,
                Found::Cut => rest = value,
            }
        }
        // A name that is cut off begins with a quote.
        let last = rest
            .get(rest.len().saturating_sub(NAME.len() - 1)..)
            .unwrap_or_default();
        match memchr::memrchr(b'"', last) {
            Some(at) if NAME.starts_with(last.get(at..).unwrap_or_default()) => {
                last.get(at..).unwrap_or_default()
            }
            _ => &[],
        }
    }

    fn note(&mut self, object: &[u8]) {
        let Some(read) = read(object) else { return };
        let known = self.usage.unwrap_or_default();
        let prompt_tokens = known.prompt_tokens.max(read.prompt_tokens);
        let completion_tokens = known.completion_tokens.max(read.completion_tokens);
        self.usage = Some(Usage {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            ..Usage::default()
        });
    }
}

/// The value after the name.
enum Found<'a> {
    /// An object, with the colon before it.
    Object(&'a [u8]),
    /// Something else.
    Other,
    /// Not enough.
    Cut,
}

/// Returns the object after the colon. Objects in it are counted; a usage has no texts with brackets.
fn object(bytes: &[u8]) -> Found<'_> {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(LONGEST) {
        match byte {
            b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => {}
            b'{' => depth += 1,
            b'}' if depth == 1 => return Found::Object(bytes.get(..=at).unwrap_or_default()),
            b'}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => return Found::Other,
            _ => {}
        }
    }
    Found::Cut
}

fn read(object: &[u8]) -> Option<Usage> {
    let start = memchr::memchr(b'{', object)?;
    let tree = json::parse(object.get(start..)?).ok()?;
    let node = Node::root(&tree);
    let count = |openai, anthropic| node.whole_of(openai).or(node.whole_of(anthropic));
    let prompt = count("prompt_tokens", "input_tokens");
    let completion = count("completion_tokens", "output_tokens");
    prompt.or(completion)?;
    Some(Usage {
        prompt_tokens: prompt.unwrap_or_default(),
        completion_tokens: completion.unwrap_or_default(),
        ..Usage::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{"choices":[],"usage": {"prompt_tokens":11,"completion_tokens":7,"x":{"y":1}}}"#;

    fn found(parts: &[&[u8]]) -> Option<(u64, u64, u64)> {
        let mut finder = UsageFinder::default();
        parts.iter().for_each(|part| finder.take(part));
        let usage = finder.usage()?;
        Some((usage.prompt_tokens, usage.completion_tokens, usage.total_tokens))
    }

    #[test]
    fn finds_usage_wherever_parts_end() {
        for at in 0..WHOLE.len() {
            let (one, other) = WHOLE.as_bytes().split_at(at);
            assert_eq!(found(&[one, other]), Some((11, 7, 18)), "{at}");
        }
        let bytes: Vec<_> = WHOLE.as_bytes().chunks(1).collect();
        assert_eq!(found(&bytes), Some((11, 7, 18)));
    }

    #[test]
    fn joins_usage_of_anthropics_events() {
        let start = br#"data: {"message":{"usage":{"input_tokens":11,"output_tokens":1}}}"#;
        let end = br#"data: {"delta":{},"usage":{"output_tokens":7}}"#;
        assert_eq!(found(&[start, end]), Some((11, 7, 18)));
    }

    #[test]
    fn text_about_usage_is_none() {
        for text in [
            r#"{"usage":null,"content":"\"usage\" is"}"#,
            r#"{"usage":{}}"#,
            r#"{"usage":"#,
            r#"{"usage":[1]}"#,
            "",
        ] {
            assert_eq!(found(&[text.as_bytes()]), None, "{text}");
        }
        let endless = [br#""usage":{"#.to_vec(), vec![b'1'; 2 * LONGEST]].concat();
        let mut finder = UsageFinder::default();
        for byte in endless.chunks(1) {
            finder.take(byte);
            assert!(finder.tail.len() <= LONGEST + NAME.len());
        }
    }
}
