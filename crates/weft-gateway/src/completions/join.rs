//! `/v1/sessions/{id}/answer`: the answer that is being made in a session.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Request, State},
    response::Response,
};
use clawft_types::json::{self, Node};
use futures_util::stream;
use tokio::time::timeout;

use super::{
    events::{event, response},
    shape::{Delta, Shape},
};
use crate::{
    api_error::ApiError,
    keys::Client,
    live_answers::{Follower, LiveAnswer, Part},
    path_end::PathEnd,
    proxy::{COMMENT, COMMENTS, Incoming},
    reply,
    server::RequestActivity,
    session_id,
    state::Shared,
};

/// `GET`: the answer from its beginning, as a stream of chunks. At its end the session has it, or the reason is there.
///
/// # Errors
/// 404 if no answer is being made.
pub(crate) async fn join(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    activity: Option<Extension<RequestActivity>>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let follower = find(&shared, &client, &id)?.follow();
    if let Some(Extension(activity)) = activity {
        activity.work();
    }
    let shape = Shape::new(&shared.config().agents.model);
    let chunks = stream::unfold(Some((follower, shape)), |state| async {
        let (mut follower, shape) = state?;
        let (bytes, ended) = next(&mut follower, &shape).await;
        Some((Ok::<_, Infallible>(bytes), (!ended).then_some((follower, shape))))
    });
    Ok(response(Body::from_stream(chunks)))
}

/// Returns the next event, or a comment if there is none for long, and whether it is the last one.
async fn next(follower: &mut Follower, shape: &Shape) -> (Bytes, bool) {
    let mut out = Vec::new();
    let Ok(part) = timeout(COMMENTS, follower.next()).await else {
        return (Bytes::from_static(COMMENT), false);
    };
    match &part {
        Some(Part::Text(text)) => event(&mut out, &shape.chunk(&Delta::Text(text), false, None)),
        Some(Part::Reasoning(text)) => event(&mut out, &shape.chunk(&Delta::Reasoning(text), false, None)),
        Some(Part::Event(json)) => event(&mut out, &shape.event_chunk(json)),
        None => event(&mut out, b"[DONE]"),
    }
    (out.into(), part.is_none())
}

/// `DELETE`: stops the answer. The part that has arrived is stored.
///
/// # Errors
/// 404 if no answer is being made.
pub(crate) async fn stop(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    find(&shared, &client, &id)?.stop();
    Ok(reply::object(|body| {
        body.text_member("id", &id);
        body.text_member("object", "session.answer");
        body.literal_member("stopped", "true");
    }))
}

/// `POST`: answers a question about a call of a tool, `{"question":"…","allow":true}`.
///
/// # Errors
/// 400 for another body, 404 if the question does not wait for an answer.
pub(crate) async fn decide(
    State(shared): State<Shared>,
    PathEnd(id): PathEnd,
    request: Request,
) -> Result<Response, ApiError> {
    let incoming = Incoming::read(&shared, request).await?;
    let tree = json::parse(&incoming.body)?;
    let root = Node::root(&tree);
    let question = root.require("question")?.text()?;
    let allows = root.require("allow")?.flag()?;
    if !find(&shared, &incoming.client(), &id)?.decide(question, allows) {
        return Err(ApiError::not_found("no such question waits for an answer"));
    }
    Ok(reply::object(|body| {
        body.text_member("id", question);
        body.text_member("object", "session.decision");
        body.literal_member("allow", if allows { "true" } else { "false" });
    }))
}

fn find(shared: &Shared, client: &Client, id: &str) -> Result<Arc<LiveAnswer>, ApiError> {
    let id = session_id::parse(id)?;
    let live = client.tenant(&shared.owner).live.find(&id);
    live.ok_or_else(|| ApiError::not_found("no answer is being made in this session"))
}
