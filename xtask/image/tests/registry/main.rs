//! Pushes to registries as strict as those in the world: each test is a habit of one, and a whole push of two small images.

mod context;
mod habits;
mod logins;
mod programs;
mod server;
mod tls;
mod verified;
