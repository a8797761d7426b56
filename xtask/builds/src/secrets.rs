//! Search for keys in artifacts. A build reads sources, dependencies and the environment; none of them may
//! leave a key in an artifact that everyone can download.
//!
//! The search takes time in proportion to the bytes, whatever they are.

use std::env;

use anyhow::{Result, bail};
use memchr::memmem;

/// The form of a key.
struct Pattern {
    /// The name with its article.
    name: &'static str,
    /// The first characters. The characters before it do not matter, because texts are adjacent in a program.
    prefix: &'static str,
    /// The characters that follow.
    body: Body,
    /// The minimum number of these characters in a real key.
    least: usize,
}

/// The characters of a key after its prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Letters and digits, with upper and lower case among them, which words and names hardly ever mix.
    Mixed,
    /// The characters of base32, and exactly this number of them.
    Base32,
    /// The characters of base64 in URLs.
    Base64Url,
    /// The characters of base64 in URLs with a digit among them, for a prefix that words could have.
    WithDigit,
    /// The characters of base64 in URLs, for a prefix that many words end with: this number of letters and
    /// digits in a row, or nearly only digits.
    Random,
}

/// The formats that the issuers document for secret scanners, the longest prefixes first.
const PATTERNS: [Pattern; 46] = [
    pattern("an Anthropic API key", "sk-ant-", Body::Base64Url, 20),
    // This covers keys that begin with `sk-proj-`, and those of many compatible servers.
    pattern("an OpenAI API key", "sk-", Body::Random, 20),
    pattern("a Groq API key", "gsk_", Body::Mixed, 40),
    pattern("an xAI API key", "xai-", Body::Mixed, 40),
    pattern("a Perplexity API key", "pplx-", Body::Mixed, 40),
    pattern("an NVIDIA API key", "nvapi-", Body::Base64Url, 40),
    pattern("a Hugging Face token", "hf_", Body::Mixed, 34),
    pattern("a Hugging Face token", "api_org_", Body::Mixed, 34),
    pattern("a GitHub token", "github_pat_", Body::Base64Url, 30),
    pattern("a GitHub token", "ghp_", Body::Mixed, 36),
    pattern("a GitHub token", "gho_", Body::Mixed, 36),
    pattern("a GitHub token", "ghu_", Body::Mixed, 36),
    pattern("a GitHub token", "ghs_", Body::Mixed, 36),
    pattern("a GitHub token", "ghr_", Body::Mixed, 36),
    pattern("a GitLab token", "glpat-", Body::Base64Url, 20),
    pattern("a GitLab token", "glptt-", Body::Base64Url, 20),
    pattern("a GitLab token", "gldt-", Body::Base64Url, 20),
    pattern("a GitLab token", "glrt-", Body::Base64Url, 20),
    pattern("a GitLab token", "glrtr-", Body::Base64Url, 20),
    pattern("a GitLab token", "glcbt-", Body::Base64Url, 20),
    pattern("a GitLab token", "glft-", Body::Base64Url, 20),
    pattern("a GitLab token", "glimt-", Body::Base64Url, 20),
    pattern("a GitLab token", "glagent-", Body::Base64Url, 20),
    pattern("a GitLab token", "glsoat-", Body::Base64Url, 20),
    pattern("a GitLab token", "glffct-", Body::Base64Url, 20),
    pattern("a GitLab token", "glwt-", Body::Base64Url, 20),
    pattern("a GitLab token", "gloas-", Body::Base64Url, 20),
    pattern("a Slack token", "xoxa-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxb-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxe-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxo-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxp-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxr-", Body::WithDigit, 12),
    pattern("a Slack token", "xoxs-", Body::WithDigit, 12),
    pattern("a Slack token", "xapp-", Body::WithDigit, 20),
    pattern("an npm token", "npm_", Body::Mixed, 36),
    pattern("a PyPI token", "pypi-AgE", Body::Base64Url, 50),
    pattern("a Docker token", "dckr_pat_", Body::Base64Url, 20),
    pattern("a Docker token", "dckr_oat_", Body::Base64Url, 20),
    pattern("an AWS access key", "AKIA", Body::Base32, 16),
    pattern("an AWS access key", "ASIA", Body::Base32, 16),
    pattern("a Google API key", "AIza", Body::Base64Url, 30),
    pattern("a Google OAuth secret", "GOCSPX-", Body::Base64Url, 20),
    pattern("a Google OAuth token", "ya29.", Body::Base64Url, 30),
    pattern("a private key", "PRIVATE KEY-----", Body::Base64Url, 0),
    pattern("a private key", "PRIVATE KEY BLOCK-----", Body::Base64Url, 0),
];

