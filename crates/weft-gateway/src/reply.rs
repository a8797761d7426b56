//! JSON responses.

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use clawft_types::json::Writer;

/// Returns a response that caches must not store, because it may contain a conversation.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Returns a response with status 200 and the object that `members` writes.
pub(super) fn object(members: impl FnOnce(&mut Writer)) -> Response {
    let mut writer = Writer::default();
    writer.object(members);
    json(StatusCode::OK, writer.into_bytes())
}

/// Returns a list in OpenAI's shape: `{"object":"list","data":[…]}`.
pub(super) fn list<T>(items: impl IntoIterator<Item = T>, item: impl FnMut(&mut Writer, T)) -> Response {
    object(|list| {
        list.text_member("object", "list");
        list.member("data", |data| data.array(items, item));
    })
}

/// Writes a member that is a string, or `null`.
pub(super) fn optional_member(object: &mut Writer, key: &str, text: Option<&str>) {
    match text {
        Some(text) => object.text_member(key, text),
        None => object.literal_member(key, "null"),
    }
}
