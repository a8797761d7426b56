//! Failures of requests to registries: which of them are temporary, and their explanations for users.

use std::{error::Error, time::Duration};

use oci_spec::image::MediaType;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
};

use super::message::{self, one_line};

/// The part of rustls's message that means that the other side ended the connection for a reason of its own.
const ALERT: &str = "received fatal alert";

/// The part of rustls's message that means that the other side does not speak TLS.
const CORRUPT: &str = "received corrupt message";

/// The part of rustls's message that means that the other side speaks another version of TLS.
const INCOMPATIBLE: &str = "peer is incompatible";

/// The statuses of temporary failures, those of proxies included: 499 (nginx) and 520 to 524 (Cloudflare).
const PASSING: [u16; 13] = [408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524];

/// The failure of a request.
#[derive(Debug)]
pub(super) enum Failure {
    /// No connection could be made, or nothing arrived in time.
    Unreachable(String),
    /// The connection broke.
    Broken(String),
    /// The TLS handshake failed: an untrusted certificate, or no TLS.
    Tls(String),
    /// The registry refused.
    Refused(Box<Refusal>),
    /// Anything else, which is permanent.
    Other(String),
}

/// An error response of a registry.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The status of the response.
    pub(super) status: StatusCode,
    /// The codes of the registry's errors.
    pub(super) codes: Vec<String>,
    /// The registry's message in one line; may be empty.
    pub(super) message: String,
    /// The pause before a retry that the registry asks for.
    pub(super) retry_after: Option<Duration>,
    /// The request.
    pub(super) request: Purpose,
}

/// The purpose of a request, for explanations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To request the base URL.
    Greet,
    /// To request a token.
    LogIn,
    /// To read something.
    Read,
    /// To start an upload, which needs the permission to push.
    Begin,
    /// To send a blob or a chunk.
    Send,
    /// To set a manifest, whose configuration has this media type.
    Set(Option<MediaType>),
    /// To set the tag that names the documents or the signatures of an image.
    List,
}

/// The context of a failure.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'c> {
    /// The registry.
    pub(super) registry: &'c str,
    /// The repository in it.
    pub(super) repository: &'c str,
    /// Whether there is a login.
    pub(super) logged_in: bool,
    /// The reason why a login could not be read.
    pub(super) problem: Option<&'c str>,
    /// The variable that names a proxy for the registry.
    pub(super) proxy: Option<&'c str>,
}

