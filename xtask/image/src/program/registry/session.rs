//! A session with one registry: the choice between HTTP and HTTPS, and authentication.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use super::{
    challenge::{Challenges, TokenServer},
    credentials::Login,
    failure::{Failure, Purpose},
    transport::{Request, Response, Transport, is_loopback},
};

/// The client ID in requests for tokens.
const CLIENT: &str = "clawft";

/// The statuses of the base URL that say nothing about other URLs: it needs a login, or the registry does not serve it.
const UNINFORMATIVE: [StatusCode; 4] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
];

/// The lifetime of a token in seconds if the server states none.
const LIFETIME: f64 = 60.0;

/// The longest lifetime of a token in seconds. A new one costs one request.
const LONGEST: f64 = 3_600.0;

/// A permission for a repository. The permission to push includes pulling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    /// To read.
    Pull,
    /// To read and to write.
    Push,
}

/// The protocol, or the way to choose it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    /// HTTP.
    Plain,
    /// HTTPS.
    Tls,
    /// HTTP if the registry answers to it, else HTTPS.
    Either,
}

/// A session.
pub(super) struct Session {
    transport: Transport,
    registry: String,
    repository: String,
    login: Login,
    scheme: Cell<Scheme>,
    /// Whether the registry has answered.
    reached: Cell<bool>,
    /// Whether the base URL was requested, for protocol and challenges.
    greeted: Cell<bool>,
    challenges: RefCell<Challenges>,
    grant: RefCell<Option<Grant>>,
}

/// The header `Authorization` of requests.
struct Grant {
    header: HeaderValue,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Credentials that cannot be renewed: user and password, or a configured token.
    Fixed,
    /// A token with a permission, until it expires.
    Token(Right, Instant),
}

/// The token in the response of a token server.
struct Token {
    value: String,
    lifetime: Duration,
}

impl Token {
    /// Reads a response. Servers name the token in two ways, and some write numbers as strings.
    fn read(body: &[u8]) -> Option<Self> {
        let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let document: Value = serde_json::from_slice(body).ok()?;
        let named = |name: &str| document[name].as_str().filter(|value| !value.is_empty());
        let expires_in = &document["expires_in"];
        let seconds = expires_in
            .as_f64()
            .or_else(|| expires_in.as_str()?.trim().parse().ok());
        // A margin, so that it does not expire on its way.
        let seconds = seconds.filter(|seconds| seconds.is_finite()).unwrap_or(LIFETIME) * 0.9;
        Some(Self {
            value: named("token").or(named("access_token"))?.to_owned(),
            lifetime: Duration::from_secs_f64(seconds.clamp(0.0, LONGEST)),
        })
    }
}

impl Session {
    /// Makes a session with `registry` for `repository`. Sends nothing yet.
    pub(super) fn new(
        transport: Transport,
        registry: &str,
        repository: &str,
        login: Login,
        scheme: Scheme,
    ) -> Self {
        match &login {
            Login::Password { username, password } => {
                transport.hide(password);
                transport.hide(&STANDARD.encode(format!("{username}:{password}")));
            }
            Login::IdentityToken(token) | Login::RegistryToken(token) => transport.hide(token),
            Login::Anonymous => {}
        }
        Self {
            transport,
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            login,
            scheme: Cell::new(scheme),
            reached: Cell::new(false),
            greeted: Cell::new(false),
            challenges: RefCell::default(),
            grant: RefCell::default(),
        }
    }

    /// Returns whether the registry has answered any request.
    pub(super) fn reached(&self) -> bool {
        self.reached.get()
    }

    /// Returns the URL of `path` in the repository, such as `blobs/uploads/`. The first call determines the protocol.
    pub(super) async fn url(&self, path: &str) -> Result<Url, Failure> {
        self.greet().await?;
        self.base(&format!("{}/{path}", self.repository))
    }

    fn base(&self, path: &str) -> Result<Url, Failure> {
        let scheme = if self.scheme.get() == Scheme::Tls {
            "https"
        } else {
            "http"
        };
        let url = format!("{scheme}://{}/v2/{path}", self.registry);
        url.parse()
            .map_err(|error| Failure::Other(format!("`{url}` is no URL: {error}")))
    }

    /// Sends a request that needs the permission `right` and returns the response, whatever its status. Requests
    /// tokens and renews them as needed.
    pub(super) async fn send(&self, request: Request, right: Right) -> Result<Response, Failure> {
        // A Location on another host must not get the credentials.
        if !self.is_ours(&request.url) {
            return self.transport.send(&request, None).await;
        }
        if self.needs_token(right) {
            let challenges = self.challenges.borrow().clone();
            self.answer(&challenges, right).await?;
        }
        let response = self.transport.send(&request, self.header()).await?;
        if response.status != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let mut challenges = Challenges::read(&response.headers);
        if challenges == Challenges::default() {
            challenges = self.challenges.borrow().clone();
        }
        match self.answer(&challenges, right).await? {
            true => self.transport.send(&request, self.header()).await,
            false => Ok(response),
        }
    }

