//! Access control: the token that clients send.

use std::hint::black_box;

use clawft_types::Secret;

use crate::refusal::Refusal;

/// The variable with the token.
pub const TOKEN: &str = "CLAWFT_TOKEN";

/// The variable that lets everyone in, if it is `1`.
pub const OPEN: &str = "CLAWFT_OPEN";

/// The headers of clients that send a key by itself: Anthropic's and Azure's.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "api-key"];

/// The condition for access.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// A request needs this token.
    Token(Secret),
    /// Everyone is let in.
    Open,
}

impl Access {
    /// Reads the condition from the environment.
    ///
    /// # Errors
    /// If there is neither a token nor the permission to go without.
    pub(crate) fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Access, String> {
        let token = variable(TOKEN).unwrap_or_default();
        match token.trim() {
            "" if variable(OPEN).is_some_and(|value| value.trim() == "1") => Ok(Access::Open),
            "" => Err(format!(
                "no token for clients: set `{TOKEN}`, or `{OPEN}=1` to let everyone in"
            )),
            token => Ok(Access::Token(Secret::new(token))),
        }
    }

    /// Checks a request with these headers.
    ///
    /// # Errors
    /// 401 without the token.
    pub(crate) fn check(&self, header: &dyn Fn(&str) -> Option<String>) -> Result<(), Refusal> {
        let Access::Token(token) = self else { return Ok(()) };
        match offered(header) {
            Some(offered) if is_equal(token.expose(), &offered) => Ok(()),
            Some(_) => Err(Refusal::new(
                401,
                "invalid_api_key",
                "this is not the server's token",
            )),
            None => Err(Refusal::new(
                401,
                "missing_token",
                "give the server's token: `Authorization: Bearer TOKEN` or `X-Api-Key: TOKEN`",
            )),
        }
    }
}

/// Returns the token that a request offers.
fn offered(header: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let bearer = header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme
            .eq_ignore_ascii_case("bearer")
            .then(|| token.trim().to_owned())
    });
    let key = |name: &&str| header(name).map(|value| value.trim().to_owned());
    bearer.or_else(|| KEY_HEADERS.iter().find_map(key))
}

/// Returns whether both are the same, in a time that depends on the length of `offered` alone.
fn is_equal(token: &str, offered: &str) -> bool {
    let mut difference = token.len() ^ offered.len();
    let token = token.bytes().cycle();
    for (own, other) in token.zip(offered.bytes()) {
        difference |= black_box(usize::from(own ^ other));
    }
    black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &'static [(&str, &str)]) -> Result<Access, String> {
        Access::read(&|name| {
            let found = pairs.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn needs_a_token_or_permission() {
        assert!(
            matches!(read(&[(TOKEN, " secret\n")]), Ok(Access::Token(token)) if token.expose() == "secret")
        );
        assert!(matches!(read(&[(OPEN, "1")]), Ok(Access::Open)));
        assert!(matches!(read(&[(TOKEN, "a"), (OPEN, "1")]), Ok(Access::Token(_))));
        for closed in [&[][..], &[(OPEN, "0")], &[(OPEN, "true")], &[(TOKEN, " ")]] {
            assert!(read(closed).unwrap_err().contains("CLAWFT_OPEN=1"));
        }
    }

    #[test]
    fn compares_the_whole_token() {
        let access = Access::Token(Secret::new("secret"));
        let status = |name: &'static str, value: &'static str| {
            let header = |asked: &str| (asked == name).then(|| value.to_owned());
            access
                .check(&header)
                .map_or_else(|refusal| refusal.status, |()| 200)
        };
        assert_eq!(status("authorization", "Bearer secret"), 200);
        assert_eq!(status("authorization", "bearer  secret "), 200);
        assert_eq!(status("x-api-key", "secret"), 200);
        assert_eq!(status("api-key", "secret"), 200);
        for wrong in [
            "",
            "s",
            "secre",
            "secretsecret",
            "Secret",
            "secreT",
            "secret\u{e9}",
        ] {
            assert_eq!(status("x-api-key", wrong), 401, "{wrong}");
        }
        assert_eq!(status("authorization", "Basic secret"), 401);
        assert_eq!(status("cookie", "secret"), 401);
    }
}
