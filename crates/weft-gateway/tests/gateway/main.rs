//! Tests of the real program over sockets, with a real server behind it.

mod access;
mod agent;
mod chat;
mod client;
mod context;
mod cors;
mod failures;
mod faulty_answers;
mod forms;
mod health;
mod hostile;
mod keys;
mod limits;
mod provider_settings;
mod proxy;
mod routing;
mod sessions;
mod shutdown;
mod translation;
mod upstream;