/// The number of characters of a key that are examined.
const WINDOW: usize = 160;

/// The minimum number of upper case letters, and of lower case letters, in a key that mixes them.
const MIXED: usize = 3;

/// The minimum number of digits in a key that is divided by hyphens, such as a UUID.
const DIGITS: usize = 12;

/// The minimum number of characters in the three parts of a JSON Web Token. A signature with the shortest
/// common algorithm has 43.
const TOKEN_PARTS: [usize; 3] = [15, 8, 20];

/// Shorter values of variables are too likely to occur by chance.
const SHORTEST_VALUE: usize = 12;

const fn pattern(name: &'static str, prefix: &'static str, body: Body, least: usize) -> Pattern {
    Pattern {
        name,
        prefix,
        body,
        least,
    }
}

/// Fails if `binary` holds a text with the format of a key, or the value of an environment variable whose
/// name is that of a key. The error has the kind and the position, never the key.
pub fn scan(binary: &[u8]) -> Result<()> {
    scan_with(binary, env::vars().collect())
}

fn scan_with(binary: &[u8], variables: Vec<(String, String)>) -> Result<()> {
    let keys = PATTERNS
        .iter()
        .map(|pattern| (pattern.name, pattern.find(binary)));
    let keys = keys.chain([("a JSON Web Token", web_token(binary))]);
    if let Some((name, at)) = keys.into_iter().find_map(|(name, at)| Some((name, at?))) {
        bail!("it holds what looks like {name}, at byte {at}: nothing ships with a key in it");
    }
    for (name, value) in variables
        .iter()
        .filter(|(name, value)| holds_key(name) && value.len() >= SHORTEST_VALUE)
    {
        if let Some(at) = memmem::find(binary, value.as_bytes()) {
            bail!(
                "it holds the value of the variable `{name}`, at byte {at}: nothing ships with a key in it"
            );
        }
    }
    Ok(())
}

/// Returns whether a variable of this name is meant for a key.
fn holds_key(name: &str) -> bool {
    ["KEY", "TOKEN", "SECRET", "PASSWORD"]
        .iter()
        .any(|word| name.to_ascii_uppercase().ends_with(word))
}

impl Pattern {
    /// Returns the position of the first key of this format.
    fn find(&self, binary: &[u8]) -> Option<usize> {
        memmem::find_iter(binary, self.prefix).find(|at| self.is_body(&binary[at + self.prefix.len()..]))
    }

    /// Returns whether `rest` begins with enough characters of a key after its prefix.
    fn is_body(&self, rest: &[u8]) -> bool {
        let end = rest
            .iter()
            .take(WINDOW)
            .take_while(|byte| self.body.has(**byte))
            .count();
        end >= self.least && self.body.fits(&rest[..end], self.least)
    }
}

impl Body {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Mixed => byte.is_ascii_alphanumeric(),
            Self::Base32 => byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'),
            Self::Base64Url | Self::WithDigit | Self::Random => is_base64_url(byte),
        }
    }

    /// Returns whether `key` mixes its characters as a key of `least` characters does.
    fn fits(self, key: &[u8], least: usize) -> bool {
        let count = |class: fn(&u8) -> bool| key.iter().filter(|byte| class(byte)).count();
        match self {
            Self::Mixed => count(u8::is_ascii_uppercase) >= MIXED && count(u8::is_ascii_lowercase) >= MIXED,
            Self::Base32 => key.len() == least,
            Self::Base64Url => true,
            Self::WithDigit => count(u8::is_ascii_digit) > 0,
            Self::Random => {
                let mut rows = key.split(|byte| !byte.is_ascii_alphanumeric());
                let is_random = |row: &[u8]| row.len() >= least && row.iter().any(u8::is_ascii_digit);
                count(u8::is_ascii_digit) >= DIGITS || rows.any(is_random)
            }
        }
    }
}

