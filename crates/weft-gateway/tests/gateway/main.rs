//! Tests of the real program over sockets, with a real server behind it.

mod access;
mod chat;
mod client;
mod context;
mod failures;
mod health;
mod hostile;
mod limits;
mod proxy;
mod routing;
mod sessions;
mod shutdown;
mod translation;
mod upstream;
