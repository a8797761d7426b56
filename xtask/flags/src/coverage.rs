//! The flags of `coverage`.

use clap::Args;

/// Measure the lines that the tests run, and compare them with the floors in xtask/data/coverage.toml
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cargo xtask coverage            the table; fails below a floor, and names the lines
  cargo xtask coverage --lines    the lines that no test runs, of every group
  cargo xtask coverage --last     the last measurement again, after a change of the floors

The first run compiles cargo-tarpaulin, which takes some minutes. Native tests are measured; code
that runs in a WebAssembly runtime only is listed as not measured.")]
pub struct Coverage {
    /// Name the lines that no test runs, also of groups above their floor
    #[arg(long)]
    pub lines: bool,
    /// Compare the last measurement, and run no tests
    #[arg(long)]
    pub last: bool,
}
