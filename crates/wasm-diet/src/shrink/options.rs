//! The choices of a user, and the task of an engine.

use serde::Serialize;

use crate::features::Features;

/// The size that must not grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// The bytes of the file.
    #[default]
    Raw,
    /// Those and the bytes of the compressed file.
    Gzip,
}

/// The choices of a user.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Features that the result may need although the original does not.
    pub allow: Features,
    /// The size by which results are compared.
    pub metric: Metric,
    /// Names of custom sections to keep against the rules; a `*` at the end stands for any text.
    pub keep: Vec<String>,
    /// Names of custom sections to drop against the rules.
    pub drop: Vec<String>,
    /// Whether to drop also the names of globals of a module that is in no component. A program does not need
    /// them, an adapter for `wasm-tools component new` does.
    pub drop_names_of_globals: bool,
}

/// A core module to optimise.
#[derive(Clone, Copy, Debug)]
pub struct Task<'m> {
    /// The module without custom sections.
    pub module: &'m [u8],
    /// The features that the result may need.
    pub features: &'m Features,
    /// The number of the module, from 1.
    pub number: usize,
    /// The number of modules in the binary.
    pub of: usize,
    /// The position of the module in the binary.
    pub offset: u64,
}
