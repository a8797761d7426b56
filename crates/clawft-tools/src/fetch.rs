//! `fetch`: one exchange with a listed origin, as a machine without I/O.

pub mod address;
mod charset;
#[cfg(feature = "html")]
mod html;
mod origin;
mod url;

pub use origin::Origin;

use alloc::{borrow::ToOwned as _, string::String, sync::Arc, vec::Vec};
use core::{mem, net::IpAddr, time::Duration};

use clawft_core::{Event, Header, HeaderValue, HttpRequest, Method, TransportError};
use clawft_types::{ToolResult, join, memory, search::contains};

use crate::{
    text::{beginning, number},
    workspace::{Fault, position},
};
use url::Url;

/// The maximum number of redirects that are followed.
const MAX_REDIRECTS: u32 = 5;

/// The maximum size of the text in a result, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// `tools.fetch`: the origins that may be reached, and limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchSettings {
    /// `allow`: the origins.
    pub allow: Vec<Origin>,
    /// `methods`, `["GET"]` by default.
    pub methods: Vec<Method>,
    /// `max_bytes`, 1,000,000 by default: the number of body bytes that are read.
    pub max_bytes: usize,
    /// `timeout_secs`, 30 by default: the time for one request with its response.
    pub timeout: Duration,
}

impl FetchSettings {
    /// Returns whether `fetch` may connect to this address of a host that is listed by its name, see
    /// [`Fetch::is_named`]. Platforms that resolve names ask for each address before they connect: a listed name may
    /// have a private address, on purpose or not. A host that an entry with `*` covers has public addresses only.
    pub fn permits_address(&self, address: IpAddr) -> bool {
        address::is_public(address) || self.allow.iter().any(|origin| origin.is_address(address))
    }

    /// Reads a URL and fails if its origin is not listed.
    fn check(&self, url: Result<Url, Fault>) -> Result<Url, Fault> {
        let url = url?;
        if self.allow.iter().any(|origin| origin.permits(&url)) {
            Ok(url)
        } else {
            Err("the origin of the URL is not one that the configuration allows")
        }
    }

    /// Returns the listed origins for messages.
    pub(crate) fn allowed(&self) -> String {
        let names: Vec<&str> = self.allow.iter().map(Origin::as_str).collect();
        names.join(", ")
    }
}

/// The arguments of `fetch`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arguments<'a> {
    pub(crate) url: &'a str,
    pub(crate) method: Method,
    pub(crate) body: Option<&'a str>,
    /// Empty for JSON.
    pub(crate) content_type: &'a str,
}

/// A fetch in progress.
#[derive(Debug)]
pub struct Fetch {
    settings: Arc<FetchSettings>,
    id: String,
    url: Url,
    method: Method,
    /// The body of the request with its type.
    sent: Option<(String, String)>,
    redirects: u32,
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

/// The next action of the platform.
#[derive(Debug)]
pub enum FetchStep {
    /// Read on and feed the next event.
    More,
    /// Drop the response, send this request to follow a redirect, and feed its response.
    Send(HttpRequest),
    /// Drop the response, if it is not complete. The call is over.
    Done(ToolResult),
}

impl Fetch {
    /// Checks a call and returns the machine with its request.
    pub(crate) fn begin(
        settings: &Arc<FetchSettings>,
        id: &str,
        arguments: Arguments<'_>,
    ) -> Result<(Fetch, HttpRequest), Fault> {
        if !settings.methods.contains(&arguments.method) {
            return Err("the configuration does not allow this method");
        }
        let url = settings.check(Url::parse(arguments.url))?;
        let mut content_type = arguments.content_type;
        if content_type.is_empty() {
            content_type = "application/json";
        }
        if content_type.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) {
            return Err("`content_type` holds a character that no header may hold");
        }
        let fetch = Fetch {
            settings: Arc::clone(settings),
            id: id.to_owned(),
            url,
            method: arguments.method,
            sent: arguments
                .body
                .map(|body| (body.to_owned(), content_type.to_owned())),
            redirects: 0,
            status: 0,
            content_type: String::new(),
            body: Vec::new(),
        };
        let request = fetch.request();
        Ok((fetch, request))
    }

    fn request(&self) -> HttpRequest {
        let mut request = HttpRequest {
            method: self.method,
            url: self.url.as_str().to_owned(),
            headers: Vec::from([header(
                "accept",
                "text/html, application/json, text/*;q=0.9, */*;q=0.1",
            )]),
            body: Vec::new(),
            timeout: self.settings.timeout,
            idle_timeout: self.settings.timeout,
            total_timeout: self.settings.timeout,
            stream: false,
            // The machine itself stops at the limit, and keeps what has arrived.
            max_response: usize::MAX,
        };
        if let Some((body, content_type)) = &self.sent {
            request.headers.push(header("content-type", content_type));
            request.body.extend_from_slice(body.as_bytes());
        }
        request
    }

    /// Returns the settings, for [`FetchSettings::permits_address`].
    pub fn settings(&self) -> &FetchSettings {
        &self.settings
    }

    /// Returns whether the origin of the current request is listed itself, and not by an entry with `*`.
    pub fn is_named(&self) -> bool {
        self.settings.allow.iter().any(|origin| origin.is_of(&self.url))
    }

