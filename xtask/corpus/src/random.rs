//! Random modules, and the results of all their functions.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use devkit::{cmd, project::Project};
use flags::values::Tool;
use xshell::{Shell, cmd};

/// The options of `wasm-tools smith`: modules that end, import nothing, export everything, and that Node.js 20 reads.
const OPTIONS: &str = "--ensure-termination --max-imports 0 --export-everything true --canonicalize-nans true \
    --min-funcs 3 --max-funcs 12 --max-instructions 120 --min-memories 1 --max-memories 1 --max-memory32-bytes 131072 \
    --max-table-elements 40 --bulk-memory-enabled true --multi-value-enabled true --reference-types-enabled true \
    --simd-enabled true --tail-call-enabled true --extended-const-enabled true --gc-enabled false \
    --memory64-enabled false --threads-enabled false --exceptions-enabled false --custom-page-sizes-enabled false \
    --relaxed-simd-enabled false --allow-start-export true";

/// The number of random bytes of which a module is made.
const BYTES: usize = 3000;

/// The script that calls every function.
const CALLS: &str = include_str!("../calls.mjs");

/// A maker of random modules.
#[derive(Clone, Debug)]
pub struct RandomModules {
    root: PathBuf,
    wasm_tools: PathBuf,
}

impl RandomModules {
    /// Finds the programs.
    ///
    /// # Errors
    /// Fails if wasm-tools cannot be installed.
    pub fn prepare(project: &Project) -> Result<Self> {
        Ok(Self {
            root: project.root.clone(),
            wasm_tools: toolchain::tool(project, Tool::WasmTools)?,
        })
    }

    /// Writes the module of a seed.
    ///
    /// # Errors
    /// Fails if wasm-tools fails.
    pub fn write(&self, seed: u64, path: &Path) -> Result<()> {
        let shell = self.shell()?;
        let tools = &self.wasm_tools;
        let options = OPTIONS.split_whitespace();
        let smith = cmd!(shell, "{tools} smith {options...} -o {path}").stdin(bytes(seed));
        cmd::run(smith, "make a random module")
    }

    /// Returns a line for each module with the number of calls that returned and the digest of all results, or with
    /// the word `exhausted`: another module may then have room for more calls.
    ///
    /// # Errors
    /// Fails if Node.js fails.
    pub fn results(&self, directory: &Path, modules: &[PathBuf]) -> Result<Vec<String>> {
        let script = directory.join("calls.mjs");
        files::replace(&script, CALLS.as_bytes())?;
        let shell = self.shell()?;
        let calls = cmd!(shell, "node {script} {modules...}");
        let lines = cmd::read(calls, "call the functions of random modules")?;
        let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
        ensure!(
            lines.len() == modules.len(),
            "Node.js printed {} lines for {} modules",
            lines.len(),
            modules.len()
        );
        Ok(lines)
    }

    fn shell(&self) -> Result<Shell> {
        let shell = Shell::new().context("could not find the current directory")?;
        shell.change_dir(&self.root);
        Ok(shell)
    }
}

/// Returns random bytes, by SplitMix64.
fn bytes(seed: u64) -> Vec<u8> {
    let mut state = seed;
    let words = std::iter::repeat_with(|| {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    });
    words.flat_map(u64::to_le_bytes).take(BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_bytes() {
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
        // The first number of SplitMix64 for the seed 0, as its author published it.
        assert_eq!(bytes(0)[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
    }
}