impl Failure {
    /// Returns the failure of a request that got no response.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        let cause = innermost(error);
        let of_tls = ["certificate", CORRUPT, INCOMPATIBLE, ALERT];
        if of_tls.iter().any(|part| cause.contains(part)) {
            Self::Tls(cause)
        } else if error.is_builder() {
            Self::Other(cause)
        } else if error.is_connect() || error.is_timeout() {
            Self::Unreachable(cause)
        } else {
            Self::Broken(cause)
        }
    }

    /// Returns whether the failure is temporary.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Broken(_) => true,
            Self::Refused(refusal) => {
                // Another client that sends the same blob, or an upload that has moved on.
                let collided = refusal.status == StatusCode::CONFLICT
                    && matches!(refusal.request, Purpose::Begin | Purpose::Send);
                collided || PASSING.contains(&refusal.status.as_u16()) || refusal.has_code("TOOMANYREQUESTS")
            }
            Self::Tls(_) | Self::Other(_) => false,
        }
    }

    /// Returns whether the other side does not speak TLS.
    pub(super) fn is_of_no_tls(&self) -> bool {
        matches!(self, Self::Tls(cause) if cause.contains(CORRUPT))
    }

    /// Returns the pause before a retry that the registry asks for.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// Returns the refusal, if it is one.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Returns the failure in short, for progress messages.
    pub(super) fn brief(&self) -> String {
        match self {
            Self::Unreachable(cause) | Self::Broken(cause) | Self::Tls(cause) | Self::Other(cause) => {
                cause.clone()
            }
            Self::Refused(refusal) => refusal.answer(),
        }
    }

    /// Returns the cause and what to do next.
    pub(super) fn explain(&self, at: Circumstances<'_>) -> String {
        let registry = at.registry;
        match self {
            Self::Unreachable(cause) => {
                let proxy = at.proxy.map(|variable| {
                    format!(": check the proxy in `{variable}`, or name the registry in `NO_PROXY`")
                });
                format!(
                    "could not reach `{registry}`: {cause}{}",
                    proxy.unwrap_or_default()
                )
            }
            Self::Broken(cause) => {
                format!("the connection to `{registry}` broke repeatedly: {cause}")
            }
            Self::Tls(cause) if cause.contains("certificate expired") || cause.contains("not valid yet") => {
                format!(
                    "could not reach `{registry}`: its certificate is not valid today ({cause}): renew it, or check this \
                 machine's clock"
                )
            }
            Self::Tls(cause) if cause.contains("not valid for name") => format!(
                "could not reach `{registry}`: its certificate is for another name ({cause}): use a name that is in the \
                 certificate"
            ),
            Self::Tls(cause) if cause.contains("certificate") => format!(
                "could not reach `{registry}`: its certificate is not trusted ({}): name the file of its CA with \
                 `--ca-file`, or put it into `/etc/docker/certs.d/{registry}/ca.crt`",
                untrusted(cause)
            ),
            Self::Tls(cause) if cause.contains(ALERT) => format!(
                "could not reach `{registry}`: it refused the TLS connection ({cause}): if it requires a client certificate, put \
                 `client.cert` and `client.key` into `/etc/docker/certs.d/{registry}`"
            ),
            Self::Tls(cause) if cause.contains(INCOMPATIBLE) => format!(
                "could not reach `{registry}`: it offers neither TLS 1.2 nor TLS 1.3 ({cause}): update it, or the proxy in \
                 front of it"
            ),
            Self::Tls(cause) => format!(
                "could not reach `{registry}`: it does not speak TLS ({cause}): `--insecure` uses \
                 plain HTTP"
            ),
            Self::Refused(refusal) => refusal.explain(at),
            Self::Other(cause) => format!("`{registry}`: {cause}"),
        }
    }
}

