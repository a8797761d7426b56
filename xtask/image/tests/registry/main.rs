//! Complete pushes of two small images, to a registry that plays one property of real registries in each test.

mod attach;
mod context;
mod habits;
mod logins;
mod merged;
mod programs;
mod server;
mod tls;
mod verified;
