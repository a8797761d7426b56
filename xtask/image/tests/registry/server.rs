//! A small strict registry on loopback, with a switch for each property of real registries.

mod odd;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, atomic::AtomicUsize},
    thread,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use image::Digest;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

pub(crate) use self::odd::Odd;

/// The user that may push.
pub(crate) const USERNAME: &str = "someone";

/// Their password, which nothing may print.
pub(crate) const PASSWORD: &str = "of-no-use-elsewhere";

/// Their identity token.
pub(crate) const IDENTITY: &str = "refresh-of-no-use-elsewhere";

/// Authentication schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Auth {
    #[default]
    Open,
    Basic,
    Bearer,
    /// Basic in one header, Bearer in another.
    Both,
}

/// The habits of a registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Habits {
    pub(crate) auth: Auth,
    /// The number of requests that a token is good for.
    pub(crate) uses_of_token: Option<usize>,
    /// The seconds that a token is said to live.
    pub(crate) lifetime_of_token: Option<u64>,
    /// The token is called `access_token` only.
    pub(crate) access_token: bool,
    /// The address of the token server has a query of its own, which has to come back.
    pub(crate) realm_query: bool,
    /// Tokens are given for identity tokens alone (Azure).
    pub(crate) identity_token: bool,
    /// Location is a path.
    pub(crate) relative: bool,
    /// Location has a query that has to come back as it was.
    pub(crate) state: bool,
    /// PATCH is answered with this status (Google).
    pub(crate) no_patch: Option<u16>,
    /// An upload's PUT with content is answered with this status.
    pub(crate) no_put: Option<u16>,
    /// Smaller parts than this are refused, but for the last one.
    pub(crate) smallest_part: Option<usize>,
    /// A larger body is answered with a proxy's page.
    pub(crate) largest_body: Option<usize>,
    /// These write requests, counted from 1, are answered with this status, and `Retry-After: 0`.
    pub(crate) limit: Option<(BTreeSet<usize>, u16)>,
    /// The connection is closed in the middle of this write request.
    pub(crate) reset: Option<usize>,
    /// This write request is answered with a proxy's page.
    pub(crate) html502: Option<usize>,
    /// A tag that is there cannot be set again, not even to the same digest.
    pub(crate) immutable: bool,
    /// A manifest's PUT is answered without Location (Amazon).
    pub(crate) no_location: bool,
    /// No response names a digest.
    pub(crate) no_digest: bool,
    /// Manifests whose configuration is not that of an image are refused (old Harbor, old Quay).
    pub(crate) known_media: bool,
    /// Repositories have to be made first (Amazon).
    pub(crate) no_name: bool,
    /// HEAD of a blob that is not there is 403.
    pub(crate) head403: bool,
    /// GET of a manifest in a repository that is not there yet is 403 (GitHub, Artifactory).
    pub(crate) denied_new: bool,
    /// Referrers are listed, which the response to their PUT confirms.
    pub(crate) referrers: bool,
    /// Blobs are served by another server, which refuses an Authorization header (S3).
    pub(crate) redirect: bool,
    /// The permission in a token has this name, which challenges state.
    pub(crate) scope: Option<&'static str>,
    /// The forms of its responses.
    pub(crate) odd: Vec<Odd>,
}

/// A running registry; its threads end with the test's process.
pub(crate) struct Registry {
    /// Its host and port, as image names have them.
    pub(crate) host: String,
    shared: Arc<Shared>,
}

struct Shared {
    habits: Habits,
    host: String,
    scheme: &'static str,
    /// The port of the server that blobs are redirected to.
    store: u16,
    state: Mutex<State>,
    /// The number of requests that do not see the last tag.
    unseen: AtomicUsize,
}

#[derive(Default)]
pub(crate) struct State {
    blobs: BTreeMap<(String, String), Vec<u8>>,
    manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    tags: BTreeMap<(String, String), String>,
    uploads: BTreeMap<String, Vec<u8>>,
    small_parts: BTreeSet<String>,
    tokens: BTreeMap<String, Token>,
    writes: usize,
    /// Each request: method, path and status.
    log: Vec<String>,
}

/// A server's way to answer; without an answer the connection is closed.
type Answer = fn(&Shared, &Request) -> Option<Response>;

