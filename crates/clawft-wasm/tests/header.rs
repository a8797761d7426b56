//! `include/clawft.h` is valid C, and matches the code.

use std::{fs, process::Command};

use clawft_wasm::turns::{Break, Event, Finish, MAX_TURNS, Misuse, Number, Step, Text};
use tempfile::TempDir;

const HEADER: &str = include_str!("../include/clawft.h");

/// The source of the header's functions.
const EXPORTS: &str = include_str!("../src/exports.rs");

/// Returns all constants of the code with the header's names.
fn constants() -> Vec<(&'static str, i64)> {
    let mut constants = vec![("CLAWFT_MAX_TURNS", MAX_TURNS as i64)];
    constants.extend(
        Step::ALL
            .iter()
            .map(|(step, name)| (*name, i64::from(step.code()))),
    );
    constants.extend(
        Misuse::ALL
            .iter()
            .map(|(misuse, name)| (*name, i64::from(misuse.code()))),
    );
    constants.extend(
        Event::ALL
            .iter()
            .map(|(event, name)| (*name, i64::from(event.code()))),
    );
    constants.extend(
        Break::ALL
            .iter()
            .map(|(cause, name)| (*name, i64::from(cause.code()))),
    );
    constants.extend(
        Text::ALL
            .iter()
            .map(|(text, name)| (*name, i64::from(text.code()))),
    );
    constants.extend(
        Number::ALL
            .iter()
            .map(|(number, name)| (*name, i64::from(number.code()))),
    );
    constants.extend(
        Finish::ALL
            .iter()
            .map(|(finish, name)| (*name, i64::from(finish.code()))),
    );
    constants
}

/// Returns the functions that `text` declares or defines, each on a line that begins with `start`.
fn functions(text: &str, start: &str) -> Vec<String> {
    let name = |line: &str| {
        let (before, _) = line.strip_prefix(start)?.split_once('(')?;
        before
            .rsplit(' ')
            .next()
            .filter(|word| word.starts_with("clawft_"))
            .map(str::to_owned)
    };
    // Indented lines are in a comment or in a function.
    let mut found: Vec<String> = text
        .lines()
        .filter(|line| !line.starts_with([' ', '/']))
        .filter_map(name)
        .collect();
    found.sort();
    found
}

#[test]
fn c_and_cpp_compilers_accept_the_header() {
    let directory = TempDir::new().unwrap();
    let mut source = HEADER.to_owned();
    for (name, value) in constants() {
        source.push_str(&format!(
            "typedef char same_{name}[{name} == {value} ? 1 : -1];\n"
        ));
    }
    let path = directory.path().join("clawft_test.h");
    fs::write(&path, source).unwrap();
    for (variable, compiler, language) in [("CC", "cc", "c"), ("CXX", "c++", "c++")] {
        let compiler = std::env::var(variable).unwrap_or_else(|_| compiler.to_owned());
        #[expect(
            clippy::disallowed_methods,
            reason = "this package has no door to other programs"
        )]
        let done = Command::new(&compiler)
            .args([
                "-fsyntax-only",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pedantic",
                "-x",
                language,
            ])
            .arg(&path)
            .output();
        let done = done.unwrap_or_else(|error| panic!("could not run `{compiler}`: {error}"));
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn header_has_no_unknown_constant() {
    let known = constants();
    let named = HEADER
        .lines()
        .filter_map(|line| line.trim().strip_prefix("CLAWFT_")?.split_once(" = "));
    let mut count = 0;
    for (name, _) in named {
        let name = format!("CLAWFT_{name}");
        assert!(known.iter().any(|(known, _)| *known == name), "{name}");
        count += 1;
    }
    // CLAWFT_MAX_TURNS is a macro.
    assert_eq!(count, known.len() - 1);
}

#[test]
fn prototypes_and_exports_match() {
    let declared = functions(HEADER, "");
    let exported = functions(EXPORTS, "extern \"C\" ");
    assert!(declared.len() > 8, "{declared:?}");
    assert_eq!(declared, exported);
}
