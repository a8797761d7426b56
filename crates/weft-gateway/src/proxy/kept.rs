//! Responses that a later request may continue, kept beside the sessions.

use crate::api_error::ApiError;
use crate::keys::Client;
use crate::log;
use crate::reply;
use crate::routes::PathEnd;
use crate::state::Shared;
use crate::tenant::Tenant;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use clawft_api::{Answer, Dialect, Options, Request};
use clawft_store::FileSystem;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::task::spawn_blocking;
use weft_agent::Error;

/// The directory in the home directory of the client.
const DIRECTORY: &str = "responses";

/// The beginning of every identifier.
pub(super) const PREFIX: &str = "resp_";

/// The number of responses that are kept. The oldest ones give way.
pub(crate) const MOST: usize = 1000;

/// The place where a response is going to be kept.
pub(super) struct Keeper {
    shared: Shared,
    tenant: Arc<Tenant>,
    id: String,
    /// The whole conversation before the response, as a request.
    request: Vec<u8>,
}

impl Keeper {
    /// Returns the keeper of the response `id` to a request; `None` if the request forbids it.
    pub(super) fn new(shared: &Shared, tenant: Arc<Tenant>, id: &str, request: &Request) -> Option<Keeper> {
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
            shared: shared.clone(),
            tenant,
            id: id.to_owned(),
            request,
        })
    }

    /// Keeps the response. Returns whether that succeeded.
    pub(super) async fn keep(&self, answer: &[u8]) -> bool {
        let content = [&self.request, b"\n".as_slice(), answer].concat();
        let (tenant, path) = (Arc::clone(&self.tenant), path(&self.id));
        let kept = blocking(&self.shared, move || {
            let fs = tenant.agent.store().fs();
            fs.write(&path, &content)?;
            make_room(fs);
            Ok(())
        });
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
    let path = path(&id);
    let read = blocking(shared, move || Ok(tenant.agent.store().fs().read(&path)?)).await;
    let content = read.map_err(|_| missing())?;
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
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let (tenant, path) = own_path(&shared, &client, &id)?;
    let read = blocking(&shared, move || Ok(tenant.agent.store().fs().read(&path)?)).await;
    let mut content = read.map_err(|_| unknown(&id))?;
    let end = memchr::memchr(b'\n', &content).ok_or_else(|| unknown(&id))?;
    Ok(reply::json(StatusCode::OK, content.split_off(end + 1)))
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
    let (tenant, path) = own_path(&shared, &client, &id)?;
    let removed = blocking(&shared, move || {
        Ok(tenant.agent.store().fs().remove_file(&path)?)
    });
    removed.await.map_err(|_| unknown(&id))?;
    Ok(reply::object(|object| {
        object.text_member("id", &id);
        object.text_member("object", "response");
        object.literal_member("deleted", "true");
    }))
}

/// Returns the path of a client's response, below the directory of the client.
fn own_path(shared: &Shared, client: &Client, id: &str) -> Result<(Arc<Tenant>, String), ApiError> {
    if !is_own(id) {
        return Err(unknown(id));
    }
    Ok((client.tenant(shared), path(id)))
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

fn path(id: &str) -> String {
    format!("{DIRECTORY}/{id}.json")
}

/// Removes the oldest responses if there are too many.
fn make_room(fs: &FileSystem) {
    let names = fs.list_dir(DIRECTORY).unwrap_or_default();
    if names.len() <= MOST {
        return;
    }
    let modified = |name: &String| {
        let path = fs.resolve(&format!("{DIRECTORY}/{name}")).ok()?;
        fs::metadata(path).and_then(|found| found.modified()).ok()
    };
    let mut dated: Vec<(Option<SystemTime>, String)> =
        names.into_iter().map(|name| (modified(&name), name)).collect();
    dated.sort();
    let excess = dated.len().saturating_sub(MOST);
    for (_, name) in dated.into_iter().take(excess) {
        // Another request may have removed it.
        let _ = fs.remove_file(&format!("{DIRECTORY}/{name}"));
    }
}

/// Runs blocking work on another thread.
async fn blocking<T: Send + 'static>(
    shared: &Shared,
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let files = shared.work.files().await;
    let done = spawn_blocking(move || {
        let done = work();
        drop(files);
        done
    });
    done.await
        .map_err(|_| Error::other("a response could not be kept"))?
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
