//! The gateway as its clients see it: the real program, a real server behind it, sockets between them.

mod access;
mod chat;
mod client;
mod failures;
mod health;
mod hostile;
mod lab;
mod life;
mod limits;
mod sessions;
mod upstream;
