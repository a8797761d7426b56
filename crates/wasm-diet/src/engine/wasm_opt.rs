//! A `wasm-opt` of another version.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

use super::{
    Assumption,
    changed::Avoided,
    process::{self, Purpose},
};
use crate::features::Features;

/// The first version that certainly reads blocks with parameters.
const READS_BLOCK_PARAMETERS: u32 = 122;

/// A `wasm-opt` and its options.
#[derive(Clone, Debug)]
pub struct WasmOpt {
    path: PathBuf,
    version: String,
    /// The features that it can enable, by its names.
    known: BTreeSet<String>,
    /// Whether it can leave out a pass: versions before 117 cannot.
    skips_passes: bool,
}

impl WasmOpt {
    /// Asks the `wasm-opt` at `path` for its version and features.
    ///
    /// # Errors
    /// Fails if it cannot be started, or is another program.
    pub fn find(path: &Path) -> Result<Self> {
        let ask = |option: &str| process::run(path, &[option.into()], Purpose::ListOptions);
        let version = ask("--version")?;
        let version = version.lines().next().unwrap_or_default().trim().to_owned();
        let help = ask("--help")?;
        let known: BTreeSet<String> = help
            .split_whitespace()
            .filter_map(|word| word.strip_prefix("--enable-"))
            .map(|word| word.trim_end_matches(',').to_owned())
            .collect();
        if known.is_empty() {
            bail!(
                "`{}` is no wasm-opt: it lists no option `--enable-…`",
                path.display()
            );
        }
        Ok(Self {
            path: path.to_owned(),
            version,
            known,
            skips_passes: help.contains("--skip-pass"),
        })
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the first line that it prints about its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns whether the version reads blocks with parameters: older ones drop the values that a branch carries to a
    /// loop.
    pub(super) fn reads_block_parameters(&self) -> bool {
        let mut numbers = self
            .version
            .split_whitespace()
            .filter_map(|word| word.parse::<u32>().ok());
        numbers
            .next()
            .is_some_and(|number| number >= READS_BLOCK_PARAMETERS)
    }

    /// Returns the command line for a module.
    pub(super) fn arguments(
        &self,
        input: &Path,
        output: &Path,
        features: &Features,
        assumptions: &[Assumption],
        avoided: &Avoided,
    ) -> Result<Vec<OsString>> {
        let mut arguments: Vec<OsString> = vec![input.into(), "-o".into(), output.into()];
        arguments.extend(["-Oz", "-g", "--mvp-features"].map(OsString::from));
        for name in self.enabled(features)? {
            arguments.push(format!("--enable-{name}").into());
        }
        arguments.extend(assumptions.iter().map(|it| format!("--{}", it.name()).into()));
        if let Some(pass) = avoided.first().filter(|_| !self.skips_passes) {
            bail!(
                "{} cannot leave out its pass `{pass}`, which would change what the module does",
                self.version
            );
        }
        arguments.extend(avoided.iter().map(|pass| format!("--skip-pass={pass}").into()));
        Ok(arguments)
    }

    fn enabled(&self, features: &Features) -> Result<BTreeSet<&'static str>> {
        let mut enabled = BTreeSet::new();
        for feature in features {
            let names = names_of(feature)
                .with_context(|| format!("no wasm-opt knows the WebAssembly feature `{feature}`"))?;
            let mut known = names
                .iter()
                .copied()
                .filter(|name| self.known.contains(*name))
                .peekable();
            if known.peek().is_none() && feature != ENCODING {
                bail!(
                    "{} does not know the WebAssembly feature `{feature}`",
                    self.version
                );
            }
            // A part of a proposal has the whole one as a second name.
            let count = if feature == "bulk_memory_opt" {
                1
            } else {
                names.len()
            };
            enabled.extend(known.take(count));
        }
        Ok(enabled)
    }
}

/// A feature that only concerns the encoding: versions without a name for it can do without.
const ENCODING: &str = "call_indirect_overlong";

