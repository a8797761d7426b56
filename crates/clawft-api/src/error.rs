//! The error of a body that cannot be read or written.

pub use clawft_types::json::JsonError as Error;

use alloc::string::String;

use clawft_types::json::JsonFault;

/// Returns the error about a dialect whose feature is off.
pub(crate) fn unbuilt() -> Error {
    JsonFault::Field {
        field: String::new(),
        message: "this build does not have the dialect".into(),
    }
    .into()
}