struct Token {
    uses: usize,
    scope: String,
}

struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// Whether it was redirected here.
    was_moved: bool,
}

struct Response {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Registry {
    /// Starts one on 127.0.0.1.
    pub(crate) fn start(habits: Habits) -> Self {
        Self::on("127.0.0.1", habits, None)
    }

    /// Starts one on `address`, which speaks TLS if there is a configuration for it.
    pub(crate) fn on(address: &str, habits: Habits, tls: Option<Arc<ServerConfig>>) -> Self {
        let bind = if address == "localhost" {
            "127.0.0.1"
        } else {
            address
        };
        let listener = TcpListener::bind(format!("{bind}:0")).unwrap();
        let store = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = format!("{address}:{}", listener.local_addr().unwrap().port());
        let shared = Arc::new(Shared {
            habits,
            host: host.clone(),
            scheme: if tls.is_some() { "https" } else { "http" },
            store: store.local_addr().unwrap().port(),
            state: Mutex::default(),
            unseen: AtomicUsize::default(),
        });
        shared.clone().serve(listener, tls, Shared::answer);
        shared.clone().serve(store, None, Shared::answer_from_store);
        Self { host, shared }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Returns the manifest under a tag.
    pub(crate) fn tagged(&self, repository: &str, tag: &str) -> Option<Value> {
        let state = self.state();
        let digest = state.tags.get(&(repository.to_owned(), tag.to_owned()))?;
        let (_, bytes) = &state.manifests[&(repository.to_owned(), digest.clone())];
        Some(serde_json::from_slice(bytes).unwrap())
    }

    /// Returns the manifest with a digest.
    pub(crate) fn manifest(&self, repository: &str, digest: &str) -> Value {
        let (_, bytes) = &self.state().manifests[&(repository.to_owned(), digest.to_owned())];
        serde_json::from_slice(bytes).unwrap()
    }

    /// Returns the number of tags.
    pub(crate) fn tags(&self) -> usize {
        self.state().tags.len()
    }

    /// Returns the requests so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.state().log.clone()
    }

    /// Returns the number of blobs.
    pub(crate) fn blobs(&self) -> usize {
        self.state().blobs.len()
    }
}

impl Response {
    fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(status).body(
            "application/json",
            &json!({ "errors": [{ "code": code, "message": message }] }).to_string(),
        )
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    fn body(mut self, kind: &str, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self.header("Content-Type", kind)
    }
}

impl Request {
    /// Reads a request; a body of more than `largest` bytes is left out.
    fn read(stream: &mut impl BufRead, largest: usize) -> Option<Self> {
        // A client that tries TLS is sent away.
        if stream.fill_buf().ok()?.first() == Some(&0x16) {
            return None;
        }
        let mut line = String::new();
        stream.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).ok()?;
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
        let length = headers
            .get("content-length")
            .map_or(0, |length| length.parse().unwrap());
        let mut body = vec![0; if length > largest { 0 } else { length }];
        stream.read_exact(&mut body).ok()?;
        // A proxy is sent the whole address.
        let target = match target
            .strip_prefix("http://")
            .and_then(|rest| rest.split_once('/'))
        {
            Some((_, path)) => format!("/{path}"),
            None => target,
        };
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let mut request = Self {
            method,
            path: path.to_owned(),
            query: pairs(query),
            headers,
            body,
            was_moved: false,
        };
        odd::undo(&mut request);
        Some(request)
    }

    fn writes(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "POST" | "PATCH")
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        find(&self.query, name)
    }

    fn authorization(&self) -> &str {
        self.headers.get("authorization").map_or("", String::as_str)
    }
}

/// Reads a query or a form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let url = reqwest::Url::parse(&format!("form:?{text}")).unwrap();
    url.query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

fn find<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs
        .iter()
        .find(|(found, _)| found == name)
        .map(|(_, value)| value.as_str())
}