/// Returns the names that versions of wasm-opt have for a feature.
fn names_of(feature: &str) -> Option<&'static [&'static str]> {
    Some(match feature {
        ENCODING => &["call-indirect-overlong"],
        "acquire_release_atomics" => &["relaxed-atomics"],
        "bulk_memory" => &["bulk-memory", "bulk-memory-opt"],
        "bulk_memory_opt" => &["bulk-memory-opt", "bulk-memory"],
        "custom_descriptors" => &["custom-descriptors"],
        "custom_page_sizes" => &["custom-page-sizes"],
        "exceptions" | "legacy_exceptions" => &["exception-handling"],
        "extended_const" => &["extended-const"],
        "function_references" | "gc" => &["gc", "reference-types"],
        "memory64" => &["memory64"],
        "multi_memory" => &["multimemory", "multi-memory"],
        "multi_value" => &["multivalue"],
        "multibyte_array_access" => &["multibyte"],
        "mutable_global" => &["mutable-globals"],
        "reference_types" => &["reference-types"],
        "relaxed_simd" => &["relaxed-simd", "simd"],
        "saturating_float_to_int" => &["nontrapping-float-to-int"],
        "shared_everything_threads" => &["shared-everything"],
        "sign_extension" => &["sign-ext"],
        "simd" => &["simd"],
        "stack_switching" => &["stack-switching"],
        "tail_call" => &["tail-call"],
        "threads" => &["threads"],
        "wide_arithmetic" => &["wide-arithmetic"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(known: &[&str]) -> WasmOpt {
        WasmOpt {
            path: "wasm-opt".into(),
            version: "wasm-opt version 1".to_owned(),
            known: known.iter().map(|name| (*name).to_owned()).collect(),
            skips_passes: false,
        }
    }

    fn features(names: &[&str]) -> Features {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn enables_features_under_the_names_of_the_version() {
        let new = tool(&["bulk-memory", "bulk-memory-opt", "multimemory", "simd"]);
        let enabled = |names: &[&str]| {
            new.enabled(&features(names))
                .unwrap()
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(enabled(&["bulk_memory_opt"]), ["bulk-memory-opt"]);
        assert_eq!(enabled(&["multi_memory", "simd"]), ["multimemory", "simd"]);
        assert_eq!(enabled(&["call_indirect_overlong"]), [""; 0]);
        let error = new.enabled(&features(&["tail_call"])).unwrap_err().to_string();
        assert_eq!(
            error,
            "wasm-opt version 1 does not know the WebAssembly feature `tail_call`"
        );
        assert!(new.enabled(&features(&["cm_async"])).is_err());
    }

    #[test]
    fn trusts_new_versions_with_block_parameters() {
        let reads = |version: &str| {
            let version = version.to_owned();
            let tool = WasmOpt { version, ..tool(&[]) };
            tool.reads_block_parameters()
        };
        assert!(reads("wasm-opt version 130 (version_130)") && reads("wasm-opt version 122"));
        assert!(!reads("wasm-opt version 116 (version_116)") && !reads("wasm-opt"));
    }

    #[test]
    fn leaves_out_passes_or_refuses_the_module() {
        let arguments = |skips_passes| {
            let tool = WasmOpt {
                skips_passes,
                ..tool(&[])
            };
            let (input, output) = (Path::new("in"), Path::new("out"));
            tool.arguments(
                input,
                output,
                &Features::new(),
                &[],
                &Avoided::from(["directize"]),
            )
        };
        assert_eq!(arguments(true).unwrap().last().unwrap(), "--skip-pass=directize");
        let error = arguments(false).unwrap_err().to_string();
        assert!(error.contains("cannot leave out its pass `directize`"), "{error}");
    }

    #[test]
    fn never_assumes_anything_unasked() {
        let arguments = |assumptions: &[Assumption]| {
            let (input, output) = (Path::new("in"), Path::new("out"));
            let list = tool(&["simd"])
                .arguments(input, output, &Features::new(), assumptions, &Avoided::new())
                .unwrap();
            list.into_iter()
                .map(|it| it.into_string().unwrap())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(arguments(&[]), "in -o out -Oz -g --mvp-features");
        assert_eq!(
            arguments(&[Assumption::LowMemoryUnused]),
            "in -o out -Oz -g --mvp-features --low-memory-unused"
        );
    }
}
