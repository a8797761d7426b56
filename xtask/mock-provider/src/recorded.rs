//! Answers of real providers, byte for byte: the files in `recorded/`. The first line of each is its status and its
//! content type, the rest is the body.

use std::io;

use crate::wire::Wire;

/// Defines the list of the files.
macro_rules! recorded {
    ($($name:literal,)*) => {
        /// The names and contents of the files, in the order of their names.
        const FILES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../recorded/", $name))),)*];
    };
}

recorded! {
    "anthropic-max-tokens.sse",
    "anthropic-overloaded.sse",
    "anthropic-refusal.json",
    "anthropic-thinking.json",
    "bom.json",
    "choice-error.json",
    "cloudflare-errors.json",
    "content-filter.sse",
    "deepseek-reasoning.sse",
    "done-with-space.sse",
    "empty-choices.json",
    "empty-error.json",
    "error-429-in-200.json",
    "fastapi-422.json",
    "gemini-bad-key.json",
    "length.json",
    "llamacpp-error.sse",
    "lone-surrogate.json",
    "mistral-reasoning.sse",
    "openrouter-mid-stream.sse",
    "openrouter-raw.json",
    "reasoning-only.json",
    "rfc9457.json",
    "stream-as-json.sse",
    "think-tag.sse",
    "unknown-error.json",
    "vllm-error.sse",
}

/// Defines the list of the answers of the providers that have a preset.
macro_rules! provided {
    ($($name:literal,)*) => {
        /// The names and contents of the files in `recorded/providers/`.
        const PROVIDED: &[(&str, &str)] = &[$(
            (concat!($name, "-whole"), include_str!(concat!("../recorded/providers/", $name, "-whole"))),
            (concat!($name, "-stream"), include_str!(concat!("../recorded/providers/", $name, "-stream"))),
            (concat!($name, "-error"), include_str!(concat!("../recorded/providers/", $name, "-error"))),
            (concat!($name, "-reasoning"), include_str!(concat!("../recorded/providers/", $name, "-reasoning"))),
        )*];
    };
}

provided! {
    "openai", "anthropic", "gemini", "azure", "openrouter", "mistral", "groq", "deepseek", "xai", "together", "ollama",
    "vllm", "llamacpp", "lmstudio",
}

fn files() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    FILES.iter().chain(PROVIDED)
}

fn file(position: usize) -> &'static (&'static str, &'static str) {
    files().nth(position).expect("a position that was found")
}

/// Returns the position of the file with this name.
pub(crate) fn find(name: &str) -> Option<usize> {
    files().position(|(known, _)| *known == name)
}

/// Returns the name of the file at this position.
pub(crate) fn name(position: usize) -> &'static str {
    file(position).0
}

/// Sends the file at this position.
pub(crate) fn answer(position: usize, wire: &mut Wire) -> io::Result<()> {
    let (name, text) = file(position);
    let (status, content_type, body) = parse(text).unwrap_or_else(|| panic!("`{name}` has no first line"));
    wire.whole(status, &[("content-type", content_type)], body.as_bytes())
}

fn parse(text: &str) -> Option<(u16, &str, &str)> {
    let (head, body) = text.split_once('\n')?;
    let (status, content_type) = head.split_once(' ')?;
    Some((status.parse().ok()?, content_type, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_first_line() {
        for (name, text) in files() {
            assert!(parse(text).is_some_and(|(.., body)| !body.is_empty()), "{name}");
        }
        assert!(FILES.is_sorted());
    }
}
