//! The things that every request needs.

use crate::{routing::Routing, service::Service};

/// The configuration and the host.
pub(crate) struct Shared<'a, H> {
    pub(crate) service: &'a Service,
    pub(crate) routing: &'a Routing,
    pub(crate) host: &'a H,
}
