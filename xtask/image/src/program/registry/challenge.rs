//! Authentication challenges of a registry, in any number of headers.

use http_auth::parser::ChallengeParser;
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
    /// Its URL.
    pub(super) realm: String,
    /// The name of the registry on that server.
    pub(super) service: Option<String>,
}

impl Challenges {
    /// Parses the challenges in the headers of a response, and skips headers that cannot be parsed.
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut challenges = Self::default();
        for header in headers
            .get_all(WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
        {
            for challenge in ChallengeParser::new(header).map_while(Result::ok) {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    challenges.basic = true;
                } else if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    let parameter = |name: &str| {
                        let found = challenge
                            .params
                            .iter()
                            .find(|(found, _)| found.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.to_unescaped())
                    };
                    let service = parameter("service");
                    challenges.bearer = parameter("realm").map(|realm| TokenServer { realm, service });
                }
            }
        }
        challenges
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn read(headers: &[&'static str]) -> Challenges {
        Challenges::read(
            &headers
                .iter()
                .map(|value| (WWW_AUTHENTICATE, HeaderValue::from_static(value)))
                .collect(),
        )
    }

    #[test]
    fn finds_every_challenge_in_every_header() {
        let bearer =
            r#"Bearer realm="https://x/token?tenant=1",service="registry",scope="repository:a:pull,push""#;
        let server = TokenServer {
            realm: "https://x/token?tenant=1".to_owned(),
            service: Some("registry".to_owned()),
        };
        let both = Challenges {
            bearer: Some(server.clone()),
            basic: true,
        };
        assert_eq!(read(&[r#"Basic realm="x""#, bearer]), both);
        assert_eq!(read(&[bearer, "basic"]), both);
        assert_eq!(
            read(&["((", bearer]),
            Challenges {
                bearer: Some(server),
                basic: false
            }
        );
        assert_eq!(read(&["Negotiate"]), Challenges::default());
        assert_eq!(read(&["Bearer"]), Challenges::default());
    }
}
