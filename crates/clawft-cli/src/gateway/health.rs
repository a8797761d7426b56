//! Whether the gateway lives, and whether it can do its work.

use super::reply;
use super::state::{Shared, State};
use crate::home::ConfigFile;
use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use clawft_types::json::Writer;
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// `GET /healthz`: 200 as long as requests are answered at all.
pub(super) async fn live() -> Response {
    reply::object(|body| body.text_member("status", "ok"))
}

/// `GET /readyz`: 200 if a request could be answered now, else 503 with what is in the way. Anybody may ask, so no path and
/// no cause is told: those are for the log.
pub(super) async fn ready(extract::State(shared): extract::State<Shared>) -> Response {
    let draining = shared.draining.is_cancelled();
    let checks = tokio::task::spawn_blocking(move || check(&shared));
    let (config, sessions) = checks.await.unwrap_or((false, false));
    let ready = config && sessions && !draining;
    let mut writer = Writer::default();
    writer.object(|body| {
        body.text_member("status", if ready { "ready" } else { "not ready" });
        body.literal_member("config", &config.to_string());
        body.literal_member("sessions", &sessions.to_string());
        body.literal_member("shutting_down", &draining.to_string());
    });
    reply::json(if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, writer.into_bytes())
}

/// Whether the configuration can be used, and whether sessions can be stored.
fn check(state: &State) -> (bool, bool) {
    let config = ConfigFile::read(&state.home).and_then(|file| file.agent()).is_ok();
    let sessions = state.home.make().is_ok() && writable(&state.home.folder.join("sessions")).is_ok();
    (config, sessions)
}

/// Tries it: permissions do not tell of full disks and of file systems that can only be read.
fn writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    // Not `.json`, so that nobody takes it for a session.
    let probe = folder.join(format!(".ready-{}", std::process::id()));
    let made = File::create(&probe).map(drop);
    let removed = fs::remove_file(&probe);
    made.and(removed)
}
