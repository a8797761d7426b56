//! Health checks: whether the gateway is alive, and whether it is ready.

use axum::{extract, http::StatusCode, response::Response};
use clawft_types::json::Writer;
use tokio::{runtime::Handle, sync::watch};
use weft_agent::ConfigFile;

use super::{
    readiness::Checks,
    reply,
    state::{Shared, State},
};

/// `GET /healthz`: 200 as long as requests are answered at all.
pub(super) async fn live() -> Response {
    reply::object(|body| body.text_member("status", "ok"))
}

/// `GET /readyz`: 200 if a request could be answered now, else 503 with the failed check. It needs no token,
/// so it names no path and no cause: those are in the log.
pub(super) async fn ready(extract::State(shared): extract::State<Shared>) -> Response {
    let draining = shared.draining.is_cancelled();
    let state = shared.clone();
    let handle = Handle::current();
    let check = move |found: &watch::Sender<Checks>| check(&state, &handle, found);
    let Checks { config, sessions } = shared.readiness.get(check).await;
    let ready = config && sessions && !draining;
    let mut writer = Writer::default();
    writer.object(|body| {
        body.text_member("status", if ready { "ready" } else { "not ready" });
        body.literal_member("config", &config.to_string());
        body.literal_member("sessions", &sessions.to_string());
        body.literal_member("shutting_down", &draining.to_string());
    });
    reply::json(
        if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        },
        writer.into_bytes(),
    )
}

fn check(state: &State, handle: &Handle, found: &watch::Sender<Checks>) {
    let config = ConfigFile::read(&state.home)
        .and_then(|file| file.agent())
        .is_ok();
    found.send_replace(Checks {
        config,
        sessions: false,
    });
    let sessions = handle.block_on(state.store.check()).is_ok();
    found.send_replace(Checks { config, sessions });
}
