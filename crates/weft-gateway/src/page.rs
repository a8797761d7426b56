//! The page at `/`: one file that contains its style and script, assembled from the files in `page/`.

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("page/style.css");

/// The scripts in the order in which they have to run.
const SCRIPT: &str = concat!(
    include_str!("page/elements.js"),
    include_str!("page/markdown.js"),
    include_str!("page/api.js"),
    include_str!("page/sessions.js"),
    include_str!("page/app.js"),
);

static PAGE: LazyLock<Page> = LazyLock::new(|| Page::new(STYLE, SCRIPT));

struct Page {
    html: Bytes,
    /// The content security policy.
    policy: HeaderValue,
    /// The entity tag.
    tag: HeaderValue,
}

impl Page {
    fn new(style: &str, script: &str) -> Page {
        let html = include_str!("page/page.html")
            .replace("<style></style>", &["<style>", style, "</style>"].concat())
            .replace("<script></script>", &["<script>", script, "</script>"].concat());
        // Both are ASCII. An empty value would keep browsers from running the page, and tests check that.
        let value = |text: &str| HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""));
        let tag = value(&["\"", &digest(&html), "\""].concat());
        Page {
            policy: value(&policy(style, script)),
            tag,
            html: html.into(),
        }
    }
}

/// Returns the content security policy: only the page's own script and style, given by their digests, run and
/// apply, and they can only connect to the gateway. With trusted types the script cannot make markup from
/// text.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        digest(script),
        digest(style),
    )
}

fn digest(text: &str) -> String {
    BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()))
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
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    headers.insert(header::ETAG, page.tag.clone());
    // Browsers ask each time, and get the page again after an update only.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !known {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        );
    }
    response
}

/// Returns whether a list of entity tags contains `tag`. A proxy that compresses marks it as weak.
fn lists(tags: &HeaderValue, tag: &HeaderValue) -> bool {
    let tags = tags.to_str().unwrap_or_default().split(',');
    tags.map(|tag| tag.trim().trim_start_matches("W/"))
        .any(|known| known == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_names_digests_of_script_and_style() {
        // printf 'b()' | openssl dgst -sha256 -binary | base64
        let policy = policy("a{}", "b()");
        assert!(
            policy.contains("script-src 'sha256-cf242PFc/kb7xD0Qzhsmd9vvRkc+cWFmbi+k+YvtdKc='; "),
            "{policy}"
        );
        assert!(
            policy.contains("style-src 'sha256-X1RutGBrXCt9KkSaXMK7tHftWiRscFHOhxsS8tv8hBk='; "),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn page_is_complete_and_keeps_its_policy() {
        let html = str::from_utf8(&PAGE.html).unwrap();
        for part in [STYLE, SCRIPT] {
            assert_eq!(html.matches(part).count(), 1);
        }
        for tag in ["<script", "<style"] {
            assert_eq!(html.matches(tag).count(), 1, "{tag}");
        }
        let forbidden = [
            " style=",
            " onclick=",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
            "http://",
            "\r",
        ];
        for forbidden in forbidden {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(!PAGE.policy.is_empty() && PAGE.tag.len() > 40);
    }

    #[tokio::test]
    async fn known_page_is_not_sent_again() {
        let first = page(HeaderMap::new()).await;
        assert_eq!(first.status(), 200);
        let tag = first.headers()["etag"].clone();
        let with = |tags: &str| {
            let tags = HeaderValue::from_str(tags).unwrap();
            page(HeaderMap::from_iter([(header::IF_NONE_MATCH, tags)]))
        };
        let tag = tag.to_str().unwrap();
        assert_eq!(with(tag).await.status(), 304);
        assert_eq!(with(&format!("\"x\", W/{tag}")).await.status(), 304);
        assert_eq!(with("\"x\"").await.status(), 200);
    }
}
