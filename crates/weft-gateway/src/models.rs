//! `GET /v1/models`: the configured models, the agent, and the models that the providers say they offer.

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
};
use clawft_api::{Dialect, Model, Models};
use clawft_types::json::Writer;

use super::{
    api_error::{ApiError, anthropics_shape},
    keys::Client,
    path_end::PathEnd,
    reply,
    state::Shared,
};

/// The name of the agent, where clients name a model.
pub(super) const AGENT: &str = "clawft";

/// The owner of the agent.
const OWNER: &str = "clawft";

/// The header that only clients of Anthropic send.
pub(super) const ANTHROPIC: &str = "anthropic-version";

/// Lists the models, in the shape that the client knows.
pub(super) async fn list(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Response {
    let models = known(&shared, &client).await;
    if !headers.contains_key(ANTHROPIC) {
        return reply::list(models, |writer, (id, owner)| write(writer, &id, &owner));
    }
    let models = Models(models.into_iter().map(described).collect());
    reply::json(StatusCode::OK, models.write(Dialect::Messages))
}

/// Returns the description of a model by its name and owner.
fn described((id, owned_by): (String, String)) -> Model {
    Model {
        id,
        created: 0,
        owned_by,
        display_name: None,
        extra: Vec::new(),
    }
}

/// Returns the names of the models that the client may use, and of their owners.
async fn known(shared: &Shared, client: &Client) -> Vec<(String, String)> {
    let mut models = shared.routing().offered(&shared.discovery).await;
    models.insert(1.min(models.len()), (AGENT.to_owned(), OWNER.to_owned()));
    let routing = shared.routing();
    let allows = |name: &str| client.may_use(name);
    models.retain(|(name, _)| client.may_use(name) || name != AGENT && routing.allows(name, &allows));
    models
}

/// Returns the model by its name, in the shape that the client knows.
pub(super) async fn get(
    State(shared): State<Shared>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    PathEnd(id): PathEnd,
) -> Result<Response, ApiError> {
    let models = known(&shared, &client).await;
    let routing = shared.routing();
    let listed = routing.listed(&id).unwrap_or(&id);
    let Some((_, owner)) = models
        .into_iter()
        .find(|(known, _)| *known == id || known == listed)
    else {
        let message = "this is not one of the models that `/v1/models` lists";
        let error = ApiError::new(StatusCode::NOT_FOUND, "model_not_found", message).at("model");
        if headers.contains_key(ANTHROPIC) {
            return Ok(anthropics_shape(error.into_response()));
        }
        return Err(error);
    };
    let mut writer = Writer::default();
    if headers.contains_key(ANTHROPIC) {
        described((id, owner)).write(Dialect::Messages, &mut writer);
    } else {
        write(&mut writer, &id, &owner);
    }
    Ok(reply::json(StatusCode::OK, writer.into_bytes()))
}

fn write(writer: &mut Writer, id: &str, owner: &str) {
    writer.object(|model| {
        model.text_member("id", id);
        model.text_member("object", "model");
        // The time is not known, but the field is not optional.
        model.literal_member("created", "0");
        model.text_member("owned_by", owner);
    });
}
