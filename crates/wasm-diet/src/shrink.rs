//! Shrinks a component or a core module.
//!
//! ```text
//! check the input → for each core module: features that it needs → engine → checks → smaller? take : leave
//!    → drop custom sections by the rules → compare the structure → validate → never larger
//! ```
//!
//! A module that cannot be optimised stays as it is, with the reason, and the others are done all the same.

mod core_module;
mod finish;
mod options;
mod report;
mod stale;
mod unavailable;

use anyhow::{Context as _, Result, ensure};
use wasmparser::{Parser, Payload};

use crate::{component, custom, deflate, features, input, part::Sizes};

pub use self::{
    options::{Metric, Options, Task},
    report::{Module, Outcome, Report, Section},
    unavailable::Unavailable,
};

/// Optimises a core module. Returns a module of the same behaviour, or an error with the reason why there is
/// none.
pub type Engine<'e> = dyn FnMut(&Task<'_>) -> Result<Vec<u8>> + 'e;

/// A shrunk binary.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The binary.
    pub bytes: Vec<u8>,
    /// The binary with the names of functions, to explain it.
    pub named: Vec<u8>,
    /// The report on each module and section.
    pub report: Report,
}

/// Shrinks `binary`. The result is valid, needs no feature that the original does not need, and is never larger.
/// Equal input gives equal output, if the engine does.
///
/// # Errors
/// Fails if `binary` is not a valid component or core module, or is an object that has to be linked first. Of the
/// engine's errors only [`Unavailable`] is one of these.
pub fn shrink(binary: &[u8], options: &Options, engine: &mut Engine<'_>) -> Result<Shrunk> {
    input::check(binary)?;
    let of = count(binary)?;
    let mut modules = Vec::new();
    let named = component::rewrite(binary, &mut |place, module| {
        input::refuse_object(module)
            .with_context(|| format!("module {} at offset {:#x}", place.number, place.offset))?;
        let (module, report) = core_module::shrink(module, place, of, options, engine)?;
        modules.push(report);
        Ok(module)
    })?;
    let finished = finish::finish(&named, options)?;
    let (bytes, named) = smallest(binary, finished, named, options)?;
    finish::compare(binary, &bytes)?;
    let features = features::needs(binary)?;
    let allowed = features.union(&options.allow).cloned().collect();
    features::accepts(&bytes, &allowed).context("the result would not be valid")?;

    let report = Report {
        before: sizes(binary)?,
        after: sizes(&bytes)?,
        features,
        modules,
        sections: report::sections(binary, &bytes)?,
    };
    ensure!(
        report.after.raw <= report.before.raw,
        "the result would be larger than the original"
    );
    Ok(Shrunk { bytes, named, report })
}

/// Returns the finished binary with its named form, else the original without the custom sections that are dropped,
/// else the original: the first that is smaller.
fn smallest(
    original: &[u8],
    finished: Vec<u8>,
    named: Vec<u8>,
    options: &Options,
) -> Result<(Vec<u8>, Vec<u8>)> {
    // A signature fits as long as not a byte has changed.
    let only_signature = component::filter(original, &mut |name| !name.starts_with("signature"))?;
    let is_better = |made: &[u8]| -> Result<bool> {
        if made.len() >= original.len() || made == only_signature {
            return Ok(false);
        }
        Ok(match options.metric {
            Metric::Raw => true,
            Metric::Gzip => deflate::gzip(made)?.len() <= deflate::gzip(original)?.len(),
        })
    };
    if is_better(&finished)? {
        return Ok((finished, named));
    }
    let stripped = finish::finish(original, options)?;
    if is_better(&stripped)? {
        return Ok((stripped, original.to_vec()));
    }
    Ok((original.to_vec(), original.to_vec()))
}

/// Returns the number of core modules.
fn count(binary: &[u8]) -> Result<usize> {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(binary) {
        let is_module = matches!(
            payload?,
            Payload::Version {
                encoding: wasmparser::Encoding::Module,
                ..
            }
        );
        count += usize::from(is_module);
    }
    Ok(count)
}

fn sizes(bytes: &[u8]) -> Result<Sizes> {
    Ok(Sizes {
        raw: bytes.len(),
        gzip: deflate::gzip(bytes)?.len(),
    })
}

/// Returns whether one of the patterns of names matches.
fn any_matches(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| custom::matches(pattern, name))
}

#[cfg(test)]
mod tests;
