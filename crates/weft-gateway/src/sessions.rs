//! `/v1/sessions`: the conversations that are kept.

use super::api_error::ApiError;
use super::routes::PathEnd;
use super::state::Shared;
use super::{log, reply, time};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use clawft_store::Sessions;
use clawft_types::json::Writer;
use clawft_types::{Message, Role, Session, SessionId};
use std::cmp::Reverse;
use std::time::SystemTime;
use weft_agent::Error;

/// The header that names the session that a request continues.
pub(super) const HEADER: &str = "x-clawft-session";

/// How many sessions are listed, the newest ones.
const LISTED: usize = 100;

/// How many characters of its first message a session is called by.
const TITLE: usize = 80;

/// The session that a request names, if it does.
///
/// # Errors
/// 400 if that is no session id.
pub(super) fn named(headers: &HeaderMap) -> Result<Option<SessionId>, ApiError> {
    let Some(value) = headers.get(HEADER) else { return Ok(None) };
    parse(value.to_str().unwrap_or_default()).map(Some)
}

fn parse(id: &str) -> Result<SessionId, ApiError> {
    id.parse().map_err(|error| ApiError::invalid(format!("{error}")))
}

/// `GET /v1/sessions`: the newest ones first, each with its time and the beginning of its first message.
pub(super) async fn list(State(shared): State<Shared>) -> Result<Response, ApiError> {
    let summaries = blocking(&shared, summaries).await?;
    Ok(reply::list(summaries, |writer, summary| summary.write(writer)))
}

/// `GET /v1/sessions/{id}`: the whole conversation.
pub(super) async fn get(State(shared): State<Shared>, PathEnd(id): PathEnd) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let session = blocking(&shared, move |store| Ok(store.read(&id)?)).await?;
    let session = session.ok_or_else(no_such)?;
    Ok(reply::object(|body| {
        body.text_member("id", session.id.as_str());
        body.text_member("object", "session");
        body.member("messages", |list| list.array(&session.messages, write_message));
    }))
}

/// `DELETE /v1/sessions/{id}`: removes the session, and keeps the turns that are being made in it from being stored.
pub(super) async fn remove(State(shared): State<Shared>, PathEnd(id): PathEnd) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    // In a task of its own: half of it is not done because a client goes away.
    let deleting = tokio::spawn(delete(shared, id.clone()));
    if !deleting.await.map_err(|_| ApiError::internal("the session could not be deleted"))?? {
        return Err(no_such());
    }
    Ok(reply::object(|body| {
        body.text_member("id", id.as_str());
        body.text_member("object", "session.deleted");
        body.literal_member("deleted", "true");
    }))
}

/// Deletes a session. Returns whether there was anything of it.
async fn delete(shared: Shared, id: SessionId) -> Result<bool, ApiError> {
    let deletion = shared.running.delete(&id).await;
    let removed = blocking(&shared, move |store| Ok(store.remove(&id)?)).await?;
    // Those that began while the file was being removed may have read it.
    Ok(deletion.mark() || removed)
}

fn no_such() -> ApiError {
    ApiError::not_found("there is no session of this id")
}

/// What is told of a session in the list.
struct Summary {
    id: SessionId,
    title: String,
    messages: usize,
    updated: SystemTime,
}

impl Summary {
    fn new(session: &Session, updated: SystemTime) -> Summary {
        let first = session.messages.iter().find(|message| message.role == Role::User);
        let title = first.map_or("", |message| message.content.trim()).lines().next().unwrap_or_default();
        let title = title.chars().take(TITLE).collect();
        Summary { id: session.id.clone(), title, messages: session.messages.len(), updated }
    }

    fn write(&self, writer: &mut Writer) {
        writer.object(|session| {
            session.text_member("id", self.id.as_str());
            session.text_member("object", "session");
            session.text_member("title", &self.title);
            session.literal_member("messages", &self.messages.to_string());
            session.literal_member("updated", &time::unix(self.updated).to_string());
        });
    }
}

/// The newest sessions. One that cannot be read is passed over: the others are still worth showing.
fn summaries(store: &Sessions) -> Result<Vec<Summary>, Error> {
    let mut ids: Vec<_> = store.list()?.into_iter().map(|id| (updated(store, &id), id)).collect();
    ids.sort_by_key(|(updated, _)| Reverse(*updated));
    ids.truncate(LISTED);
    let summary = |(updated, id): (SystemTime, SessionId)| {
        let session = store.read(&id).ok()??;
        Some(Summary::new(&session, updated))
    };
    Ok(ids.into_iter().filter_map(summary).collect())
}

fn updated(store: &Sessions, id: &SessionId) -> SystemTime {
    let path = store.path(id).ok();
    let time = path.and_then(|path| std::fs::metadata(path).ok()?.modified().ok());
    time.unwrap_or(SystemTime::UNIX_EPOCH)
}

fn write_message(writer: &mut Writer, message: &Message) {
    writer.object(|object| {
        object.text_member("role", message.role.as_str());
        object.text_member("content", &message.content);
        if message.incomplete {
            object.literal_member("incomplete", "true");
        }
    });
}

/// Does what blocks apart from what must not be kept waiting. What goes wrong has paths in it and is for the log.
async fn blocking<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce(&Sessions) -> Result<T, Error> + Send + 'static,
) -> Result<T, ApiError> {
    let (store, files) = (shared.agent.store().clone(), shared.work.files().await);
    let done = tokio::task::spawn_blocking(move || {
        let done = work(&store);
        drop(files);
        done
    });
    let done = done.await;
    done.map_err(|_| ApiError::internal("the session could not be used"))?.map_err(|error| {
        log::warn(&error.to_string());
        ApiError::internal("the session could not be used, the gateway's log says why")
    })
}
