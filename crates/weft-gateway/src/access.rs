//! Access control: the token, or, on loopback without one, requests from this machine that no page of another
//! site sent.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use axum::http::{HeaderMap, StatusCode, header};
use weft_agent::{Error, Home};

use super::{
    api_error::ApiError,
    keys::{Client, Keys},
    origins::Origins,
    settings::Settings,
    token::{self, Token},
};

/// The condition for access.
pub(super) enum Access {
    /// A request needs this token.
    Token(Token),
    /// A request has to come from this machine, and from no page of another site.
    Local,
}

/// The origin of the token, for the log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The settings.
    Given,
    /// A file, which was read or made.
    File {
        /// The path of the file.
        path: PathBuf,
        /// Whether it was made now.
        new: bool,
    },
    /// There is no token.
    None,
}

impl Access {
    /// Returns the access control for `settings`. Beyond loopback a token is required: if none is set, the
    /// one stored in `home` is used, and made if necessary.
    ///
    /// # Errors
    /// If a token is required and can be neither read nor made.
    pub(super) fn new(settings: &Settings, home: &Home) -> Result<(Access, Origin), Error> {
        if let Some(secret) = &settings.token {
            return Ok((Access::Token(Token::new(secret)), Origin::Given));
        }
        if settings.listen.ip().is_loopback() {
            return Ok((Access::Local, Origin::None));
        }
        home.make()?;
        let stored = token::stored(&home.directory)
            .map_err(|error| Error::other(format!("no token for the gateway: {error}")))?;
        let origin = Origin::File {
            path: stored.path,
            new: stored.new,
        };
        Ok((Access::Token(Token::new(&stored.secret)), origin))
    }

    /// Returns whether requests need a token.
    pub(super) fn has_token(&self) -> bool {
        matches!(self, Access::Token(_))
    }

    /// Checks a request with these headers. Returns 401 without the token, and 403 for a page of another
    /// site.
    pub(super) fn check(
        &self,
        headers: &HeaderMap,
        keys: &Keys,
        origins: &Origins,
    ) -> Result<Client, ApiError> {
        if let Some(key) = offered(headers).and_then(|offered| keys.find(offered)) {
            return Ok(Client::Key(key));
        }
        match self {
            Access::Token(token) => check_token(token, headers)?,
            // Where clients have keys, nobody goes without one.
            Access::Local if !keys.is_empty() => return Err(unauthorised(headers)),
            Access::Local => check_host(headers, origins)?,
        }
        Ok(Client::Owner)
    }

    /// Checks a request that needs no token, for example for the page that asks for one.
    ///
    /// Without a token, a page of another site could make the browser send requests. It cannot choose the
    /// headers `Origin` and `Host`: `Origin` names that site, and so does `Host` if the site's name was made
    /// to resolve to this machine (DNS rebinding).
    pub(super) fn check_origin(&self, headers: &HeaderMap, origins: &Origins) -> Result<(), ApiError> {
        match self {
            Access::Token(_) => Ok(()),
            Access::Local => check_host(headers, origins),
        }
    }
}

fn check_token(token: &Token, headers: &HeaderMap) -> Result<(), ApiError> {
    match offered(headers) {
        Some(offered) if token.matches(offered) => Ok(()),
        _ => Err(unauthorised(headers)),
    }
}

fn unauthorised(headers: &HeaderMap) -> ApiError {
    let (code, message) = match offered(headers) {
        None => (
            "missing_token",
            "give the gateway's token or a key: `Authorization: Bearer TOKEN` or `X-Api-Key: TOKEN`",
        ),
        Some(_) => ("invalid_api_key", "this is neither the gateway's token nor a key"),
    };
    ApiError::new(StatusCode::UNAUTHORIZED, code, message)
}

/// The headers of clients that send a key by itself: Anthropic's and Azure's.
const KEY_HEADERS: [&str; 2] = ["x-api-key", "api-key"];

