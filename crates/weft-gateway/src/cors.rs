//! Pages of other origins that may send requests.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use clawft_types::json::{JsonError, Node};

use super::state::Shared;

/// The value that stands for every origin.
const ANY: &str = "*";

/// The methods that pages may use.
const METHODS: &str = "GET, POST, PATCH, DELETE, OPTIONS";

/// The time for which browsers may keep the answer to a preflight request, in seconds.
const MAX_AGE: &str = "600";

/// The origins that may send requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// Reads a list of origins, such as `https://app.example`, or `*`.
    pub(super) fn read(node: Node<'_>) -> Result<Origins, JsonError> {
        let origins = node.items()?.map(origin);
        origins.collect::<Result<_, _>>().map(Origins)
    }

    /// Returns whether a page of `origin` may send requests.
    fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == ANY) || self.names(origin)
    }

    /// Returns whether `origin` is in the list by its own name. Without a token, `*` is not enough: every page
    /// could use the gateway.
    pub(super) fn names(&self, origin: &str) -> bool {
        self.0.iter().any(|known| known == origin)
    }
}

fn origin(node: Node<'_>) -> Result<String, JsonError> {
    let text = node.text()?;
    let rest = text.strip_prefix("https://").or(text.strip_prefix("http://"));
    let host =
        |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'/');
    if text == ANY || rest.is_some_and(host) {
        return Ok(text.to_owned());
    }
    Err(node.error("expected an origin, such as `https://app.example`, or `*`"))
}

/// Answers preflight requests of allowed origins, and adds the headers that let their pages read answers.
pub(super) async fn allow(shared: &Shared, request: Request, next: Next) -> Response {
    let origins = &shared.settings.cors_origins;
    let origin = request.headers().get(header::ORIGIN).cloned();
    let allowed = origin.filter(|origin| origin.to_str().is_ok_and(|origin| origins.allow(origin)));
    let Some(origin) = allowed else {
        return next.run(request).await;
    };
    let asks = request
        .headers()
        .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if request.method() == Method::OPTIONS && asks {
        preflight(request.headers())
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("*"),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    response
}

fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static(METHODS),
    );
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    if let Some(wanted) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    response
}
