//! A server behind a URL: each message is a request of HTTP.

mod body;

use alloc::{
    borrow::{Cow, ToOwned as _},
    string::String,
    vec::Vec,
};
use core::time::Duration;

use clawft_core::{Event, Header, HeaderValue, HttpRequest, Method, TransportError, response_head};
use clawft_types::{
    Secret, ToolCall,
    config::mcp::{McpServer, McpTransport},
    join,
    text::{Ascii as _, number},
};

use crate::{
    catalog::Catalog,
    client::{Client, Era, Job, Next, Outcome, Phase},
    error::{McpError, late},
    limits::{MAX_ERROR_BODY, MAX_RESPONSE, MAX_TOKEN},
    message::{MODERN, Refusal},
    params::encoded,
    secrets::{Secrets, resolve},
};
use body::{Body, Found};

/// The next action of the platform.
#[derive(Debug)]
pub enum Step {
    /// Drop the response, if there is one. Send this request, and feed its response.
    Send(HttpRequest),
    /// Read on and feed the next event.
    More,
    /// The operation is over. Drop the response.
    Done(Outcome),
}

/// A server behind a URL.
///
/// ```
/// use clawft_core::Event;
/// use clawft_mcp::{HttpServer, Outcome, Step};
/// use clawft_types::config::mcp;
/// use clawft_types::json::{self, Node};
/// use std::time::Duration;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = json::parse(br#"{"tools": {"mcp": {"docs": {"url": "https://docs.example/mcp"}}}}"#)?;
/// let config = mcp::servers(Node::root(&config))?;
/// let mut server = HttpServer::new(&config[0], &|_| None)?;
///
/// // No time has passed since the operation began.
/// let now = Duration::ZERO;
/// let Step::Send(request) = server.list(now) else { panic!("nothing to send") };
/// assert_eq!(request.url, "https://docs.example/mcp");
/// let body = br#"{"jsonrpc": "2.0", "id": 1, "result":
///     {"tools": [{"name": "search", "inputSchema": {"type": "object"}}]}}"#;
/// server.feed(Event::Head { status: 200, headers: &[] }, now);
/// server.feed(Event::Body(body), now);
/// let Step::Done(Outcome::Listed(Ok(()))) = server.feed(Event::End, now) else { panic!("no list") };
/// assert_eq!(server.catalog().tools()[0].definition.name, "mcp__docs__search");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct HttpServer {
    client: Client,
    url: Secret,
    headers: Vec<Header>,
    timeout: Duration,
    /// The id of the session, in revisions that have one.
    session: Option<Secret>,
    /// Whether the session was begun anew in this operation.
    renewed: bool,
    response: Option<Response>,
}

/// The part of a response that has arrived.
#[derive(Debug)]
struct Response {
    status: u16,
    body: Body,
    /// The number of further bytes that are accepted.
    room: usize,
}

impl HttpServer {
    /// Returns the client of a server. `env` reads an environment variable. Fails if one is not set, or if the
    /// server is not behind a URL.
    pub fn new(config: &McpServer, env: &dyn Fn(&str) -> Option<String>) -> Result<HttpServer, McpError> {
        let name = &config.name;
        let McpTransport::Http { url, headers } = &config.transport else {
            return Err(McpError::new(
                name,
                "it is a program, which this host cannot start".to_owned(),
            ));
        };
        let resolved = resolve(name, headers, env)?;
        let query = url.expose().cut(b'?').map_or("", |(_, query)| query);
        let secrets = Secrets::new(&resolved, query);
        let mut headers = Vec::new();
        for (header, value) in resolved {
            let value = value.expose().trim();
            if value.bytes().any(|byte| !matches!(byte, b' '..=b'~')) {
                let cause = join!("the value of the header `", &header, "` is not printable ASCII");
                return Err(McpError::new(name, cause));
            }
            headers.push(Header {
                name: Cow::Owned(header),
                value: HeaderValue::Secret(Secret::new(value)),
            });
        }
        Ok(HttpServer {
            client: Client::new(name, config.tools.clone(), secrets, true),
            url: url.clone(),
            headers,
            timeout: config.timeout,
            session: None,
            renewed: false,
            response: None,
        })
    }

