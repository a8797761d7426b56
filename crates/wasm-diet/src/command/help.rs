//! The texts below the options in `--help`.

/// The command that installs a wasm-diet with Binaryen inside.
pub(super) const INSTALL: &str =
    "cargo install --git https://github.com/clawft/clawft wasm-diet --features binaryen";

/// The last part of `wasm-diet --help`.
pub(super) const AFTER_HELP: &str = "\
Examples:
  wasm-diet shrink app.wasm -o app.min.wasm
  wasm-diet shrink --in-place --metric gzip app.wasm
  wasm-diet size app.wasm
  wasm-diet diff before.wasm after.wasm
  wasm-diet report app.wasm --html report.html
  wasm-diet check --budget size-budget.toml app.wasm
  curl -s https://example.com/app.wasm | wasm-diet shrink - -o - > app.min.wasm

Exit codes:
  0  success
  1  failure, or something that --strict does not permit
  2  invalid command line";

/// The last part of `wasm-diet shrink --help`, for a build with Binaryen inside or without.
pub(super) fn shrink_help(has_binaryen: bool) -> String {
    let engines = match has_binaryen {
        true => WITH_BINARYEN.to_owned(),
        false => format!("{WITHOUT_BINARYEN}\n    {INSTALL}"),
    };
    format!("{SHRINK_STEPS}\n\nEngines:\n{engines}\n\n{SHRINK_EXAMPLES}")
}

/// The engines of a build with Binaryen inside.
const WITH_BINARYEN: &str = "  \
  Binaryen 116 is compiled in, and started again for each module, so that a crash costs one
  module. Another wasm-opt is used only if --engine or the variable WASM_OPT names it;
  `--engine none` only drops custom sections.";

/// The engines of a build without.
const WITHOUT_BINARYEN: &str = "  \
  This build has no Binaryen inside: --engine or the variable WASM_OPT has to name a wasm-opt, and
  `--engine none` only drops custom sections. This installs a build with Binaryen inside:";

/// The steps in `wasm-diet shrink --help`.
const SHRINK_STEPS: &str = "\
What is done to a file:
  1. It is checked: a damaged file, an object or another format is refused.
  2. Each core module, at any depth, goes through the passes of Binaryen's -Oz, with exactly
     the WebAssembly features that the module needs. A module that cannot be read, that would
     take very long, that would grow or that would need another feature stays as it is.
  3. Custom sections are dropped: names, producers, target_features, debug information; hints,
     source maps, relocations and signatures, which no longer fit. Licences, interfaces,
     dylink.0 and unknown sections stay. A section that --keep keeps although it no longer fits
     is named in a warning.
  4. Everything else is copied byte for byte, compared with the original and validated.

The passes are those of -Oz. With --thorough a second result is made with --flatten and --rereloop
first, large functions not inlined, and -Oz twice; the smaller one is taken.

Passes that change the behaviour of a correct program are never used: --low-memory-unused and
--traps-never-happen are assumptions that only you can make.";

/// The examples in `wasm-diet shrink --help`.
const SHRINK_EXAMPLES: &str = "\
Examples:
  wasm-diet shrink app.wasm -o app.min.wasm
  wasm-diet shrink app.wasm -o app.min.wasm --json --strict
  wasm-diet shrink --in-place --keep name app.wasm
  wasm-diet shrink --engine node_modules/.bin/wasm-opt app.wasm -o app.min.wasm";

/// The last part of `wasm-diet size --help`.
pub(super) const SIZE_HELP: &str = "\
Every byte of the file belongs to one part, and so does every bit of its gzip form, so each list
adds up to the file. The owner of a function is the crate, package or namespace in its name; a
name of C contains none. Functions without names are one part: keep the names, and look at the
file before it is stripped.

Examples:
  wasm-diet size app.wasm
  wasm-diet size -n 50 app.wasm
  wasm-diet size --json app.wasm > size.json";

/// The last part of `wasm-diet diff --help`.
pub(super) const DIFF_HELP: &str = "\
Parts are compared by their names, so keep the names: of two files of which only one has names the
code is compared as a whole.

Examples:
  wasm-diet diff before.wasm after.wasm
  wasm-diet diff -n 50 before.wasm after.wasm
  git show HEAD:app.wasm | wasm-diet diff - app.wasm
  wasm-diet diff --json before.wasm after.wasm > diff.json";

/// The last part of `wasm-diet report --help`.
pub(super) const REPORT_HELP: &str = "\
Examples:
  wasm-diet report app.wasm --html report.html
  wasm-diet report app.wasm --base before.wasm --html report.html";

/// The last part of `wasm-diet check --help`.
pub(super) const CHECK_HELP: &str = "\
A budget has a row for each file, with bounds for the file (`raw`) and for the file after `gzip -9`
(`gzip`); both are needed. `limit` is a promise, `ratchet` the size that was reached, and `growth`,
which may be left out, how far a build may exceed that. `why`, which may be left out too, is the
reason why the ratchet was raised last. A size is a number with a unit: B, KB (1,000 bytes), KiB
(1,024), MB, MiB.

  [artifact.\"app.wasm\"]
  raw = { limit = \"150 KB\", ratchet = \"139_318 B\", growth = \"1 KB\" }
  gzip = { limit = \"60 KB\", ratchet = \"54_051 B\" }
  why = \"a parser of dates\"

The name of a row is the name of the file, or the end of its path: a row `web/app.wasm` is for
web/app.wasm and dist/web/app.wasm. The longest such name counts. Files of the same name in several
directories share a row unless there are longer ones.

Examples:
  wasm-diet check app.wasm
  wasm-diet check --all dist/*.wasm
  wasm-diet check --markdown --budget size-budget.toml app.wasm > table.md

Exit codes:
  0  every file is within its budget
  1  one is not, or has no row, or with --all, a row has no file
  2  invalid command line";

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn help_tells_the_engine_of_the_build() {
        assert!(
            shrink_help(true).contains("Binaryen 116 is compiled in") && !shrink_help(true).contains(INSTALL)
        );
        assert!(!shrink_help(false).contains("compiled in") && shrink_help(false).contains(INSTALL));
        assert!(
            wasm_diet::engine::VERSION == "Binaryen 116",
            "the help names the version"
        );
    }

    #[test]
    fn documents_install_by_the_same_command() {
        // Read at run time, because a checkout that was moved keeps its compiled tests.
        let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo runs the tests");
        let root = Path::new(&package).join("../..");
        for document in ["README.md", "docs/wasm-diet.md", "crates/wasm-diet/README.md"] {
            let text = fs::read_to_string(root.join(document)).unwrap();
            assert!(text.contains(INSTALL), "{document}");
        }
    }
}
