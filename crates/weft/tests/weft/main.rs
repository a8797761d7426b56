//! Runs the real `weft` against a real server that speaks the providers' protocols, correctly and
//! incorrectly.

mod answers;
mod common;
#[cfg(unix)]
mod config;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(unix)]
mod gateway;
#[cfg(unix)]
mod interrupt;
mod messages;
mod network;
#[cfg(unix)]
mod prompt;
mod sessions;
mod status;
mod tools;
mod trust;
