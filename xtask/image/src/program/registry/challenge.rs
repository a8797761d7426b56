//! Authentication challenges of a registry, in any number of headers.
//!
//! The parser accepts everything that RFC 9110 permits, and more that registries send: any spaces, commas and letter
//! case, values without quotes, and bytes that are not ASCII.

use std::{iter::Peekable, str::Chars};

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// The authentication schemes that a registry offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Challenges {
    /// The server that issues Bearer tokens.
    pub(super) bearer: Option<TokenServer>,
    /// Whether it offers Basic authentication.
    pub(super) basic: bool,
}

/// A server that issues tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TokenServer {
    /// Its URL, which may be relative to the registry's.
    pub(super) realm: String,
    /// The name of the registry on that server.
    pub(super) service: Option<String>,
    /// The permission that the refused request needs, by the server's own name.
    pub(super) scope: Option<String>,
}

/// A scheme with its parameters, in the order of the header.
#[derive(Debug, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenges {
    /// Parses the challenges in the headers of a response.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut challenges = Self::default();
        for header in headers.get_all(WWW_AUTHENTICATE) {
            for challenge in parse(&String::from_utf8_lossy(header.as_bytes())) {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    challenges.basic = true;
                } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    // Without a realm it says nothing, and another challenge may say more.
                    challenges.bearer = challenge.token_server().or(challenges.bearer);
                }
            }
        }
        challenges
    }
}

impl Challenge {
    fn parameter(&self, name: &str) -> Option<String> {
        let found = self
            .parameters
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name));
        found
            .map(|(_, value)| value.clone())
            .filter(|value| !value.is_empty())
    }

    fn token_server(&self) -> Option<TokenServer> {
        Some(TokenServer {
            realm: self.parameter("realm")?,
            service: self.parameter("service"),
            scope: self.parameter("scope"),
        })
    }
}

/// Parses the challenges in a header. Parameters without a scheme are skipped.
fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut chars = header.chars().peekable();
    // A comma in a value without quotes, such as `pull,push`, does not begin a challenge.
    let mut after_unquoted = false;
    loop {
        while chars
            .next_if(|c| c.is_whitespace() || [',', ';'].contains(c))
            .is_some()
        {}
        let word = take(&mut chars, |c| !c.is_whitespace() && !",;=".contains(c));
        skip_spaces(&mut chars);
        if chars.next_if_eq(&'=').is_some() {
            skip_spaces(&mut chars);
            let quoted = chars.next_if_eq(&'"').is_some();
            let value = if quoted {
                unquote(&mut chars)
            } else {
                take(&mut chars, |c| !c.is_whitespace() && c != ',')
            };
            after_unquoted = !quoted;
            if let Some(challenge) = challenges.last_mut() {
                challenge.parameters.push((word, value));
            }
        } else if word.is_empty() {
            return challenges;
        } else if !after_unquoted || is_known(&word) {
            after_unquoted = false;
            challenges.push(Challenge {
                scheme: word,
                parameters: Vec::new(),
            });
        }
    }
}

fn is_known(scheme: &str) -> bool {
    ["basic", "bearer"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

fn skip_spaces(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

fn take(chars: &mut Peekable<Chars<'_>>, belongs: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next_if(|c| belongs(*c)) {
        text.push(c);
    }
    text
}

/// Returns the rest of a quoted string, up to its end or that of the header.
fn unquote(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(headers: &[&'static str]) -> Challenges {
        Challenges::read(
            &headers
                .iter()
                .map(|value| {
                    (
                        WWW_AUTHENTICATE,
                        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                    )
                })
                .collect(),
        )
    }

    fn server(scope: Option<&str>) -> TokenServer {
        TokenServer {
            realm: "https://x/token?tenant=1".to_owned(),
            service: Some("registry".to_owned()),
            scope: scope.map(str::to_owned),
        }
    }

    #[test]
    fn finds_every_challenge_in_every_header() {
        let bearer =
            r#"Bearer realm="https://x/token?tenant=1",service="registry",scope="repository:a:pull,push""#;
        let both = Challenges {
            bearer: Some(server(Some("repository:a:pull,push"))),
            basic: true,
        };
        assert_eq!(read(&[r#"Basic realm="x""#, bearer]), both);
        assert_eq!(read(&[bearer, "basic"]), both);
        assert!(!read(&["((", bearer]).basic);
        assert_eq!(read(&["((", bearer]).bearer, both.bearer);
        assert_eq!(read(&["Negotiate"]), Challenges::default());
        assert_eq!(read(&["Bearer"]), Challenges::default());
        assert_eq!(read(&[bearer, "Bearer"]).bearer, both.bearer);
    }

    #[test]
    fn accepts_any_form_of_a_challenge() {
        for header in [
            r#"Bearer realm="https://x/token?tenant=1",service="registry""#,
            r#"bearer  REALM = "https://x/token?tenant=1" , Service = "registry""#,
            "BEARER\trealm=https://x/token?tenant=1, service=registry",
            r#"Bearer service="registry",, realm="https://x/token?tenant\=1","#,
            r#"Bearer realm="https://x/token?tenant=1" service="registry""#,
            r#"Basic realm="a, Bearer b=\"c\"", Bearer realm="https://x/token?tenant=1",service="registry""#,
            r#"Basic,Bearer realm="https://x/token?tenant=1",service="registry""#,
            r#"Negotiate YWJj==, Bearer realm="https://x/token?tenant=1",service="registry""#,
            r#"Digest nonce="ü", Bearer realm="https://x/token?tenant=1",service="registry"#,
        ] {
            assert_eq!(read(&[header]).bearer, Some(server(None)), "{header}");
        }
        let unquoted = "Bearer realm=https://x/token?tenant=1,scope=repository:a:pull,push,service=registry";
        assert_eq!(read(&[unquoted]).bearer, Some(server(Some("repository:a:pull"))));
        for header in [
            r#"Bearer realm="""#,
            r#"realm="x""#,
            "=",
            r#"Bearer realm=""#,
            ",;, =",
        ] {
            assert_eq!(read(&[header]), Challenges::default(), "{header}");
        }
    }
}
