//! Responses that a later request may continue, kept beside the sessions.

mod events;
mod input_items;
mod references;

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};
use clawft_api::{Answer, Dialect, Options, Request};
use weft_agent::Error;

use crate::{
    api_error::ApiError, failure, keys::Client, log, path_end::PathEnd, reply, state::Shared, tenant::Tenant,
};
use events::Events;
use input_items::Page;
pub(super) use references::resolve as resolve_references;

/// The beginning of every identifier.
pub(super) const PREFIX: &str = "resp_";

/// The place where a response is going to be kept.
pub(super) struct Keeper {
    tenant: Arc<Tenant>,
    id: String,
    /// The whole conversation before the response, as a request.
    request: Vec<u8>,
}

impl Keeper {
    /// Returns the keeper of the response `id` to a request; `None` if the request forbids it.
    pub(super) fn new(tenant: Arc<Tenant>, id: &str, request: &Request) -> Option<Keeper> {
        let forbidden = |field: &clawft_api::Field| field.key == "store" && field.value.as_str() == "false";
        if request.extra.iter().any(forbidden) {
            return None;
        }
        let mut request = request.write(Dialect::Responses, &Options::default()).ok()?.body;
        // The file has a line for each of the two. In JSON a line break is white space, never part of a text.
        request
            .iter_mut()
            .filter(|byte| **byte == b'\n')
            .for_each(|byte| *byte = b' ');
        Some(Keeper {
            tenant,
            id: id.to_owned(),
            request,
        })
    }

    /// Keeps the response. Returns whether that succeeded.
    pub(super) async fn keep(&self, answer: &[u8]) -> bool {
        let content = [&self.request, b"\n".as_slice(), answer].concat();
        let kept = self.tenant.store.keep_response(&self.id, content);
        kept.await
            .inspect_err(|error| log::warn(&error.to_string()))
            .is_ok()
    }
}

/// Puts the conversation of an earlier response before the request that continues it.
///
/// # Errors
/// 400 if the client has no such response.
pub(super) async fn resume(
    shared: &Shared,
    tenant: Arc<Tenant>,
    mut request: Request,
) -> Result<Request, ApiError> {
    let Some(id) = request.previous_response_id.take() else {
        return Ok(request);
    };
    let missing = || ApiError {
        code: Some("previous_response_not_found"),
        ..ApiError::invalid(format!("previous_response_id: there is no response `{id}`"))
            .at("previous_response_id")
    };
    if !is_own(&id) {
        return Err(missing());
    }
    let read = tenant.store.response(&id).await;
    let content = read.map_err(|error| failed(&error))?.ok_or_else(missing)?;
    let resumed = shared.work.parse(move || {
        let end = memchr::memchr(b'\n', &content)?;
        let (earlier, answer) = content.split_at(end);
        let earlier = Request::read(Dialect::Responses, earlier).ok()?;
        let answer = Answer::read(Dialect::Responses, answer).ok()?;
        request.continue_from(earlier.turns, &answer);
        Some(request)
    });
    resumed.await?.ok_or_else(missing)
}

/// `GET /v1/responses/ID`: a response that the gateway keeps.
///
/// # Errors
/// 404 if the client has no such response.
pub(crate) async fn get(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    uri: Uri,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let events = Events::read(&uri)?;
    let (_, answer) = read(&shared, &client, &id).await?;
    match events {
        None => Ok(reply::json(StatusCode::OK, answer)),
        Some(events) => {
            let response = shared.work.parse(move || events.respond(&answer)).await?;
            response.ok_or_else(|| unknown(&id))
        }
    }
}

/// `GET /v1/responses/ID/input_items`: the conversation before a response that the gateway keeps.
///
/// # Errors
/// 404 if the client has no such response, 400 if a parameter is wrong.
pub(crate) async fn input_items(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    uri: Uri,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let page = Page::read(&uri)?;
    let (request, _) = read(&shared, &client, &id).await?;
    let response = shared.work.parse(move || page.respond(&request)).await?;
    response.map_err(|_| unknown(&id))
}

/// `POST /v1/responses/ID/cancel`: no response is made in the background, so there is none to cancel.
///
/// # Errors
/// 400, or 404 if the client has no such response.
pub(crate) async fn cancel(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    read(&shared, &client, &id).await?;
    Err(ApiError::invalid(
        "the response is complete: the gateway makes none in the background",
    ))
}

/// Returns the request of a kept response, with the whole conversation before it, and the response.
async fn read(shared: &Shared, client: &Client, id: &str) -> Result<(Vec<u8>, Vec<u8>), ApiError> {
    check_own(id)?;
    let read = client.tenant(&shared.owner).store.response(id).await;
    let mut content = read.map_err(|error| failed(&error))?.ok_or_else(|| unknown(id))?;
    let end = memchr::memchr(b'\n', &content).ok_or_else(|| unknown(id))?;
    let answer = content.split_off(end + 1);
    Ok((content, answer))
}

/// `DELETE /v1/responses/ID`
///
/// # Errors
/// 404 if the client has no such response.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    check_own(&id)?;
    let removed = client.tenant(&shared.owner).store.remove_response(&id).await;
    if !removed.map_err(|error| failed(&error))? {
        return Err(unknown(&id));
    }
    Ok(reply::object(|object| {
        object.text_member("id", &id);
        object.text_member("object", "response");
        object.literal_member("deleted", "true");
    }))
}

fn check_own(id: &str) -> Result<(), ApiError> {
    if is_own(id) { Ok(()) } else { Err(unknown(id)) }
}

fn unknown(id: &str) -> ApiError {
    let message = format!("there is no response `{id}`: it was not kept, or was deleted");
    ApiError::new(StatusCode::NOT_FOUND, "response_not_found", message)
}

/// Returns whether an identifier is one that the gateway makes: it becomes the name of a file.
fn is_own(id: &str) -> bool {
    let digits = id.strip_prefix(PREFIX).unwrap_or_default();
    digits.len() == 24 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn failed(error: &Error) -> ApiError {
    failure::of_store(error, "the response could not be read, see the gateway's log")
}

/// Returns the response that a stream has ended with; `None` if `events` do not end it, or end it with an
/// error.
pub(super) fn complete(answer: &Answer, events: &[u8], context: &clawft_api::Context) -> Option<Vec<u8>> {
    let ends = [
        b"event: response.completed\n".as_slice(),
        b"event: response.incomplete\n",
    ];
    let complete = ends.iter().any(|end| memchr::memmem::find(events, end).is_some());
    let written = complete.then(|| answer.write(Dialect::Responses, context).ok());
    written.flatten().map(|written| written.body)
}
