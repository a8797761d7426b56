//! Responses that registries and the proxies before them give in an unusual form.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Request, Response};

/// An unusual form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Odd {
    /// HTTP/1.0: no length, and the connection is closed at the end.
    Http10,
    /// The names of headers are in capitals.
    CapitalHeaders,
    /// The base URL has this status, and no challenge.
    Greeting(u16),
    /// 401 has challenges at the base URL alone.
    BareRefusals,
    /// All challenges are in one header, after one of an unknown scheme, with more spaces and commas than needed.
    OneChallengeHeader,
    /// The address of the token server is relative.
    RelativeRealm,
    /// The token is called `access_token`, beside an empty `token`; the lifetime is a string.
    TextInToken,
    /// An upload starts with 201, and with its name in the place of its address.
    NamedUpload,
    /// A chunk is answered without an address for the next one.
    NoNextLocation,
    /// Blobs and manifests are stored with this status instead of 201.
    Stored(u16),
    /// A blob that was stored is answered with this status, as if another client had stored it.
    StoredWith(u16),
    /// Writing is refused with this status and a message that repeats the login.
    Echo(u16),
    /// Uploads are sent on to another address.
    RedirectedUploads,
    /// Every request is sent on to another address, with this status.
    Redirected(u16),
    /// Every request is sent on to an address that sends it on again.
    RedirectedForEver,
    /// The token server has this status and no token. Basic authentication works, where it is offered.
    TokenServer(u16),
    /// HEAD has this status, whatever is there.
    Head(u16),
    /// Addresses of uploads have another name of this machine.
    OtherName,
    /// The connection breaks in the body of an error.
    CutErrors,
    /// The bodies of errors come in chunks.
    ChunkedErrors,
    /// A larger body is refused before it is read, and the connection is closed.
    UnreadBody(usize),
    /// Errors have the page of a proxy, or no body.
    ErrorsWithoutMessage,
    /// The time to wait is a date.
    WaitUntil,
    /// A tag that was just set is not seen by the next so many requests.
    LateTags(usize),
}

/// The prefix of the addresses that uploads are sent on to.
const MOVED: &str = "/moved";

/// Changes `request` to the one that the registry understands.
pub(super) fn undo(request: &mut Request) {
    if let Some(path) = request.path.strip_prefix(MOVED) {
        request.path = path.to_owned();
        request.was_moved = true;
    }
}

/// Returns the response instead of the registry's own, if the form has one.
pub(super) fn instead(odd: Odd, request: &Request, unseen: &AtomicUsize) -> Option<Response> {
    let is_upload = request.path.contains("/blobs/uploads/");
    match odd {
        Odd::Greeting(status) if request.path == "/v2/" => Some(Response::new(status)),
        Odd::TokenServer(status) if request.path == "/token" => Some(Response::new(status)),
        Odd::Head(status) if request.method == "HEAD" => Some(Response::new(status)),
        Odd::RedirectedUploads if request.method == "PUT" && is_upload && !request.was_moved => {
            Some(moved(307, request))
        }
        Odd::Echo(status) if request.writes() => {
            let message = format!("no rights for {}", request.authorization());
            Some(Response::error(status, "DENIED", &message))
        }
        Odd::Redirected(status) if !request.was_moved => Some(moved(status, request)),
        Odd::RedirectedForEver => Some(moved(302, request)),
        Odd::LateTags(times) => {
            let of_tag = request
                .path
                .split_once("/manifests/")
                .is_some_and(|(_, name)| !name.contains(':'));
            if of_tag && request.method == "PUT" {
                unseen.store(times, Ordering::Relaxed);
            }
            let count = |left: usize| left.checked_sub(1);
            let is_unseen = of_tag
                && request.method == "GET"
                && unseen
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, count)
                    .is_ok();
            is_unseen.then(|| Response::error(404, "MANIFEST_UNKNOWN", "manifest unknown"))
        }
        _ => None,
    }
}

/// Returns the response that sends `request` on to another address.
fn moved(status: u16, request: &Request) -> Response {
    let query = request
        .query
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    let query = query.collect::<Vec<_>>().join("&");
    let location = format!("{MOVED}{}?{query}", request.path);
    Response::new(status).header("Location", &location)
}

/// Changes the form of the registry's response.
pub(super) fn change(odd: Odd, request: &Request, response: &mut Response) {
    let is_upload = request.path.contains("/blobs/uploads/");
    let is_error = response.status >= 400;
    match odd {
        Odd::BareRefusals if request.path != "/v2/" => response.remove("WWW-Authenticate"),
        Odd::OneChallengeHeader if response.status == 401 => {
            let challenges = response.remove_all("WWW-Authenticate").join(" ,, ");
            let challenges = challenges.replace("Bearer ", "bEARER   ").replace(',', " , ");
            response
                .headers
                .push(("WWW-Authenticate", format!("Negotiate YQ==, {challenges},")));
        }
        Odd::RelativeRealm => response
            .headers
            .iter_mut()
            .filter(|(name, _)| *name == "WWW-Authenticate")
            .for_each(|(_, value)| {
                let (before, rest) = value.split_once("http://").unwrap();
                *value = format!("{before}{}", &rest[rest.find('/').unwrap()..]);
            }),
        Odd::TextInToken if request.path == "/token" && !is_error => {
            let text = String::from_utf8(response.body.clone()).unwrap();
            let text = text.replace(r#""token":"#, r#""token":"","access_token":"#);
            response.body = text.replace(":300", r#":"300""#).into_bytes();
        }
        Odd::NamedUpload if request.method == "POST" && is_upload && !is_error => {
            let location = response.remove_all("Location").remove(0);
            let (_, upload) = location.rsplit_once('/').unwrap();
            *response = Response::new(201).header("Docker-Upload-UUID", upload);
        }
        Odd::OtherName => response
            .headers
            .iter_mut()
            .filter(|(name, _)| *name == "Location")
            .for_each(|(_, value)| *value = value.replace("127.0.0.1", "localhost")),
        Odd::NoNextLocation if request.method == "PATCH" => response.remove("Location"),
        Odd::Stored(status) if response.status == 201 => response.status = status,
        Odd::StoredWith(status) if response.status == 201 && is_upload => response.status = status,
        Odd::ErrorsWithoutMessage if is_error => {
            let page = "<HTML><body>No.</body></HTML>";
            response.body = if request.method == "PUT" {
                Vec::new()
            } else {
                page.into()
            };
            response.remove("Content-Type");
            response
                .headers
                .push(("Content-Type", "Text/HTML; charset=utf-8".to_owned()));
        }
        Odd::WaitUntil => response
            .headers
            .iter_mut()
            .filter(|(name, _)| *name == "Retry-After")
            .for_each(|(_, value)| *value = "Wed, 21 Oct 2015 07:28:00 GMT".to_owned()),
        _ => {}
    }
}

impl Response {
    fn remove(&mut self, name: &str) {
        self.remove_all(name);
    }

    fn remove_all(&mut self, name: &str) -> Vec<String> {
        let (removed, kept) = std::mem::take(&mut self.headers)
            .into_iter()
            .partition(|(found, _)| *found == name);
        self.headers = kept;
        let removed: Vec<(&str, String)> = removed;
        removed.into_iter().map(|(_, value)| value).collect()
    }
}
