//! `PATCH /v1/sessions/{id}`: gives a session a title, or removes its last messages.

use axum::{
    extract::{Request, State},
    response::Response,
};
use clawft_types::json::{self, Node};

use super::{failed, no_such, refuse_while_answering};
use crate::{
    api_error::ApiError, path_end::PathEnd, proxy::Incoming, reply, session_id::parse, state::Shared,
};

/// The changes of a request.
#[derive(Debug, PartialEq, Eq)]
struct Changes {
    /// The new title; an empty one gives the session its first title again.
    title: Option<String>,
    /// The number of messages that stay.
    messages: Option<usize>,
}

/// Changes a session.
///
/// # Errors
/// 400 for other members, 404 without such a session, 409 while an answer is being made.
pub(crate) async fn change(
    State(shared): State<Shared>,
    PathEnd(id): PathEnd,
    request: Request,
) -> Result<Response, ApiError> {
    let id = parse(&id)?;
    let incoming = Incoming::read(&shared, request).await?;
    let changes = Changes::parse(&incoming.body)?;
    let tenant = incoming.client().tenant(&shared.owner);
    if changes.messages.is_some() {
        refuse_while_answering(&tenant, &id)?;
    }
    let changed = tenant.store.change(&id, changes.title, changes.messages).await;
    if !changed.map_err(|error| failed(&error))? {
        return Err(no_such());
    }
    Ok(reply::object(|body| {
        body.text_member("id", id.as_str());
        body.text_member("object", "session");
    }))
}

impl Changes {
    fn parse(body: &[u8]) -> Result<Changes, ApiError> {
        let tree = json::parse(body)?;
        let root = Node::root(&tree);
        if let Some(key) = root
            .keys()?
            .into_iter()
            .find(|key| !matches!(*key, "title" | "messages"))
        {
            let message = format!("{key}: a session has no such member to change");
            return Err(ApiError::invalid(message).at(key));
        }
        let title = root.get("title").map(|title| title.text()).transpose()?;
        let messages = root.get("messages").map(|count| count.whole()).transpose()?;
        Ok(Changes {
            title: title.map(str::to_owned),
            messages: messages.map(|count| usize::try_from(count).unwrap_or(usize::MAX)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_changes_and_refuses_others() {
        let parse = |body: &str| Changes::parse(body.as_bytes()).map_err(|error| error.param);
        let changes = |title: Option<&str>, messages| Changes {
            title: title.map(str::to_owned),
            messages,
        };
        assert_eq!(parse(r#"{"title":"a"}"#), Ok(changes(Some("a"), None)));
        assert_eq!(parse(r#"{"messages":2}"#), Ok(changes(None, Some(2))));
        assert_eq!(parse(r#"{"id":"x"}"#), Err(Some("id".to_owned())));
        assert_eq!(parse(r#"{"messages":-1}"#), Err(Some("messages".to_owned())));
        assert_eq!(parse(r#"{"title":1}"#), Err(Some("title".to_owned())));
    }
}
