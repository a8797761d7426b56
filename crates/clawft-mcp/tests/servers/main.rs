//! Clients of servers that are played by plain functions.

mod common;
mod content;
mod handshake;
mod hostile;
mod http;
mod properties;
mod stdio;
mod tools;