    /// Returns the server's name.
    pub fn name(&self) -> &str {
        &self.client.server
    }

    /// Returns the tools as they were listed last.
    pub fn catalog(&self) -> &Catalog {
        &self.client.catalog
    }

    /// Begins to read the list of the tools. `elapsed` is the time since the operation began.
    pub fn list(&mut self, elapsed: Duration) -> Step {
        self.client.list();
        self.begin(elapsed)
    }

    /// Begins a call of one of the listed tools.
    pub fn call(&mut self, call: &ToolCall, elapsed: Duration) -> Step {
        match self.client.call(call) {
            Ok(()) => self.begin(elapsed),
            Err(result) => Step::Done(Outcome::Called(result)),
        }
    }

    fn begin(&mut self, elapsed: Duration) -> Step {
        self.renewed = false;
        self.send(elapsed)
    }

    /// Takes the next event and returns the next step. `elapsed` is the time since the operation began.
    pub fn feed(&mut self, event: Event<'_>, elapsed: Duration) -> Step {
        let response = self.response.take();
        if elapsed >= self.timeout {
            return self.timed_out();
        }
        match (response, event) {
            (None, Event::Head { status, headers }) if self.client.phase != Phase::Idle => {
                self.open(status, headers, elapsed)
            }
            (Some(response), Event::Body(bytes)) => self.read(response, bytes, elapsed),
            (Some(response), Event::End) => self.finish(response, elapsed),
            (_, Event::Failed(error)) => self.failed(&error),
            _ => self.fail("the events came out of order".to_owned()),
        }
    }

    /// Returns the request of the phase.
    fn send(&mut self, elapsed: Duration) -> Step {
        self.response = None;
        let left = self.timeout.saturating_sub(elapsed);
        if left.is_zero() {
            return self.timed_out();
        }
        match self.client.message() {
            Ok(body) => Step::Send(HttpRequest {
                method: Method::Post,
                url: self.url.expose().to_owned(),
                headers: self.request_headers(),
                body,
                timeout: left,
                idle_timeout: left,
                total_timeout: left,
                stream: false,
                max_response: MAX_RESPONSE,
            }),
            Err(error) => self.fail(error.message()),
        }
    }