    async fn greet(&self) -> Result<(), Failure> {
        if self.greeted.get() {
            return Ok(());
        }
        let mut answer = self.transport.send(&self.greeting()?, None).await;
        if self.scheme.get() == Scheme::Either && speaks_no_http(&answer) {
            self.scheme.set(Scheme::Tls);
            let secure = self.transport.send(&self.greeting()?, None).await;
            if secure.is_err() {
                self.scheme.set(Scheme::Either);
            }
            // A refusal in plain HTTP says more than that there is no TLS.
            if answer.is_err() || speaks_tls(&secure) {
                answer = secure;
            }
        }
        let response = answer?;
        self.reached.set(true);
        // It may send everyone on to HTTPS.
        let base = self.base("")?;
        let moved = response.url.scheme() == "https" && base.scheme() == "http";
        if moved && response.url.host() == base.host() && response.url.port() == base.port() {
            self.scheme.set(Scheme::Tls);
        }
        if !response.status.is_success() && !UNINFORMATIVE.contains(&response.status) {
            return Err(response.refused());
        }
        *self.challenges.borrow_mut() = Challenges::read(&response.headers);
        self.greeted.set(true);
        Ok(())
    }

    fn greeting(&self) -> Result<Request, Failure> {
        Ok(Request::new(Method::GET, self.base("")?, Purpose::Greet))
    }

    /// Returns whether `url` has the host, port and protocol of the registry; on loopback any name of the host.
    fn is_ours(&self, url: &Url) -> bool {
        self.base("").is_ok_and(|base| {
            let same_port = base.port_or_known_default() == url.port_or_known_default();
            let alias = is_loopback(&base) && is_loopback(url) && base.scheme() == url.scheme() && same_port;
            alias || base.origin() == url.origin()
        })
    }

    fn header(&self) -> Option<HeaderValue> {
        self.grant.borrow().as_ref().map(|grant| grant.header.clone())
    }

    /// Returns whether authentication is required and there are no valid credentials for `right` yet.
    fn needs_token(&self, right: Right) -> bool {
        match self.grant.borrow().as_ref().map(|grant| grant.kind) {
            Some(Kind::Fixed) => false,
            Some(Kind::Token(granted, until)) => granted < right || until <= Instant::now(),
            None => *self.challenges.borrow() != Challenges::default(),
        }
    }