fn is_base64_url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Returns the position of the first JSON Web Token: two JSON objects and a signature in base64, separated by
/// dots. Each byte belongs to one part, so it is read three times at most.
fn web_token(binary: &[u8]) -> Option<usize> {
    const OBJECT: &[u8] = b"eyJ";
    memmem::find_iter(binary, b".eyJ").find_map(|dot| {
        let before = binary[..dot]
            .iter()
            .rev()
            .take_while(|byte| is_base64_url(**byte))
            .count();
        let header = dot - before + memmem::find(&binary[dot - before..dot], OBJECT)?;
        let payload = part(&binary[dot + 1..]);
        let rest = &binary[dot + 1 + payload..];
        let signature = part(rest.strip_prefix(b".")?);
        let parts = [dot - header, payload, signature];
        parts
            .iter()
            .zip(TOKEN_PARTS)
            .all(|(part, least)| *part >= least)
            .then_some(header)
    })
}

/// Returns the number of base64 characters at the beginning of `text`.
fn part(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_base64_url(**byte)).count()
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread, time::Duration};

    use super::*;

    fn error(binary: &str, variables: &[(&str, &str)]) -> Option<String> {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        scan_with(binary.as_bytes(), variables)
            .err()
            .map(|error| error.to_string())
    }

    /// Returns a body of `length` characters.
    fn body(class: Body, length: usize) -> String {
        let characters = match class {
            Body::Mixed | Body::Random => "aZ0k7Q",
            Body::Base32 => "Q2ZA7K",
            Body::Base64Url | Body::WithDigit => "a-Z_0kQ",
        };
        characters.chars().cycle().take(length).collect()
    }

    /// Returns a token with parts of these lengths.
    fn token(parts: [usize; 3]) -> String {
        let [header, payload, signature] = parts.map(|length| body(Body::Base64Url, length));
        format!("eyJ{}.eyJ{}.{signature}", &header[3..], &payload[3..])
    }

    #[test]
    fn error_names_kind_and_position_of_key() {
        let key = ["sk-ant-", "api03-AbCdEfGhIjKlMnOpQrStUv"].concat();
        let error = error(&format!("\0asm{key}\0"), &[]).unwrap();
        assert_eq!(
            error,
            "it holds what looks like an Anthropic API key, at byte 4: nothing ships with a key in it"
        );
    }

    #[test]
    fn finds_every_pattern_among_other_bytes() {
        for Pattern {
            name,
            prefix,
            body: class,
            least,
        } in PATTERNS
        {
            for around in ["..", "ab"] {
                let binary = format!("{around}{prefix}{}{around}", body(class, least));
                let error = error(&binary, &[]).unwrap_or_else(|| panic!("{name}: {binary}"));
                assert_eq!(
                    error,
                    format!("it holds what looks like {name}, at byte 2: nothing ships with a key in it")
                );
            }
        }
    }

    #[test]
    fn finds_keys_in_the_form_of_their_issuers() {
        // In two halves, so that no scanner finds keys in this file.
        let keys = [
            ("sk-p", "roj-8fKq2LmN4pRs6TuV8wXy0Za1Bc3De5Fg7Hi9Jk"),
            ("sk-", "6f1d2c3b4a5968778695a4b3c2d1e0f9"),
            ("sk-l", "f-0f9b1c2d-3e4f-4a5b-8c6d-7e8f9a0b1c2d"),
            (
                "sk-o",
                "r-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            ),
            ("ghp", "_16C7e42F292c6912E7710c838347Ae178B4a"),
            (
                "github",
                "_pat_11ABCDEFG0abcdefghijkl_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVW",
            ),
            ("glpat", "-Zx81_bQmK3vT-9wLr2Ys"),
            ("glptt", "-0123456789abcdef0123456789abcdef01234567"),
            ("glcbt", "-64_Zx81bQmK3vTk9wLr2Ysa"),
            ("xoxb", "-1234567890123-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
            ("xoxa", "-2-AbCdEfGhIj"),
            ("xapp", "-1-A0123456789-1234567890123-0123456789abcdef"),
            ("hf", "_AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGh"),
            ("npm", "_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"),
            ("ASIA", "Y34FZKBOKMUTVV7A"),
            (
                "pypi",
                "-AgEIcHlwaS5vcmcCJDEyMzQ1Njc4LTEyMzQtMTIzNC0xMjM0LTEyMzQ1Njc4OTAxMgACKlszLCJm",
            ),
            (
                "eyJhbGciOiJIUzI1NiJ9",
                ".eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            ),
            (
                "-----BEGIN OPENSSH PRIV",
                "ATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA",
            ),
            ("-----BEGIN PGP PRIV", "ATE KEY BLOCK-----\n"),
        ];
        for (one, other) in keys {
            assert!(error(&format!("\0{one}{other}\0"), &[]).is_some(), "{one}…");
        }
    }

    #[test]
    fn ignores_keys_that_are_too_short() {
        for pattern in PATTERNS.iter().filter(|pattern| pattern.least > 0) {
            let binary = format!("..{}{}..", pattern.prefix, body(pattern.body, pattern.least - 1));
            assert_eq!(pattern.find(binary.as_bytes()), None, "{binary}");
        }
        assert!(
            error(&token(TOKEN_PARTS), &[])
                .unwrap()
                .contains("a JSON Web Token, at byte 0")
        );
        for at in 0..3 {
            let mut parts = TOKEN_PARTS;
            parts[at] -= 1;
            assert_eq!(error(&token(parts), &[]), None, "{parts:?}");
        }
    }

    #[test]
    fn ignores_words_that_begin_like_keys() {
        let near_misses = [
            "risk-free, a disk-based task-list; sk-... is a key",
            "task-list-item-checkbox-container and disk-encryption-at-rest-for-all",
            "Asterisk-exceptionAsterisk-linking-protocols-exceptionAutoconf-exception-2.0",
            "api-ms-win-core-backgroundtask-l1-1-0_NULL_THUNK_DATA",
            "task-2026-01-02-report-of-the-day",
            "phf_mapifletvaluegetclonedreturnOkmatchdefault",
            "npm_configregistryuseragentnodeversionandmore0123",
            "_ZN4core3fmt9npm_registry17h0123456789abcdefE",
            "hf_hub_download_with_a_very_long_name_and_more",
            "ghp_a_function_that_is_called_something_else_altogether",
            "AKIAlowercaselowercase and ASIAN-PACIFIC-COUNTRIES",
            "ABDCAKIAQ2ZA7KQ2ZA7KQ2ZA7KQ2ZA7KQ2ZA7K",
            "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.",
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.json and .eyJzdWIiOiIxMjM0In0",
            "a.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
            "xoxo-with-love-from-all-of-us",
        ];
        for text in near_misses {
            assert_eq!(error(text, &[]), None);
        }
    }

    #[test]
    fn finds_tokens_after_other_text() {
        let token = token([40, 30, 43]);
        for (before, at) in [("", 0), ("xyz", 3), ("a.b.", 4), ("eyJ.", 4)] {
            let error = error(&format!("{before}{token} "), &[]).unwrap();
            assert!(error.contains(&format!("at byte {at}:")), "{error}");
        }
    }

    #[test]
    fn hostile_bytes_take_linear_time() {
        let (done, wait) = mpsc::channel();
        thread::spawn(move || {
            let repeated = [
                "eyJ",
                ".eyJ",
                "eyJ.",
                "eyJa.eyJb.",
                "sk-",
                "ghp_",
                "AKIA.",
                "a",
                ".",
            ];
            for text in repeated {
                // A search in quadratic time would take hours.
                scan_with(text.repeat(4_000_000 / text.len()).as_bytes(), Vec::new()).unwrap();
            }
            done.send(()).unwrap();
        });
        wait.recv_timeout(Duration::from_secs(300))
            .expect("the scan takes time in proportion to the bytes");
    }

    #[test]
    fn finds_values_of_key_variables_only() {
        let value = "correct-horse-battery";
        assert!(
            error(value, &[("OPENAI_API_KEY", value)])
                .unwrap()
                .contains("`OPENAI_API_KEY`")
        );
        assert_eq!(error(value, &[("GREETING", value)]), None);
        assert_eq!(error("abc", &[("API_KEY", "abc")]), None);
    }
}
