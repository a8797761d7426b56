//! `GET /v1/models`: the configured model, and the agent. A request may name other models of the same provider.

use super::api_error::ApiError;
use super::completions::AGENT;
use super::reply;
use super::routes::PathEnd;
use super::state::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use clawft_types::Config;
use clawft_types::json::Writer;

/// The owner of the agent.
const OWNER: &str = "clawft";

/// Lists the models.
pub(super) async fn list(State(shared): State<Shared>) -> Response {
    reply::list(known(&shared.config()), |writer, (id, owner)| {
        write(writer, id, owner)
    })
}

/// Returns the names of the models and of their owners.
fn known(config: &Config) -> [(&str, &str); 2] {
    [(&config.agents.model, &config.provider.name), (AGENT, OWNER)]
}

/// Returns the model by its name.
pub(super) async fn get(State(shared): State<Shared>, PathEnd(id): PathEnd) -> Result<Response, ApiError> {
    let config = shared.config();
    let Some((id, owner)) = known(&config).into_iter().find(|(known, _)| *known == id) else {
        let message = "this is not the model in the gateway's configuration";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "model_not_found", message).at("model"));
    };
    let mut writer = Writer::default();
    write(&mut writer, id, owner);
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