impl Refusal {
    /// Reads the refusal in a response.
    pub(super) fn new(status: StatusCode, headers: &HeaderMap, body: &[u8], request: Purpose) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let html = headers
            .get(CONTENT_TYPE)
            .is_some_and(|value| value.as_bytes().to_ascii_lowercase().starts_with(b"text/html"));
        let message::Message { codes, text } = message::read(text, html);
        let retry_after = headers
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(pause);
        Self {
            status,
            codes,
            message: one_line(&text),
            retry_after,
            request,
        }
    }

    /// Returns whether one of the registry's errors has this code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|found| found.eq_ignore_ascii_case(code))
    }

    /// Returns whether authentication or authorization failed.
    pub(super) fn is_denial(&self) -> bool {
        matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
            || self.has_code("DENIED")
            || self.has_code("UNAUTHORIZED")
    }

    /// Returns whether there is no room for more in the registry.
    fn has_no_room(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        // The last one is Harbor's: "will exceed the configured upper limit".
        let signs = ["quota", "no space left", "storage limit", "upper limit"];
        self.status == StatusCode::INSUFFICIENT_STORAGE || signs.iter().any(|sign| message.contains(sign))
    }

    /// Returns whether a tag that exists was not moved.
    fn keeps_tag(&self) -> bool {
        matches!(
            self.status,
            StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED
        ) || self.has_code("TAG_INVALID")
            || self.message.to_ascii_lowercase().contains("immutable")
    }

    /// Returns the status and message.
    fn answer(&self) -> String {
        match self.message.as_str() {
            "" => self.status.to_string(),
            message => format!("{}: {message}", self.status),
        }
    }

    fn explain(&self, at: Circumstances<'_>) -> String {
        let (registry, repository) = (at.registry, at.repository);
        let server = match self.request {
            Purpose::LogIn => format!("the token server of `{registry}`"),
            _ => format!("`{registry}`"),
        };
        let answered = format!("{server} answered {}", self.answer());
        let because = if self.message.is_empty() {
            String::new()
        } else {
            format!(" (it says: {})", self.message)
        };
        if self.is_denial() && !self.has_no_room() {
            let problem = at
                .problem
                .map(|problem| format!("; {problem}"))
                .unwrap_or_default();
            return match (at.logged_in, &self.request) {
                (false, _) => {
                    format!("not logged in to `{registry}`: run `docker login {registry}`{because}{problem}")
                }
                (true, Purpose::LogIn) => {
                    format!(
                        "`{registry}` does not let this login in: run `docker login {registry}` again{because}"
                    )
                }
                (true, _) => format!(
                    "`{registry}` does not let this login write to or read from `{repository}`: check its rights, or run \
                     `docker login {registry}` again{because}"
                ),
            };
        }
        match self.hint(at) {
            Some(hint) => format!("{answered}: {hint}"),
            None => answered,
        }
    }

    /// Returns what to do next.
    fn hint(&self, at: Circumstances<'_>) -> Option<String> {
        let (registry, repository) = (at.registry, at.repository);
        let mentions = |word: &str| self.message.to_ascii_lowercase().contains(word);
        if self.has_code("NAME_UNKNOWN")
            || (self.status == StatusCode::NOT_FOUND && self.request == Purpose::Begin)
        {
            return Some(if registry.contains(".dkr.ecr.") {
                format!("create it first, with `aws ecr create-repository --repository-name {repository}`")
            } else {
                format!(
                    "if this registry does not create repositories by itself, create `{repository}` first"
                )
            });
        }
        if self.has_no_room() {
            return Some("it has no room left: delete old images there, or have its quota raised".to_owned());
        }
        if self.request == Purpose::Begin
            && matches!(
                self.status,
                StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED
            )
        {
            let readable = "it takes no uploads: it may be read-only, or a mirror of another registry";
            return Some(readable.to_owned());
        }
        if let Purpose::Set(config) = &self.request {
            let unknown = self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE || mentions("media type");
            if let (true, Some(config)) = (unknown, config) {
                return Some(format!(
                    "it does not accept artifacts with a configuration of the type `{config}`: update the registry, allow \
                     the type in its settings, or use `--image` to name a registry that stores any OCI artifact"
                ));
            }
            if self.keeps_tag() {
                return Some("the tag was not moved: name another with `--tag`".to_owned());
            }
        }
        if self.request == Purpose::List && self.keeps_tag() {
            return Some(
                "the tags `sha256-…` name documents and signatures, and change when some are added: exempt them from \
                 immutability in the registry's settings"
                    .to_owned(),
            );
        }
        match self.status {
            StatusCode::PAYLOAD_TOO_LARGE => Some(
                "it accepts neither requests of this size nor smaller chunks: raise the limit of the proxy in front of it"
                    .to_owned(),
            ),
            _ if PASSING.contains(&self.status.as_u16()) => {
                Some("run the command again later; blobs that arrived are not sent again".to_owned())
            }
            _ => None,
        }
    }
}

/// Reads the header `Retry-After`: seconds, or a date.
fn pause(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(value.trim()).ok()?;
    Some(
        date.duration_since(std::time::SystemTime::now())
            .unwrap_or_default(),
    )
}

/// Returns the reason why a certificate is not trusted, for rustls's names of the common ones.
fn untrusted(cause: &str) -> &str {
    let reasons = [
        ("CaUsedAsEndEntity", "it is its own authority"),
        ("UnknownIssuer", "its authority is unknown"),
    ];
    let known = reasons.iter().find(|(name, _)| cause.contains(name));
    known.map_or(cause, |(_, reason)| reason)
}

