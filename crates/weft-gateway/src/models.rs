//! `GET /v1/models`: the configured model. A request may name other models of the same provider.

use super::api_error::ApiError;
use super::reply;
use super::routes::PathEnd;
use super::state::Shared;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use clawft_types::Config;
use clawft_types::json::Writer;

/// Lists the one model.
pub(super) async fn list(State(shared): State<Shared>) -> Response {
    reply::list([&*shared.config()], write)
}

/// Returns the model by its name.
pub(super) async fn get(State(shared): State<Shared>, PathEnd(id): PathEnd) -> Result<Response, ApiError> {
    let config = shared.config();
    if config.agents.model != id {
        let message = "this is not the model in the gateway's configuration";
        return Err(ApiError::new(StatusCode::NOT_FOUND, "model_not_found", message).at("model"));
    }
    let mut writer = Writer::default();
    write(&mut writer, &config);
    Ok(reply::json(StatusCode::OK, writer.into_bytes()))
}

fn write(writer: &mut Writer, config: &Config) {
    writer.object(|model| {
        model.text_member("id", &config.agents.model);
        model.text_member("object", "model");
        // The time is not known, but the field is not optional.
        model.literal_member("created", "0");
        model.text_member("owned_by", &config.provider.name);
    });
}
