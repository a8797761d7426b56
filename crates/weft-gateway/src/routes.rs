//! The routes, and the access control of each.

use axum::{
    Router,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use super::{
    api_error::{ApiError, anthropics_shape, in_anthropics_shape},
    completions, cors, exposition, health, models, observe, openapi, page, proxy, sessions,
    state::Shared,
};

/// The number of characters of a path that an error message shows.
const LONGEST_SHOWN: usize = 100;

/// Returns the gateway as a service.
pub(super) fn router(shared: Shared) -> Router {
    let guarded = Router::new()
        .route("/v1/chat/completions", post(completions::chat))
        .route("/v1/completions", post(proxy::completions))
        .route("/v1/embeddings", post(proxy::embeddings))
        .route("/v1/responses", post(completions::responses))
        .route(
            "/v1/responses/{id}",
            get(proxy::get_response).delete(proxy::remove_response),
        )
        .route("/v1/responses/{id}/input_items", get(proxy::input_items))
        .route("/v1/responses/{id}/cancel", post(proxy::cancel_response))
        .route("/v1/responses/input_tokens", post(proxy::input_tokens))
        .route("/v1/responses/compact", post(proxy::compact))
        .route("/v1/models", get(models::list))
        // Names of models may contain slashes.
        .route("/v1/models/{*id}", get(models::get))
        .route("/v1/sessions", get(sessions::list))
        .route(
            "/v1/sessions/{id}",
            get(sessions::get)
                .delete(sessions::remove)
                .patch(sessions::change),
        )
        .route(
            "/v1/sessions/{id}/answer",
            get(completions::join)
                .post(completions::decide)
                .delete(completions::stop),
        )
        .route("/metrics", get(exposition::get))
        .route_layer(from_fn_with_state(shared.clone(), guard));
    let anthropic = Router::new()
        .route("/v1/messages", post(completions::messages))
        .route("/v1/messages/count_tokens", post(proxy::count_tokens))
        .route_layer(from_fn_with_state(shared.clone(), guard))
        .route_layer(from_fn(in_anthropics_shape));
    let page = Router::new()
        .route("/", get(page::page))
        .route("/page/{version}/{*name}", get(page::file))
        .route("/openapi.json", get(openapi::get))
        .route_layer(from_fn_with_state(shared.clone(), guard_origin));
    Router::new()
        .merge(guarded)
        .merge(anthropic)
        .merge(page)
        // Health checks have no token and use any host name.
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(shared.clone(), answer))
        .with_state(shared)
}

/// Answers every request. All that they have in common is one layer, because each layer copies the routes behind it for
/// each request.
async fn answer(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let observed = shared.clone();
    observe::observe(observed, request, async move |request| {
        if has_several_hosts(&request) {
            let message = "there is more than one header `Host`";
            return ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message).into_response();
        }
        cors::allow(&shared, request, next).await
    })
    .await
}

/// Returns whether a request has more than one `Host`: a proxy in front may have used the other one.
fn has_several_hosts(request: &Request) -> bool {
    request.headers().get_all(header::HOST).iter().nth(1).is_some()
}

async fn guard(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    shared.keys.refresh().await;
    let access = shared
        .access
        .check(request.headers(), &shared.keys, &shared.settings.cors_origins);
    let client = match access {
        Ok(client) => client,
        Err(error) => return refuse(&shared, error),
    };
    let key = client.key().cloned();
    request.extensions_mut().insert(client);
    let mut response = next.run(request).await;
    if let Some(key) = key {
        key.write_limits(response.headers_mut());
    }
    response
}

async fn guard_origin(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    match shared
        .access
        .check_origin(request.headers(), &shared.settings.cors_origins)
    {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(&shared, error),
    }
}

fn refuse(shared: &Shared, error: ApiError) -> Response {
    shared
        .metrics
        .rejected(if error.status == StatusCode::UNAUTHORIZED {
            "token"
        } else {
            "origin"
        });
    error.into_response()
}

/// Refuses a path that does not exist.
async fn no_route(request: Request) -> Response {
    let message = format!(
        "there is no path `{}`, `/openapi.json` describes those that there are",
        shown_path(&request)
    );
    in_shape_of(&request, ApiError::not_found(message))
}

/// Refuses a method that a path does not have. The header `Allow` names those that it has.
async fn no_method(request: Request) -> Response {
    let message = format!(
        "the path `{}` does not have the method `{}`",
        shown_path(&request),
        request.method()
    );
    let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message);
    in_shape_of(&request, error)
}

/// Returns the path for an error message.
fn shown_path(request: &Request) -> String {
    let path = request.uri().path();
    path.chars().take(LONGEST_SHOWN).collect()
}

/// Returns the response for an error in the dialect that the client speaks.
fn in_shape_of(request: &Request, error: ApiError) -> Response {
    let is_anthropic =
        request.uri().path().starts_with("/v1/messages") || request.headers().contains_key(models::ANTHROPIC);
    let response = error.into_response();
    if is_anthropic {
        anthropics_shape(response)
    } else {
        response
    }
}

#[cfg(test)]
pub(super) mod tests;
