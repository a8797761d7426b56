//! Binaryen's names of WebAssembly features.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::{ASYNC, COMPONENTS};

/// Returns Binaryen's names of these features, but for those that no core module has or that only concern the
/// encoding.
///
/// # Errors
/// Fails if Binaryen 116 does not know one.
pub fn for_binaryen<F: AsRef<str>>(features: impl IntoIterator<Item = F>) -> Result<BTreeSet<&'static str>> {
    let mut names = BTreeSet::new();
    for feature in features {
        names.extend(names_of(feature.as_ref())?);
    }
    Ok(names)
}

fn names_of(feature: &str) -> Result<&'static [&'static str]> {
    Ok(match feature {
        "bulk_memory" | "bulk_memory_opt" => &["bulk-memory"],
        // Binaryen reads and writes the number of a table in any length.
        ASYNC | COMPONENTS | "call_indirect_overlong" => &[],
        "exceptions" | "legacy_exceptions" => &["exception-handling"],
        "extended_const" => &["extended-const"],
        "function_references" | "gc" => &["gc", "reference-types"],
        "memory64" => &["memory64"],
        "multi_memory" => &["multi-memory"],
        "multi_value" => &["multivalue"],
        "mutable_global" => &["mutable-globals"],
        "reference_types" => &["reference-types"],
        "relaxed_simd" => &["relaxed-simd", "simd"],
        "saturating_float_to_int" => &["nontrapping-float-to-int"],
        "sign_extension" => &["sign-ext"],
        "simd" => &["simd"],
        "tail_call" => &["tail-call"],
        "threads" => &["threads"],
        name => bail!("Binaryen 116 does not know the WebAssembly feature `{name}`"),
    })
}