    /// Answers challenges. Returns whether there are new credentials to try.
    async fn answer(&self, challenges: &Challenges, right: Right) -> Result<bool, Failure> {
        let fixed = self
            .grant
            .borrow()
            .as_ref()
            .is_some_and(|grant| grant.kind == Kind::Fixed);
        if let (Some(server), false) = (&challenges.bearer, fixed) {
            if let Login::RegistryToken(token) = &self.login {
                self.accept(&format!("Bearer {token}"), Kind::Fixed)?;
                return Ok(true);
            }
            let basic = challenges.basic && matches!(self.login, Login::Password { .. });
            match self.fetch(server, right).await {
                Ok(()) => return Ok(true),
                // Basic authentication may still work.
                Err(ref failure @ (Failure::Refused(_) | Failure::Other(_)))
                    if basic && !failure.may_pass() => {}
                Err(failure) => return Err(failure),
            }
        }
        // Without a scheme that is known here, only Basic authentication can work.
        let basic = challenges.basic || challenges.bearer.is_none();
        match &self.login {
            Login::Password { .. } if basic && !fixed => {
                self.grant.replace(Some(Grant {
                    header: self.basic()?,
                    kind: Kind::Fixed,
                }));
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Requests a token from `server` for the login.
    async fn fetch(&self, server: &TokenServer, right: Right) -> Result<(), Failure> {
        let realm = self
            .base("")?
            .join(&server.realm)
            .map_err(|_| Failure::Other("it names a token server whose address is no URL".to_owned()))?;
        let safe =
            realm.scheme() == "https" || (self.scheme.get() != Scheme::Tls && realm.scheme() == "http");
        if !safe && !is_loopback(&realm) {
            return Err(Failure::Other(format!(
                "it would have the login sent to `{}` in plain text",
                realm.host_str().unwrap_or_default()
            )));
        }
        let actions = match right {
            Right::Pull => "pull",
            Right::Push => "pull,push",
        };
        let repository = format!("repository:{}:", self.repository);
        // The registry may have another name for the repository, or for the permission, or ask for more.
        let own = server.scope.iter().flat_map(|scope| scope.split_whitespace());
        let own = own.filter(|scope| {
            let asked = scope.strip_prefix(&repository);
            !asked.is_some_and(|asked| asked.split(',').all(|action| ["pull", "push"].contains(&action)))
        });
        let scopes: Vec<String> = [format!("{repository}{actions}")]
            .into_iter()
            .chain(own.map(str::to_owned))
            .collect();
        let (request, authorization) = match &self.login {
            Login::IdentityToken(token) => (exchange(realm, server, &scopes, token)?, None),
            Login::Password { .. } => (question(realm, server, &scopes), Some(self.basic()?)),
            Login::Anonymous | Login::RegistryToken(_) => (question(realm, server, &scopes), None),
        };
        let response = self.transport.send(&request, authorization).await?.success()?;
        let token = Token::read(&response.body);
        let token = token.ok_or_else(|| Failure::Other("its token server gave no token".to_owned()))?;
        let until = Instant::now() + token.lifetime;
        self.transport.hide(&token.value);
        self.accept(&format!("Bearer {}", token.value), Kind::Token(right, until))
    }

    fn accept(&self, header: &str, kind: Kind) -> Result<(), Failure> {
        self.grant.replace(Some(Grant {
            header: secret(header)?,
            kind,
        }));
        Ok(())
    }

    fn basic(&self) -> Result<HeaderValue, Failure> {
        let Login::Password { username, password } = &self.login else {
            return Err(Failure::Other("there is no password for it".to_owned()));
        };
        secret(&format!(
            "Basic {}",
            STANDARD.encode(format!("{username}:{password}"))
        ))
    }
}

/// Returns whether a server did not understand plain HTTP, or asked for HTTPS.
fn speaks_no_http(answer: &Result<Response, Failure>) -> bool {
    match answer {
        Ok(response) => response.status == StatusCode::BAD_REQUEST,
        Err(failure) => matches!(failure, Failure::Broken(_)),
    }
}

/// Returns whether a server answered over TLS, or refused to for a reason of TLS.
fn speaks_tls(answer: &Result<Response, Failure>) -> bool {
    match answer {
        Ok(_) => true,
        Err(failure) => matches!(failure, Failure::Tls(_)) && !failure.is_of_no_tls(),
    }
}

/// Returns a header value that is left out of debug output.
fn secret(text: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Failure::Other("the login holds characters that no header can have".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the request for a token, in the form that Docker's registry defines.
fn question(realm: Url, server: &TokenServer, scopes: &[String]) -> Request {
    let mut url = realm;
    if let Some(service) = &server.service {
        url.query_pairs_mut().append_pair("service", service);
    }
    url.query_pairs_mut()
        .extend_pairs(scopes.iter().map(|scope| ("scope", scope)));
    Request::new(Method::GET, url, Purpose::LogIn)
}

/// Returns the request that exchanges an identity token for a token, in the form of OAuth 2.
fn exchange(realm: Url, server: &TokenServer, scopes: &[String], token: &str) -> Result<Request, Failure> {
    let mut form = Url::parse("form:").map_err(|error| Failure::Other(error.to_string()))?;
    form.query_pairs_mut()
        .append_pair("grant_type", "refresh_token")
        .append_pair("service", server.service.as_deref().unwrap_or_default())
        .append_pair("client_id", CLIENT)
        .append_pair("scope", &scopes.join(" "))
        .append_pair("refresh_token", token);
    let body = Bytes::from(form.query().unwrap_or_default().to_owned());
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    Ok(Request::new(Method::POST, realm, Purpose::LogIn)
        .header(CONTENT_TYPE, kind)
        .body(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_tokens_of_every_form() {
        let read =
            |body: &str| Token::read(body.as_bytes()).map(|token| (token.value, token.lifetime.as_secs()));
        let token = |seconds: u64| Some(("x".to_owned(), seconds));
        for (body, expected) in [
            (r#"{"token":"x"}"#, token(54)),
            ("\u{feff}{\"token\":\"x\"}", token(54)),
            (r#"{"access_token":"x","token":"","expires_in":null}"#, token(54)),
            (
                r#"{"access_token":"x","token":null,"expires_in":"300"}"#,
                token(270),
            ),
            (
                r#"{"token":"x","access_token":"y","expires_in":100.5,"issued_at":7}"#,
                token(90),
            ),
            (r#"{"token":"x","expires_in":-1}"#, token(0)),
            (r#"{"token":"x","expires_in":1e300}"#, token(3600)),
            (r#"{"token":"x","expires_in":18446744073709551615}"#, token(3600)),
            (r#"{"token":"x","expires_in":"soon"}"#, token(54)),
            (r#"{"token":"","expires_in":300}"#, None),
            (r#"["token"]"#, None),
            ("", None),
        ] {
            assert_eq!(read(body), expected, "{body}");
        }
    }
}
