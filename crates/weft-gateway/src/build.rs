//! The program that contains the gateway.

/// The build of the program, as its version, log and metrics name it.
#[derive(Debug, Clone, Copy)]
pub struct Build {
    /// Version of the program.
    pub version: &'static str,
    /// Commit that it is built from.
    pub revision: &'static str,
    /// Rust target that it is built for.
    pub target: &'static str,
}