impl Shared {
    fn serve(self: Arc<Self>, listener: TcpListener, tls: Option<Arc<ServerConfig>>, answer: Answer) {
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (shared, tls) = (self.clone(), tls.clone());
                thread::spawn(move || {
                    let peer = stream.try_clone().unwrap();
                    match tls {
                        Some(tls) => {
                            let connection = ServerConnection::new(tls).unwrap();
                            shared.converse(StreamOwned::new(connection, stream), &peer, answer);
                        }
                        None => shared.converse(stream, &peer, answer),
                    }
                });
            }
        });
    }

    fn converse(&self, stream: impl Read + Write, peer: &TcpStream, answer: Answer) {
        let mut stream = BufReader::new(stream);
        let has = |odd: Odd| self.habits.odd.contains(&odd);
        let mut limits = self.habits.odd.iter().filter_map(|odd| match odd {
            Odd::UnreadBody(largest) => Some(*largest),
            _ => None,
        });
        let largest = limits.next().unwrap_or(usize::MAX);
        while let Some(request) = Request::read(&mut stream, largest) {
            let length = request.headers.get("content-length");
            let is_unread = length.is_some_and(|length| length.parse::<usize>().unwrap() > largest);
            let response = if is_unread {
                Some(Response::new(413))
            } else {
                self.in_form(&request, answer)
            };
            let status = response
                .as_ref()
                .map_or("reset".to_owned(), |response| response.status.to_string());
            let size = request.body.len();
            let Request { method, path, .. } = &request;
            self.state
                .lock()
                .unwrap()
                .log
                .push(format!("{method} {path} {status} {size}"));
            let Some(response) = response else {
                let _ = peer.shutdown(Shutdown::Both);
                return;
            };
            let is_error = response.status >= 400;
            let is_chunked = is_error && has(Odd::ChunkedErrors) && method != "HEAD";
            let is_cut = is_error && has(Odd::CutErrors) && method != "HEAD";
            let mut head = if has(Odd::Http10) {
                format!("HTTP/1.0 {} .\r\n", response.status)
            } else if is_chunked {
                format!("HTTP/1.1 {} .\r\ntransfer-encoding: Chunked\r\n", response.status)
            } else {
                format!(
                    "HTTP/1.1 {} .\r\nContent-Length: {}\r\n",
                    response.status,
                    response.body.len() + usize::from(is_cut) * 100
                )
            };
            for (name, value) in &response.headers {
                let name = if has(Odd::CapitalHeaders) {
                    name.to_ascii_uppercase()
                } else {
                    (*name).to_owned()
                };
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            let mut bytes = format!("{head}\r\n").into_bytes();
            if is_chunked {
                for chunk in response.body.chunks(7) {
                    bytes.extend(format!("{:X};a=b\r\n", chunk.len()).bytes());
                    bytes.extend(chunk);
                    bytes.extend(b"\r\n");
                }
                bytes.extend(b"0\r\n\r\n");
            } else if method != "HEAD" {
                bytes.extend(&response.body);
            }
            if stream
                .get_mut()
                .write_all(&bytes)
                .and_then(|()| stream.get_mut().flush())
                .is_err()
            {
                return;
            }
            if is_unread || is_cut || has(Odd::Http10) {
                let _ = peer.shutdown(Shutdown::Both);
                return;
            }
        }
    }

    /// Answers a request in the forms of this registry.
    fn in_form(&self, request: &Request, answer: Answer) -> Option<Response> {
        let odd = &self.habits.odd;
        let instead = odd
            .iter()
            .find_map(|odd| odd::instead(*odd, request, &self.unseen));
        let mut response = instead.or_else(|| answer(self, request))?;
        odd.iter()
            .for_each(|odd| odd::change(*odd, request, &mut response));
        Some(response)
    }

    fn location(&self, path: &str) -> String {
        let state = if self.habits.state {
            "?_state=abc%2Bd%3D"
        } else {
            ""
        };
        let base = if self.habits.relative {
            String::new()
        } else {
            format!("{}://{}", self.scheme, self.host)
        };
        format!("{base}{path}{state}")
    }

    fn answer_from_store(&self, request: &Request) -> Option<Response> {
        if !request.authorization().is_empty() {
            return Some(Response::error(
                400,
                "InvalidRequest",
                "only one auth mechanism is allowed",
            ));
        }
        let (repository, digest) = request.path.trim_start_matches('/').rsplit_once('/')?;
        let mut response = Response::new(200);
        response.body = self.state.lock().unwrap().blobs[&(repository.to_owned(), digest.to_owned())].clone();
        Some(response)
    }

    fn answer(&self, request: &Request) -> Option<Response> {
        if request.path == "/token" {
            return Some(self.token(request));
        }
        if request.path == "/v2/" {
            return Some(self.refusal(request, None).unwrap_or_else(|| Response::new(200)));
        }
        let parts = request.path.strip_prefix("/v2/").and_then(|path| {
            ["blobs", "manifests"].iter().find_map(|kind| {
                let (repository, reference) = path.split_once(&format!("/{kind}/"))?;
                Some((repository, *kind, reference))
            })
        });
        let Some((repository, kind, reference)) = parts else {
            return Some(Response::error(404, "NAME_UNKNOWN", "there is no such path"));
        };
        if request.writes() {
            let count = {
                let mut state = self.state.lock().unwrap();
                state.writes += 1;
                state.writes
            };
            if self.habits.reset == Some(count) {
                return None;
            }
            if self.habits.html502 == Some(count) {
                return Some(Response::new(502).body("text/html", "<html><h1>502 Bad Gateway</h1></html>"));
            }
            if let Some((_, status)) = self
                .habits
                .limit
                .as_ref()
                .filter(|(counts, _)| counts.contains(&count))
            {
                let code = if *status == 429 {
                    "TOOMANYREQUESTS"
                } else {
                    "UNAVAILABLE"
                };
                return Some(Response::error(*status, code, "slow down").header("Retry-After", "0"));
            }
        }
        if let Some(refusal) = self.refusal(request, Some(repository)) {
            return Some(refusal);
        }
        if self
            .habits
            .largest_body
            .is_some_and(|largest| request.body.len() > largest)
        {
            return Some(Response::new(413).body("text/html", "<html>413</html>"));
        }
        let mut state = self.state.lock().unwrap();
        let response = match (kind, reference.strip_prefix("uploads/")) {
            ("blobs", Some(upload)) => self.upload(&mut state, repository, upload, request),
            ("blobs", None) => self.blob(&state, repository, reference),
            _ => self.manifest(&mut state, repository, reference, request),
        };
        Some(response)
    }

    /// Returns the refusal of a request whose login does not do.
    fn refusal(&self, request: &Request, repository: Option<&str>) -> Option<Response> {
        let found = request.authorization();
        let basic = found == format!("Basic {}", STANDARD.encode(format!("{USERNAME}:{PASSWORD}")));
        let Habits {
            auth,
            realm_query,
            ref odd,
            ..
        } = self.habits;
        let allowed = match auth {
            Auth::Open => true,
            Auth::Basic => basic,
            Auth::Both if odd.iter().any(|odd| matches!(odd, Odd::TokenServer(_))) => basic,
            Auth::Bearer | Auth::Both => {
                let mut state = self.state.lock().unwrap();
                let token = found
                    .strip_prefix("Bearer ")
                    .and_then(|token| state.tokens.get_mut(token));
                let need = if request.writes() { "push" } else { "pull" };
                token.is_some_and(|token| {
                    let named = |repository: &str| {
                        if let Some(scope) = self.habits.scope {
                            return token.scope.split(' ').any(|found| found == scope);
                        }
                        let actions = token.scope.strip_prefix(&format!("repository:{repository}:"));
                        actions.is_some_and(|actions| actions.split(',').any(|action| action == need))
                    };
                    let good = token.uses > 0 && repository.is_none_or(named);
                    token.uses = token.uses.saturating_sub(1);
                    good
                })
            }
        };
        if allowed {
            return None;
        }
        let refused = Response::error(401, "UNAUTHORIZED", "authentication required");
        let refused = match auth {
            Auth::Basic | Auth::Both => refused.header("WWW-Authenticate", r#"Basic realm="strict""#),
            _ => refused,
        };
        let query = if realm_query { "?tenant=1" } else { "" };
        let mut bearer = format!(
            r#"Bearer realm="{}://{}/token{query}",service="strict.example""#,
            self.scheme, self.host
        );
        if let Some(scope) = self.habits.scope.filter(|_| repository.is_some()) {
            bearer.push_str(&format!(r#",scope="{scope}""#));
        }
        Some(match auth {
            Auth::Bearer | Auth::Both => refused.header("WWW-Authenticate", &bearer),
            _ => refused,
        })
    }

    fn token(&self, request: &Request) -> Response {
        let form = pairs(&String::from_utf8_lossy(&request.body));
        let parameters = if request.method == "POST" {
            &form
        } else {
            &request.query
        };
        let basic =
            request.authorization() == format!("Basic {}", STANDARD.encode(format!("{USERNAME}:{PASSWORD}")));
        let identity = request.method == "POST" && find(parameters, "refresh_token") == Some(IDENTITY);
        let allowed = if self.habits.identity_token {
            identity
        } else {
            basic
        };
        if !allowed {
            return Response::new(401).body("application/json", r#"{"details":"bad login"}"#);
        }
        if self.habits.realm_query && request.parameter("tenant") != Some("1") {
            return Response::error(400, "DENIED", "no tenant");
        }
        if find(parameters, "service") != Some("strict.example") {
            return Response::error(400, "DENIED", "bad service");
        }
        let scopes = parameters.iter().filter(|(name, _)| name == "scope");
        let scopes: Vec<&str> = scopes.map(|(_, scope)| scope.as_str()).collect();
        let scope = scopes.join(" ");
        let mut state = self.state.lock().unwrap();
        let token = format!("token-of-no-use-elsewhere-{}", state.tokens.len());
        let uses = self.habits.uses_of_token.unwrap_or(usize::MAX);
        state.tokens.insert(token.clone(), Token { uses, scope });
        let name = if self.habits.access_token || self.habits.identity_token {
            "access_token"
        } else {
            "token"
        };
        let said = self.habits.lifetime_of_token.unwrap_or(300);
        Response::new(200).body(
            "application/json",
            &json!({ name: token, "expires_in": said }).to_string(),
        )
    }

    fn upload(&self, state: &mut State, repository: &str, upload: &str, request: &Request) -> Response {
        let habits = &self.habits;
        let path = |upload: &str| format!("/v2/{repository}/blobs/uploads/{upload}");
        if request.method == "POST" {
            if habits.no_name {
                let message =
                    format!("The repository with name '{repository}' does not exist in the registry");
                return Response::error(404, "NAME_UNKNOWN", &message);
            }
            let upload = format!("upload-{}", state.writes);
            state.uploads.insert(upload.clone(), Vec::new());
            let begun = Response::new(202).header("Location", &self.location(&path(&upload)));
            return match habits.smallest_part {
                Some(smallest) => begun.header("OCI-Chunk-Min-Length", &smallest.to_string()),
                None => begun,
            };
        }
        if request.method == "DELETE" {
            return Response::error(405, "UNSUPPORTED", "uploads cannot be cancelled");
        }
        if habits.state && request.parameter("_state") != Some("abc+d=") {
            return Response::error(400, "BLOB_UPLOAD_INVALID", "the state was lost");
        }
        let Some(so_far) = state.uploads.get(upload).cloned() else {
            return Response::error(404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload");
        };
        let whole = [so_far.as_slice(), &request.body].concat();
        if request.method == "PATCH" {
            if let Some(status) = habits.no_patch {
                return Response::error(status, "UNSUPPORTED", "chunked uploads are not supported");
            }
            if state.small_parts.contains(upload) {
                return Response::error(416, "BLOB_UPLOAD_INVALID", "a part was below the minimum");
            }
            if habits
                .smallest_part
                .is_some_and(|smallest| request.body.len() < smallest)
            {
                state.small_parts.insert(upload.to_owned());
            }
            let range = format!("{}-{}", so_far.len(), whole.len() - 1);
            if request.headers.get("content-range") != Some(&range) {
                return Response::error(
                    416,
                    "BLOB_UPLOAD_INVALID",
                    "the range does not go on where it was",
                );
            }
            state.uploads.insert(upload.to_owned(), whole);
            return Response::new(202).header("Location", &self.location(&path(upload)));
        }
        if let Some(status) = habits.no_put.filter(|_| !request.body.is_empty()) {
            return Response::error(status, "UNSUPPORTED", "only chunked uploads are supported");
        }
        let digest = Digest::of(&whole).to_string();
        if request.parameter("digest") != Some(&digest) {
            return Response::error(400, "DIGEST_INVALID", "the digest differs");
        }
        state.uploads.remove(upload);
        state.blobs.insert((repository.to_owned(), digest.clone()), whole);
        Response::new(201).header(
            "Location",
            &self.location(&format!("/v2/{repository}/blobs/{digest}")),
        )
    }

    fn blob(&self, state: &State, repository: &str, digest: &str) -> Response {
        let Some(bytes) = state.blobs.get(&(repository.to_owned(), digest.to_owned())) else {
            return match self.habits.head403 {
                true => Response::error(403, "DENIED", "no"),
                false => Response::error(404, "BLOB_UNKNOWN", "blob unknown"),
            };
        };
        if self.habits.redirect {
            let store = format!(
                "http://127.0.0.1:{}/{repository}/{digest}?X-Amz-Signature=x",
                self.store
            );
            return Response::new(307).header("Location", &store);
        }
        let mut response = Response::new(200);
        response.body = bytes.clone();
        response
    }

    fn manifest(&self, state: &mut State, repository: &str, reference: &str, request: &Request) -> Response {
        if request.method == "PUT" {
            return self.set(state, repository, reference, request);
        }
        let tag = state.tags.get(&(repository.to_owned(), reference.to_owned()));
        let digest = tag.map_or(reference, String::as_str).to_owned();
        let Some((kind, bytes)) = state.manifests.get(&(repository.to_owned(), digest.clone())) else {
            let is_new = !state.manifests.keys().any(|(found, _)| found == repository);
            return match self.habits.denied_new && is_new {
                true => Response::error(403, "DENIED", "requested access to the resource is denied"),
                false => Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown"),
            };
        };
        if !request
            .headers
            .get("accept")
            .is_some_and(|accepted| accepted.contains(kind))
        {
            return Response::error(404, "MANIFEST_UNKNOWN", "there is none of an accepted type");
        }
        let response = Response::new(200).body(kind, &String::from_utf8_lossy(bytes));
        if self.habits.no_digest {
            response
        } else {
            response.header("Docker-Content-Digest", &digest)
        }
    }

    fn set(&self, state: &mut State, repository: &str, reference: &str, request: &Request) -> Response {
        let digest = Digest::of(&request.body).to_string();
        let document: Value = serde_json::from_slice(&request.body).unwrap();
        let kind = request.headers.get("content-type").cloned().unwrap_or_default();
        if document["mediaType"] != kind {
            return Response::error(400, "MANIFEST_INVALID", "Content-Type is not the media type");
        }
        if reference.contains(':') && reference != digest {
            return Response::error(400, "DIGEST_INVALID", "the digest differs");
        }
        let config = document["config"]["mediaType"].as_str();
        if self.habits.known_media
            && config.is_some_and(|kind| kind != "application/vnd.oci.image.config.v1+json")
        {
            return Response::error(
                415,
                "MANIFEST_INVALID",
                "the media type of the configuration is not allowed",
            );
        }
        let key = |value: &Value| {
            (
                repository.to_owned(),
                value["digest"].as_str().unwrap().to_owned(),
            )
        };
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let blobs = list(&document["layers"])
            .into_iter()
            .chain(config.map(|_| document["config"].clone()));
        let lacks = blobs
            .into_iter()
            .any(|blob| !state.blobs.contains_key(&key(&blob)))
            || list(&document["manifests"])
                .iter()
                .any(|child| !state.manifests.contains_key(&key(child)));
        if lacks {
            return Response::error(404, "MANIFEST_BLOB_UNKNOWN", "something in it is not there");
        }
        if !reference.contains(':') {
            let tag = (repository.to_owned(), reference.to_owned());
            if self.habits.immutable && state.tags.contains_key(&tag) {
                let message = format!(
                    "The image tag '{reference}' cannot be overwritten because the repository is immutable"
                );
                return Response::error(400, "TAG_INVALID", &message);
            }
            state.tags.insert(tag, digest.clone());
        }
        state.manifests.insert(
            (repository.to_owned(), digest.clone()),
            (kind, request.body.clone()),
        );
        let set = Response::new(201);
        let set = if self.habits.no_digest {
            set
        } else {
            set.header("Docker-Content-Digest", &digest)
        };
        let set = match document["subject"]["digest"].as_str() {
            Some(subject) if self.habits.referrers => set.header("OCI-Subject", subject),
            _ => set,
        };
        let location = self.location(&format!("/v2/{repository}/manifests/{digest}"));
        if self.habits.no_location {
            set
        } else {
            set.header("Location", &location)
        }
    }
}