/// Returns the innermost cause.
fn innermost(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => innermost(source),
        None => one_line(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;

    use super::*;

    const SOMEONE: Circumstances<'static> = Circumstances {
        registry: "ghcr.io",
        repository: "clawft/clawft",
        logged_in: true,
        problem: None,
        proxy: None,
    };

    fn refusal(status: u16, body: &str, request: Purpose) -> Refusal {
        Refusal::new(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
            request,
        )
    }

    fn error(code: &str, message: &str) -> String {
        json!({ "errors": [{ "code": code, "message": message, "detail": { "Type": "x" } }] }).to_string()
    }

    fn explained(status: u16, body: &str, request: Purpose) -> String {
        refusal(status, body, request).explain(SOMEONE)
    }

    #[test]
    fn tells_how_to_log_in() {
        let refusal = refusal(
            401,
            &error("UNAUTHORIZED", "authentication required"),
            Purpose::Begin,
        );
        let nobody = Circumstances {
            logged_in: false,
            problem: Some("`docker-credential-x` is missing"),
            ..SOMEONE
        };
        assert_eq!(
            refusal.explain(nobody),
            "not logged in to `ghcr.io`: run `docker login ghcr.io` (it says: authentication required); \
             `docker-credential-x` is missing"
        );
        assert!(
            explained(403, &error("DENIED", "no"), Purpose::Begin).contains("does not let this login write")
        );
        assert!(
            explained(401, r#"{"details":"bad login"}"#, Purpose::LogIn)
                .ends_with("again (it says: bad login)")
        );
    }

    #[test]
    fn shows_messages_and_not_their_json() {
        assert_eq!(
            explained(400, &error("MANIFEST_INVALID", "no\n layers"), Purpose::Set(None)),
            "`ghcr.io` answered 400 Bad Request: no layers"
        );
        assert_eq!(
            explained(500, "", Purpose::Read),
            "`ghcr.io` answered 500 Internal Server Error: run the command again later; blobs that arrived are not sent again"
        );
        let html = explained(502, "<html>\n<h1>502</h1>", Purpose::Send);
        assert!(
            html.starts_with("`ghcr.io` answered 502 Bad Gateway: run the command again"),
            "{html}"
        );
        assert!(explained(400, &"x ".repeat(1000), Purpose::Read).len() < 400);
    }

    #[test]
    fn finds_the_message_in_any_error() {
        for body in [
            r#"{"errors":[{"code":"X","message":"no"}]}"#,
            r#"{"errors":[{"code":"X","message":"","detail":{"message":"no"}}]}"#,
            r#"{"errors":[{"code":"X","detail":"no"}]}"#,
            r#"{"errors":[{"status":400,"message":"no"}]}"#,
            r#"{"errors":["no"]}"#,
            r#"{"errors":null,"message":"no"}"#,
            r#"{"errors":{"code":"X","message":"no"}}"#,
            r#"{"error":{"code":400,"message":"no"}}"#,
            r#"{"error":"no"}"#,
            r#"{"message":"","title":"no"}"#,
            "\"no\"",
            "no\u{1b}\n",
        ] {
            assert_eq!(refusal(400, body, Purpose::Send).message, "no", "{body}");
        }
        let xml = "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>no\n</Message></Error>";
        assert_eq!(refusal(400, xml, Purpose::Send).message, "no");
        assert_eq!(
            refusal(400, "\u{feff}{\"error\":\"no\"}", Purpose::Send).message,
            "no"
        );
        for body in [
            "",
            "{",
            "[1",
            "<Error><Message><b>no</b></Message></Error>",
            "<Error><Message>no",
            r#"{"errors":[{"code":"#,
            "<?xml ?><Error/>",
            "null",
            "7",
            r#"{"errors":[]}"#,
        ] {
            assert_eq!(refusal(400, body, Purpose::Send).message, "", "{body}");
        }
        let only_code = refusal(400, r#"{"errors":[{"code":"X","detail":{}}]}"#, Purpose::Send);
        assert_eq!((only_code.message.as_str(), only_code.has_code("X")), ("X", true));
    }

    #[test]
    fn says_what_to_do() {
        let set = || Purpose::Set(Some(MediaType::from("application/vnd.wasm.config.v0+json")));
        let text = explained(
            415,
            &error("MANIFEST_INVALID", "media type x is not allowed"),
            set(),
        );
        assert!(
            text.contains("application/vnd.wasm.config.v0+json") && text.contains("`--image`"),
            "{text}"
        );
        let text = explained(400, &error("TAG_INVALID", "it is immutable"), set());
        assert!(text.ends_with("name another with `--tag`"), "{text}");
        let text = explained(404, &error("NAME_UNKNOWN", "there is none"), Purpose::Begin);
        assert!(text.ends_with("create `clawft/clawft` first"), "{text}");
        let harbor = "adding 10.2 MiB of storage resource, which when updated to current usage of 98.0 MiB will exceed the \
                      configured upper limit of 100.0 MiB.";
        let text = explained(403, &error("DENIED", harbor), Purpose::Send);
        assert!(text.contains("it has no room left"), "{text}");
        let text = explained(404, "", Purpose::LogIn);
        assert_eq!(text, "the token server of `ghcr.io` answered 404 Not Found");
        let text = explained(400, &error("TAG_INVALID", "it is immutable"), Purpose::List);
        assert!(
            text.contains("exempt them") && !text.contains("`--tag`"),
            "{text}"
        );
        let ecr = Circumstances {
            registry: "1.dkr.ecr.eu-west-1.amazonaws.com",
            ..SOMEONE
        };
        let text = refusal(404, &error("NAME_UNKNOWN", "there is none"), Purpose::Begin).explain(ecr);
        assert!(
            text.contains("aws ecr create-repository --repository-name clawft/clawft"),
            "{text}"
        );
    }

    #[test]
    fn tells_failures_of_tls_apart() {
        let explained = |cause: &str| Failure::Tls(cause.to_owned()).explain(SOMEONE);
        let text = explained("invalid peer certificate: UnknownIssuer");
        assert!(
            text.contains("(its authority is unknown)") && text.contains("`--ca-file`"),
            "{text}"
        );
        let text = explained("invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))");
        assert!(text.contains("(it is its own authority)"), "{text}");
        assert!(
            explained("invalid peer certificate: BadEncoding")
                .contains("(invalid peer certificate: BadEncoding)")
        );
        assert!(explained("invalid peer certificate: certificate expired: …").contains("clock"));
        assert!(explained("certificate not valid for name \"x\"; …").contains("for another name"));
        assert!(explained("peer is incompatible: ServerDoesNotSupportTls12Or13").contains("neither TLS 1.2"));
        assert!(
            explained("received fatal alert: CertificateRequired").contains("`client.cert` and `client.key`")
        );
        assert!(explained("received corrupt message of type InvalidContentType").contains("`--insecure`"));
    }

    #[test]
    fn tells_what_may_pass() {
        let passes = |status| Failure::Refused(Box::new(refusal(status, "", Purpose::Send))).may_pass();
        assert!([408, 429, 500, 502, 503, 504, 522].into_iter().all(passes));
        assert!(![400, 401, 403, 404, 413, 501, 507, 526].into_iter().any(passes));
        assert!(Failure::Broken(String::new()).may_pass() && !Failure::Tls(String::new()).may_pass());
    }

    #[test]
    fn reads_pauses_in_seconds_and_as_dates() {
        assert_eq!(pause(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(pause("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert_eq!(pause("0.5"), Some(Duration::from_millis(500)));
        for value in ["soon", "-1", "NaN", "inf", "1e30", ""] {
            assert_eq!(pause(value), None, "{value}");
        }
        let headers = HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static("3"))]);
        let refusal = Refusal::new(StatusCode::TOO_MANY_REQUESTS, &headers, b"", Purpose::Send);
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(3)));
    }
}