    /// Takes the next event of the response.
    pub fn feed(&mut self, event: Event<'_>) -> FetchStep {
        match event {
            Event::Head { status, headers } => {
                self.status = status;
                self.content_type = value(headers, "content-type")
                    .unwrap_or_default()
                    .to_ascii_lowercase();
                self.body.clear();
                let location = value(headers, "location");
                if let (301 | 302 | 303 | 307 | 308, Some(location)) = (status, location) {
                    return self.follow(location);
                }
                let is_plain = |coding: &str| coding.is_empty() || coding.eq_ignore_ascii_case("identity");
                if value(headers, "content-encoding").is_some_and(|coding| !is_plain(coding)) {
                    return self.fail("the body is encoded, which was not requested");
                }
                FetchStep::More
            }
            Event::Body(bytes) => self.take(bytes),
            Event::End => self.finish(false),
            Event::Failed(TransportError::TimedOut { after, .. }) => {
                let seconds = number(after.as_secs());
                self.fail(&join!(
                    "it took longer than ",
                    &seconds,
                    " s (`timeout_secs` of `tools.fetch`)"
                ))
            }
            Event::Failed(error) => self.fail(&error.message()),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> FetchStep {
        let room = self.settings.max_bytes - self.body.len();
        let part = bytes.get(..room).unwrap_or(bytes);
        if let Err(error) = memory::append(&mut self.body, part) {
            return self.fail(&error.message());
        }
        if bytes.len() > room {
            self.finish(true)
        } else {
            FetchStep::More
        }
    }

    /// Returns the request to the target of a redirect, which has to be listed as well.
    fn follow(&mut self, location: &str) -> FetchStep {
        self.redirects += 1;
        if self.redirects > MAX_REDIRECTS {
            return self.fail("there are too many redirects");
        }
        match self.settings.check(self.url.join(location)) {
            Ok(url) => self.url = url,
            Err(cause) => return self.fail(&join!("the server redirects to another place: ", cause)),
        }
        // As browsers do: all but 307 and 308 turn into GET.
        if !matches!(self.status, 307 | 308) {
            self.method = Method::Get;
            self.sent = None;
        }
        FetchStep::Send(self.request())
    }

    fn fail(&mut self, cause: &str) -> FetchStep {
        self.done(join!("cannot fetch `", self.url.as_str(), "`: ", cause), true)
    }

    fn done(&mut self, content: String, is_error: bool) -> FetchStep {
        FetchStep::Done(ToolResult {
            id: mem::take(&mut self.id),
            content,
            is_error,
        })
    }

    /// Makes the result; `is_cut` if the body is longer.
    fn finish(&mut self, is_cut: bool) -> FetchStep {
        let body = mem::take(&mut self.body);
        let is_error = !(200..300).contains(&self.status);
        let mut content = String::new();
        if is_error {
            content = join!("the server answered with status ", &number(self.status), "\n");
        }
        if self.redirects > 0 {
            content.push_str(&["[from ", self.url.as_str(), "]\n"].concat());
        }
        match self.text(&body, is_cut) {
            Some((text, lost)) => {
                let shown = beginning(&text, MAX_TEXT);
                content.push_str(shown);
                if is_cut || shown.len() < text.len() {
                    content.push_str("\n[the rest was cut off]");
                }
                if let Some(encoding) = lost {
                    content.push_str(&join!(
                        "\n[characters are lost: the encoding ",
                        &encoding,
                        " is not supported]"
                    ));
                }
            }
            None => {
                let kind = if self.content_type.is_empty() {
                    "of an unknown type"
                } else {
                    &self.content_type
                };
                let size = number(body.len());
                let more = if is_cut { "more than " } else { "" };
                content.push_str(&join!("a binary body, ", kind, ", ", more, &size, " bytes"));
            }
        }
        self.done(content, is_error)
    }

    /// Returns the body as text, HTML reduced, and its encoding if characters are lost; `None` if it is binary.
    fn text(&self, body: &[u8], is_cut: bool) -> Option<(String, Option<String>)> {
        let end = position(&self.content_type, b';');
        let media_type = self.content_type.get(..end).unwrap_or_default().trim_ascii();
        let is_html = matches!(media_type, "text/html" | "application/xhtml+xml")
            || (media_type.is_empty() && body.trim_ascii_start().starts_with(b"<"));
        let is_text = is_html || media_type.starts_with("text/") || contains(&self.content_type, "charset=");
        if body.contains(&0) || (!is_text && is_binary(body)) {
            return None;
        }
        let label = charset::label(&self.content_type, if is_html { body } else { b"" });
        let (text, is_lossy) = charset::decode(body, &label, is_cut);
        #[cfg(feature = "html")]
        let text = if is_html { html::to_text(&text) } else { text };
        Some((text, is_lossy.then_some(label)))
    }
}

/// Returns whether the bytes are no UTF-8, but for an incomplete character at the end.
fn is_binary(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some())
}

fn header(name: &'static str, value: &str) -> Header {
    Header {
        name: name.into(),
        value: HeaderValue::Plain(value.to_owned()),
    }
}

/// Returns the value of the first header of this name.
fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let found = headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim_ascii())
}
