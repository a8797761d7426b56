//! `/v1/sessions`: the stored conversations.

mod change;

pub(super) use change::change;

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, Uri},
    response::Response,
};

use clawft_types::{Message, Session, SessionId, ToolCall, image::Image, json::Writer};
use weft_agent::Error;

use super::{
    api_error::ApiError, failure, keys::Client, path_end::PathEnd, reply, search::Search, session_id::parse,
    state::Shared, tenant::Tenant,
};

/// `GET /v1/sessions`: the newest first, each with its time and the beginning of its first message. With `?search=…`
/// those that hold all words, each with an excerpt.
pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    uri: Uri,
) -> Result<Response, ApiError> {
    let tenant = client.tenant(&shared.owner);
    let summaries = match searched(&uri)? {
        Some(search) => tenant.store.search(&search).await,
        None => tenant.store.list().await,
    };
    let summaries = summaries.map_err(|error| failed(&error))?;
    Ok(reply::list(summaries, |writer, summary| summary.write(writer)))
}

/// Returns the words of a request's query.
///
/// # Errors
/// 400 for too many.
fn searched(uri: &Uri) -> Result<Option<Search>, ApiError> {
    let mut members = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let Some((_, words)) = members.find(|(name, _)| name == "search") else {
        return Ok(None);
    };
    Search::parse(&words).map_err(|message| ApiError::invalid(message).at("search"))
}

/// `GET /v1/sessions/{id}`: the whole conversation.
pub(super) async fn get(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let tenant = client.tenant(&shared.owner);
    // Before the store is read: an answer that ends meanwhile is in one of the two.
    let live = tenant.live.find(&id);
    let stored = tenant.store.read(&id).await.map_err(|error| failed(&error))?;
    let session = match (stored, &live) {
        (Some(session), _) => session,
        (None, Some(_)) => Session::new(id),
        (None, None) => return Err(no_such()),
    };
    Ok(reply::object(|body| {
        body.text_member("id", session.id.as_str());
        body.text_member("object", "session");
        body.member("messages", |list| list.array(&session.messages, write_message));
        if let Some(live) = live {
            body.member("running", |running| {
                running.object(|running| running.text_member("content", &live.question));
            });
        }
    }))
}

/// `DELETE /v1/sessions/{id}`: removes the session, and prevents running turns of it from being stored.
pub(super) async fn remove(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let tenant = client.tenant(&shared.owner);
    // In a task of its own, so that it completes even if the client disconnects.
    let deleting = tokio::spawn(delete(tenant, id.clone()));
    if !deleting
        .await
        .map_err(|_| ApiError::internal("the session could not be deleted"))??
    {
        return Err(no_such());
    }
    Ok(reply::object(|body| {
        body.text_member("id", id.as_str());
        body.text_member("object", "session.deleted");
        body.literal_member("deleted", "true");
    }))
}

/// Deletes a session. Returns whether there was a session or a running turn of it.
async fn delete(tenant: Arc<Tenant>, id: SessionId) -> Result<bool, ApiError> {
    let deletion = tenant.running.delete(&id).await;
    let removed = tenant.store.remove(&id).await.map_err(|error| failed(&error))?;
    // Turns that began while it was being removed may have read it.
    Ok(deletion.mark() || removed)
}

/// Refuses a request that removes messages while an answer is being made.
///
/// # Errors
/// 409 in that case.
pub(super) fn refuse_while_answering(tenant: &Tenant, id: &SessionId) -> Result<(), ApiError> {
    match tenant.live.find(id) {
        None => Ok(()),
        Some(_) => {
            let message = "an answer is being made in this session, stop it or wait for it";
            Err(ApiError::new(StatusCode::CONFLICT, "answering", message))
        }
    }
}

pub(super) fn no_such() -> ApiError {
    ApiError::not_found("there is no session of this id")
}

fn write_message(writer: &mut Writer, message: &Message) {
    writer.object(|object| {
        object.text_member("role", message.role.as_str());
        object.text_member("content", &message.content);
        if message.incomplete {
            object.literal_member("incomplete", "true");
        }
        if let Some(reason) = &message.finish_reason {
            object.text_member("finish_reason", reason);
        }
        if !message.images.is_empty() {
            object.member("images", |list| list.array(&message.images, write_image));
        }
        let reasoning: String = message
            .reasoning
            .iter()
            .map(|block| block.text.as_str())
            .collect();
        if !reasoning.is_empty() {
            object.text_member("reasoning", &reasoning);
        }
        if !message.calls.is_empty() {
            object.member("tool_calls", |list| list.array(&message.calls, write_call));
        }
        if let Some(answered) = &message.answered {
            object.text_member("tool_call_id", &answered.id);
            if answered.is_error {
                object.literal_member("is_error", "true");
            }
        }
    });
}

/// Writes the address that contains an image.
fn write_image(writer: &mut Writer, image: &Image) {
    writer.text(&["data:", &image.media_type, ";base64,", &image.data].concat());
}

fn write_call(writer: &mut Writer, call: &ToolCall) {
    writer.object(|object| {
        object.text_member("id", &call.id);
        object.text_member("name", &call.name);
        object.text_member("arguments", &call.arguments);
    });
}

pub(super) fn failed(error: &Error) -> ApiError {
    failure::of_store(error, "the session could not be used, see the gateway's log")
}
