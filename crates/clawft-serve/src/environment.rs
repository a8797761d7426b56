//! The configuration of this instance, read once.

use std::sync::OnceLock;

use crate::service::Service;

#[cfg(not(feature = "p3"))]
use wasip2::cli::environment::get_environment;
#[cfg(feature = "p3")]
use wasip3::cli::environment::get_environment;

/// Returns the configuration.
pub(crate) fn service() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| Service::read(get_environment()))
}
