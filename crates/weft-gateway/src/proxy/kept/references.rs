//! Items of kept responses that a request names instead of repeating them, as the Vercel AI SDK does.

use std::collections::{HashMap, HashSet};

use axum::{body::Bytes, http::StatusCode};
use clawft_api::{item_references, output_items, with_items};

use super::{PREFIX, failed, is_own};
use crate::{api_error::ApiError, state::Shared, tenant::Tenant, work_limits::SMALL};

/// Returns a request with the items that its `input` refers to in their places.
///
/// # Errors
/// 404 if the client has no such item, 413 if the request becomes larger than a body may be.
pub(in crate::proxy) async fn resolve(
    shared: &Shared,
    tenant: &Tenant,
    body: Bytes,
) -> Result<Bytes, ApiError> {
    // A reference has an identifier.
    if memchr::memmem::find(&body, b"\"id\"").is_none() {
        return Ok(body);
    }
    let is_small = body.len() <= SMALL;
    let searched = body.clone();
    let search = move || item_references(&searched);
    let ids = match is_small {
        true => search(),
        false => shared.work.parse(search).await?,
    }?;
    if ids.is_empty() {
        return Ok(body);
    }
    let most = shared.settings.max_body_bytes as usize;
    let items = items(shared, tenant, &ids, most.saturating_sub(body.len())).await?;
    let replaced = shared
        .work
        .parse(move || with_items(&body, &|id| items.get(id).map(String::as_str)).map(Bytes::from));
    Ok(replaced.await??)
}

/// Returns the items with these identifiers, which have `room` bytes altogether.
async fn items(
    shared: &Shared,
    tenant: &Tenant,
    ids: &[String],
    room: usize,
) -> Result<HashMap<String, String>, ApiError> {
    let wanted: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let mut items = HashMap::new();
    let mut left = room;
    for id in ids {
        if !items.contains_key(id) {
            let response = response_of(id).ok_or_else(|| missing(id))?;
            let read = tenant.store.response(&response).await;
            let content = read.map_err(|error| failed(&error))?.ok_or_else(|| missing(id))?;
            let found = shared.work.parse(move || {
                let answer = memchr::memchr(b'\n', &content).and_then(|end| content.get(end..));
                answer.and_then(|answer| output_items(answer).ok())
            });
            let found = found.await?.unwrap_or_default().into_iter();
            items.extend(found.filter(|(id, _)| wanted.contains(id.as_str())));
        }
        let length = items.get(id).ok_or_else(|| missing(id))?.len();
        left = left.checked_sub(length).ok_or_else(too_large)?;
    }
    Ok(items)
}

/// Returns the identifier of the response that an item belongs to, which is part of its own: `msg_…_0`.
fn response_of(item: &str) -> Option<String> {
    let (_, rest) = item.split_once('_')?;
    let (digits, _) = rest.rsplit_once('_')?;
    Some([PREFIX, digits].concat()).filter(|id| is_own(id))
}

fn missing(id: &str) -> ApiError {
    let id: String = id.chars().take(100).collect();
    let message = format!(
        "input: there is no item `{id}`: its response was not kept, or was deleted, send the item itself"
    );
    ApiError::new(StatusCode::NOT_FOUND, "item_not_found", message).at("input")
}

fn too_large() -> ApiError {
    let message = "input: with the items that it refers to, the request is larger than `max_body_bytes`";
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", message).at("input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_names_its_response() {
        let digits = "0123456789abcdef01234567";
        for kind in ["msg", "rs", "fc", "ctc"] {
            let id = format!("{kind}_{digits}_12");
            assert_eq!(response_of(&id), Some(format!("resp_{digits}")), "{id}");
        }
        for id in [
            "",
            "msg",
            "msg_1",
            "msg_../../x_0",
            "item_1",
            &format!("msg_{digits}"),
        ] {
            assert_eq!(response_of(id), None, "{id}");
        }
    }
}
