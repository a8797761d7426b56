//! The OpenAPI description.

/// An OpenAPI 3.1 description of the paths that speak the dialects, as JSON.
///
/// The schemas list the members that a translation understands, and allow all others. A test compares them with the
/// readers and writers.
pub const OPENAPI: &str = include_str!("openapi.json");
