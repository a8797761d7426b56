//! Golden tests of command lines. A file in `tests/cli/` of a package holds commands with their expected output.
//!
//! A failure shows the name of the file, the difference, and the command that accepts it.

use std::{
    env,
    panic::{self, AssertUnwindSafe},
};

pub use trycmd::TestCases;

/// Runs `cases` of `package`. With `BLESS` in the environment, the files are rewritten with the current output.
///
/// It sets an environment variable, so it must be called by the only test of a program.
///
/// # Panics
/// Panics if an output differs from its file, with the command that rewrites the files.
pub fn check(package: &str, cases: &TestCases) {
    if env::var_os("BLESS").is_some() {
        // SAFETY: the caller is the only test of the program, and no other thread reads the environment.
        unsafe { env::set_var("TRYCMD", "overwrite") };
    }
    run(package, cases);
}

fn run(package: &str, cases: &TestCases) {
    // The names of the files and the differences have been printed when this fails.
    let done = panic::catch_unwind(AssertUnwindSafe(|| cases.run()));
    assert!(done.is_ok(), "{}", advice(package));
}

fn advice(package: &str) -> String {
    format!(
        "the output of commands differs from the golden files, as shown above. If the new output is right, accept \
         it with `BLESS=1 cargo test -p {package} --test cli`, and review `git diff`"
    )
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn failure_names_the_command_that_accepts_it() {
        let directory = tempfile::tempdir().unwrap();
        let case = directory.path().join("greeting.md");
        fs::write(&case, "```console\n$ program --version\ncargo 0.0.0\n\n```\n").unwrap();
        let cases = TestCases::new();
        cases
            .register_bin("program", Path::new(env!("CARGO")))
            .case(&case);
        let failure = panic::catch_unwind(AssertUnwindSafe(|| run("image", &cases))).unwrap_err();
        let message = failure.downcast_ref::<String>().unwrap();
        assert!(
            message.contains("`BLESS=1 cargo test -p image --test cli`"),
            "{message}"
        );
    }
}
