//! The page at `/`, and the scripts and styles that it loads, which are compressed in the program.

use std::sync::LazyLock;

use axum::{
    body::{Body, Bytes},
    extract::Path,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::api_error::ApiError;

include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// A file that the page loads.
struct File {
    /// The path below `page/`.
    name: &'static str,
    media_type: &'static str,
    /// The compressed content.
    gzip: &'static [u8],
}

/// The scripts that are no modules of the page from its beginning: libraries that are loaded when they are needed, and
/// the script that chooses the theme.
const LATER: [&str; 3] = ["libraries/highlight.js", "libraries/math.js", "theme.js"];

/// The content security policy: only the gateway's own scripts and styles run and apply, and they can only connect to
/// the gateway. With trusted types no script can make markup from text. Pictures are those that a user adds.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data: blob:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

static PAGE: LazyLock<Page> = LazyLock::new(Page::new);

struct Page {
    html: Bytes,
    /// The entity tag.
    tag: HeaderValue,
}

impl Page {
    fn new() -> Page {
        let own = FILES
            .iter()
            .filter(|file| file.name.ends_with(".js") && !LATER.contains(&file.name));
        // Browsers fetch all modules at once, instead of each when they have read the one that imports it.
        let preload: String = own
            .map(|file| {
                format!(
                    "<link rel=\"modulepreload\" href=\"page/VERSION/{}\">\n",
                    file.name
                )
            })
            .collect();
        let html = include_str!("page/page.html")
            .replace("<!-- modules -->\n", &preload)
            .replace("VERSION", VERSION);
        let digest = BASE64_STANDARD.encode(Sha256::digest(html.as_bytes()));
        Page {
            // It is ASCII, and tests check that it is not empty.
            tag: HeaderValue::from_str(&["\"", &digest, "\""].concat())
                .unwrap_or(HeaderValue::from_static("")),
            html: html.into(),
        }
    }
}

/// `GET /`: the page, or 304 if the browser has it.
pub(super) async fn page(headers: HeaderMap) -> Response {
    let page = &*PAGE;
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|tags| lists(tags, &page.tag));
    let (status, body) = match known {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, Body::from(page.html.clone())),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, page.tag.clone());
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // Browsers ask each time, and get the page again after an update only.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    set(headers, &fixed);
    if !known {
        set(headers, &[(header::CONTENT_TYPE, "text/html; charset=utf-8")]);
    }
    response
}

/// `GET /page/{version}/{name}`: a file that the page loads. It is compressed for every client: they are browsers.
pub(super) async fn file(Path((version, name)): Path<(String, String)>) -> Result<Response, ApiError> {
    let file = FILES
        .iter()
        .find(|file| version == VERSION && file.name == name)
        .ok_or_else(|| ApiError::not_found("the page has no such file"))?;
    let mut response = Response::new(Body::from(file.gzip));
    let fixed = [
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_ENCODING, "gzip"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    set(response.headers_mut(), &fixed);
    Ok(response)
}

fn set(headers: &mut HeaderMap, values: &[(HeaderName, &'static str)]) {
    for (name, value) in values {
        headers.insert(name.clone(), HeaderValue::from_static(value));
    }
}

/// Returns whether a list of entity tags contains `tag`. A proxy that compresses marks it as weak.
fn lists(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',');
    tags.map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|known| known == tag)
}

#[cfg(test)]
mod tests;
