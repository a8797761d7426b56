//! Tests of the real program over sockets, with a real server behind it.

mod access;
mod chat;
mod client;
mod context;
mod cors;
mod failures;
mod health;
mod hostile;
mod keys;
mod limits;
mod proxy;
mod routing;
mod sessions;
mod shutdown;
mod translation;
mod upstream;