/// Returns the token that a request offers.
fn offered(headers: &HeaderMap) -> Option<&str> {
    let key = |name: &&str| headers.get(*name)?.to_str().ok().map(str::trim);
    bearer(headers).or_else(|| KEY_HEADERS.iter().find_map(key))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?
        .split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn check_host(headers: &HeaderMap, origins: &Origins) -> Result<(), ApiError> {
    let refused = |message: &str| Err(ApiError::new(StatusCode::FORBIDDEN, "foreign_origin", message));
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(header::HOST).filter(|host| is_local(host)) else {
        return refused("without a token the gateway answers under the names of this machine alone");
    };
    match text(header::ORIGIN) {
        Some(origin) if origins.names(origin) => Ok(()),
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            refused("without a token the gateway answers no page of another origin")
        }
        _ if text(header::HeaderName::from_static("sec-fetch-site")) == Some("cross-site") => {
            refused("without a token the gateway answers no page of another site")
        }
        _ => Ok(()),
    }
}

/// Returns whether a `Host`, with or without a port, is a name of this machine that no other site can have.
fn is_local(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.contains(':') => name,
        _ => host,
    };
    let bare = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
        .unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};
    use clawft_types::Secret;

    use super::*;

    type Pair = (&'static str, &'static str);

    /// Returns the status of `access` for these headers, or 200.
    fn status(access: &Access, pairs: &[Pair]) -> u16 {
        let header = |(name, value): &Pair| (HeaderName::from_static(name), HeaderValue::from_static(value));
        let headers = pairs.iter().map(header).collect();
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        let store = std::sync::Arc::new(crate::store::FileStore::new(&home));
        let keys = Keys::new(store, &weft_agent::Agent::new(&home).unwrap(), &home);
        access
            .check(&headers, &keys, &Origins::default())
            .map_or_else(|error| error.status.as_u16(), |_| 200)
    }

    #[test]
    fn only_loopback_names_are_local() {
        for host in [
            "localhost",
            "LOCALHOST:80",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
            "[::1]",
        ] {
            assert!(is_local(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1:80",
            "[::2]:1",
            "127.0.0.1.evil.example",
        ] {
            assert!(!is_local(host), "{host}");
        }
    }

    #[test]
    fn refuses_foreign_pages_without_token() {
        let host = ("host", "127.0.0.1:8080");
        for own in [
            &[host][..],
            &[host, ("origin", "http://127.0.0.1:8080")],
            &[host, ("sec-fetch-site", "same-origin")],
        ] {
            assert_eq!(status(&Access::Local, own), 200, "{own:?}");
        }
        for foreign in [
            &[][..],
            &[("host", "evil.example")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "http://127.0.0.1:3000")],
            &[host, ("origin", "null")],
            &[host, ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(status(&Access::Local, foreign), 403, "{foreign:?}");
        }
    }

    #[test]
    fn token_alone_decides_where_set() {
        let access = Access::Token(Token::new(&Secret::new("right")));
        assert_eq!(status(&access, &[("authorization", "Bearer right")]), 200);
        assert_eq!(
            status(
                &access,
                &[
                    ("authorization", "bearer  right"),
                    ("origin", "https://a.example")
                ]
            ),
            200
        );
        for name in ["x-api-key", "api-key"] {
            assert_eq!(status(&access, &[(name, " right ")]), 200);
            assert_eq!(status(&access, &[(name, "wrong")]), 401);
        }
        for wrong in ["Bearer wrong", "Bearer", "Bearer ", "Basic right", "right"] {
            assert_eq!(status(&access, &[("authorization", wrong)]), 401, "{wrong}");
        }
        assert_eq!(status(&access, &[]), 401);
    }

    #[test]
    fn requires_token_beyond_loopback() {
        let directory = tempfile::tempdir().unwrap();
        let home = Home {
            directory: directory.path().to_owned(),
            config: directory.path().join("config.json"),
        };
        let access = |listen: &str, token: Option<&str>| {
            let listen = listen.parse().unwrap();
            let settings = Settings {
                listen,
                token: token.map(Secret::new),
                ..Settings::default()
            };
            let (access, origin) = Access::new(&settings, &home).unwrap();
            (matches!(access, Access::Token(_)), origin)
        };
        let path = home.directory.join(token::FILE);
        assert_eq!(access("127.0.0.1:1", None), (false, Origin::None));
        assert!(!path.exists());
        assert_eq!(access("127.0.0.1:1", Some("t")), (true, Origin::Given));
        assert_eq!(access("0.0.0.0:1", Some("t")), (true, Origin::Given));
        assert_eq!(
            access("0.0.0.0:1", None),
            (
                true,
                Origin::File {
                    path: path.clone(),
                    new: true
                }
            )
        );
        assert_eq!(access("[::]:1", None), (true, Origin::File { path, new: false }));
    }
}