    fn request_headers(&self) -> Vec<Header> {
        let mut headers: Vec<Header> = Vec::with_capacity(self.headers.len() + 8);
        let mut add = |name: &'static str, value: &str| {
            headers.push(Header {
                name: Cow::Borrowed(name),
                value: HeaderValue::Plain(value.to_owned()),
            });
        };
        add("content-type", "application/json");
        add("accept", "application/json, text/event-stream");
        add("user-agent", concat!("clawft/", env!("CARGO_PKG_VERSION")));
        let client = &self.client;
        match client.era {
            Era::Handshake => {}
            Era::Session(version) => add("mcp-protocol-version", version),
            Era::Unknown | Era::Modern => {
                add("mcp-protocol-version", MODERN);
                add("mcp-method", client.method());
                if let Job::Call { name, .. } = &client.job {
                    add("mcp-name", &encoded(name));
                }
            }
        }
        if let (Job::Call { headers: copied, .. }, true) = (&client.job, client.is_modern()) {
            headers.extend(copied.iter().cloned());
        }
        if let Some(session) = self
            .session
            .as_ref()
            .filter(|_| client.phase != Phase::Initialize)
        {
            headers.push(Header {
                name: Cow::Borrowed("mcp-session-id"),
                value: HeaderValue::Secret(session.clone()),
            });
        }
        headers.extend(self.headers.iter().cloned());
        headers
    }

    fn open(&mut self, status: u16, headers: &[(String, String)], elapsed: Duration) -> Step {
        if self.client.phase == Phase::Notify {
            // The answer has no content, and a server that refuses the notification will refuse the request.
            let next = self.client.notified();
            return self.go_on(next, elapsed);
        }
        let success = matches!(status, 200..=299);
        if success && self.client.phase == Phase::Initialize {
            self.session = response_head::header(headers, "mcp-session-id").and_then(session);
        }
        if matches!(status, 300..=399) {
            return self.fail("redirects are not followed, so give the address that it leads to".to_owned());
        }
        if success && response_head::encoding(headers).is_some() {
            return self.fail("its response is encoded, which was not asked for".to_owned());
        }
        self.response = Some(Response {
            status,
            body: Body::new(success && response_head::is_event_stream(headers)),
            room: if success { MAX_RESPONSE } else { MAX_ERROR_BODY },
        });
        Step::More
    }

    fn read(&mut self, mut response: Response, bytes: &[u8], elapsed: Duration) -> Step {
        let (taken, rest) = bytes.split_at(bytes.len().min(response.room));
        response.room -= taken.len();
        match response.body.take(taken, &mut self.client) {
            Ok(Found::Next(next)) => return self.go_on(next, elapsed),
            Ok(Found::Nothing) => {}
            Err(cause) => return self.bad(&cause),
        }
        match (rest.is_empty(), response.status) {
            (true, _) => {
                self.response = Some(response);
                Step::More
            }
            (false, 200..=299) => self.fail(too_large(MAX_RESPONSE)),
            // The status decides, however little of the body was read.
            (false, _) => self.finish(response, elapsed),
        }
    }

    fn finish(&mut self, response: Response, elapsed: Duration) -> Step {
        let status = response.status;
        if let 200..=299 = status {
            return match response.body.end(&mut self.client) {
                Ok(Found::Next(next)) => self.go_on(next, elapsed),
                Ok(Found::Nothing) => {
                    self.fail(join!("its response (status ", &text(status), ") holds no answer"))
                }
                Err(cause) => self.bad(&cause),
            };
        }
        let lost = matches!(status, 400 | 404) && self.session.is_some() && !self.renewed;
        if lost && self.client.phase == Phase::Work {
            // The session has expired, or the server was restarted. What it refused was not done.
            self.session = None;
            self.renewed = true;
            self.client.begin_with_handshake();
            return self.send(elapsed);
        }
        let refusal = response.body.refusal();
        match (status, refusal) {
            (401 | 403 | 408 | 429 | 500.., refusal) => self.refused(status, refusal),
            (_, Some(refusal)) => {
                let next = self.client.answered(Err(&refusal));
                self.go_on(next, elapsed)
            }
            (_, None) if self.client.era == Era::Unknown => {
                let next = self.client.answered(Err(&Refusal::default()));
                self.go_on(next, elapsed)
            }
            (_, None) => self.refused(status, None),
        }
    }

    fn go_on(&mut self, next: Next, elapsed: Duration) -> Step {
        match next {
            Next::Send => self.send(elapsed),
            Next::Done(outcome) => Step::Done(outcome),
        }
    }

    /// Ends the operation because of a status.
    fn refused(&mut self, status: u16, refusal: Option<Refusal>) -> Step {
        let message = refusal.map(|refusal| refusal.message).unwrap_or_default();
        let problem = match status {
            401 | 403 => "it refuses access",
            429 => "it is asked too often",
            500.. => "it has failed",
            _ => "it refuses the request",
        };
        let colon = if message.is_empty() { "" } else { ": " };
        self.bad(&join!(problem, " (status ", &text(status), ")", colon, &message))
    }

    fn failed(&mut self, error: &TransportError) -> Step {
        match error {
            TransportError::TimedOut { .. } => self.timed_out(),
            TransportError::TooLarge { limit } => self.fail(too_large(*limit)),
            error => self.bad(&error.message()),
        }
    }

    fn timed_out(&mut self) -> Step {
        let cause = late(self.timeout);
        self.fail(cause)
    }

    fn bad(&mut self, cause: &str) -> Step {
        let cause = self.client.secrets.redact(cause);
        self.fail(cause)
    }

    fn fail(&mut self, cause: String) -> Step {
        self.response = None;
        Step::Done(self.client.fail(cause))
    }
}

fn too_large(limit: usize) -> String {
    join!("its response is larger than ", &number(limit as u64), " bytes")
}

/// Returns the number of a status. One conversion of numbers is enough for the whole crate.
fn text(status: u16) -> String {
    number(status.into())
}

/// Returns a session's id, which is sent back to the server as it is.
fn session(id: &str) -> Option<Secret> {
    let valid = !id.is_empty() && id.len() <= MAX_TOKEN && id.bytes().all(|byte| byte.is_ascii_graphic());
    valid.then(|| Secret::new(id))
}
