//! The file that `wasm-diet shrink` writes: links, permissions, and files that stay as they are.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink},
    path::Path,
    process::{Command, Output},
};

/// A core module with a section that is dropped.
const MODULE: &[u8] = b"\0asm\x01\0\0\0\0\x0b\x09producers\0";

/// The module without that section.
const SHRUNK: &[u8] = b"\0asm\x01\0\0\0";

fn shrink(directory: &Path, arguments: &[&str]) -> Output {
    wasm_diet(
        directory,
        &[&["shrink", "--engine", "none", "--quiet"], arguments].concat(),
    )
}

#[expect(clippy::disallowed_methods, reason = "it is the program under test")]
fn wasm_diet(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wasm-diet"))
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

fn directory_with_module() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("in.wasm"), MODULE).unwrap();
    directory
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn links_stay_and_their_files_are_written() {
    let directory = directory_with_module();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("behind")).unwrap();
    // One leads to a file that is not there yet.
    fs::write(path("behind/old.wasm"), "old").unwrap();
    symlink("behind/old.wasm", path("old")).unwrap();
    symlink("behind/new.wasm", path("new")).unwrap();
    for name in ["old", "new"] {
        let output = shrink(directory.path(), &["in.wasm", "-o", name]);
        assert!(output.status.success(), "{}", errors(&output));
        assert!(fs::symlink_metadata(path(name)).unwrap().is_symlink());
        assert_eq!(fs::read(path(&format!("behind/{name}.wasm"))).unwrap(), SHRUNK);
    }
}

#[test]
fn refuses_links_that_lead_nowhere() {
    let directory = directory_with_module();
    symlink("circle", directory.path().join("circle")).unwrap();
    let output = shrink(directory.path(), &["in.wasm", "-o", "circle"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("lead nowhere"), "{}", errors(&output));
}

#[test]
fn input_is_never_the_output_by_another_name() {
    let directory = directory_with_module();
    symlink("in.wasm", directory.path().join("link")).unwrap();
    for name in ["in.wasm", "./in.wasm", "link"] {
        let output = shrink(directory.path(), &["in.wasm", "-o", name]);
        assert_eq!(output.status.code(), Some(2), "{name}");
    }
    // Another name of the same file becomes a file of its own.
    fs::hard_link(directory.path().join("in.wasm"), directory.path().join("hard")).unwrap();
    let output = shrink(directory.path(), &["in.wasm", "-o", "hard"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert_eq!(fs::read(directory.path().join("hard")).unwrap(), SHRUNK);
    assert_eq!(fs::read(directory.path().join("in.wasm")).unwrap(), MODULE);
}

#[test]
fn refuses_output_before_the_work() {
    let directory = directory_with_module();
    fs::create_dir(directory.path().join("directory")).unwrap();
    for (output, cause) in [
        ("directory", "it is a directory"),
        ("absent/out.wasm", "no directory `absent`"),
    ] {
        // The input would be refused as well, later.
        let refused = shrink(directory.path(), &["absent.wasm", "-o", output]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(errors(&refused).contains(cause), "{}", errors(&refused));
    }
}

#[test]
fn read_only_file_stays_as_it_is() {
    let directory = directory_with_module();
    let path = directory.path().join("out.wasm");
    fs::write(&path, "precious").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let output = shrink(directory.path(), &["in.wasm", "-o", "out.wasm"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(errors(&output).contains("read-only"), "{}", errors(&output));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn permissions_and_owner_stay() {
    let directory = directory_with_module();
    let path = directory.path().join("in.wasm");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).unwrap();
    let before = fs::metadata(&path).unwrap();
    let output = shrink(directory.path(), &["--in-place", "in.wasm"]);
    assert!(output.status.success(), "{}", errors(&output));
    let after = fs::metadata(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), SHRUNK);
    assert_eq!(
        (after.mode(), after.uid(), after.gid()),
        (before.mode(), before.uid(), before.gid())
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn standard_output_has_several_names() {
    let directory = directory_with_module();
    for name in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let output = shrink(directory.path(), &["in.wasm", "-o", name]);
        assert!(output.status.success(), "{name}: {}", errors(&output));
        assert_eq!(output.stdout, SHRUNK, "{name}");
    }
}

/// Runs a script of bash in which `$diet` is the program.
#[expect(clippy::disallowed_methods, reason = "it starts the program under test")]
fn bash(directory: &Path, script: &str) -> Output {
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", script])
        .env("diet", env!("CARGO_BIN_EXE_wasm-diet"))
        .current_dir(directory)
        .output()
        .unwrap()
}

#[test]
fn writes_to_pipes_and_descriptors_of_the_shell() {
    let directory = directory_with_module();
    let scripts = [
        r#""$diet" shrink --engine none in.wasm -o >(cat > out; : > done) > /dev/null; until [[ -e done ]]; do sleep 0.1; done"#,
        r#""$diet" shrink --engine none in.wasm -o /dev/stdout 2> /dev/null | cat > out"#,
        r#""$diet" shrink --engine none in.wasm -o /dev/stdout > out"#,
        r#""$diet" shrink --engine none in.wasm -o /dev/fd/3 3> out > /dev/null"#,
        r#"ln -s /dev/fd/3 link; "$diet" shrink --engine none in.wasm -o link 3> >(cat > out; : > done) > /dev/null
           until [[ -e done ]]; do sleep 0.1; done; [[ -L link ]]"#,
        r#"mkfifo pipe; cat pipe > out & "$diet" shrink --engine none in.wasm -o pipe > /dev/null; wait; [[ -p pipe ]]"#,
        r#""$diet" shrink --engine none <(cat in.wasm) -o out > /dev/null"#,
        r#""$diet" shrink --engine none /dev/stdin -o out > /dev/null < in.wasm"#,
        // What was written before stays.
        r#"{ printf 'before'; "$diet" shrink --engine none in.wasm -o /dev/stdout; } > long 2> /dev/null; tail -c +7 long > out"#,
    ];
    for script in scripts {
        let output = bash(directory.path(), script);
        assert!(output.status.success(), "{script}: {}", errors(&output));
        let path = |name: &str| directory.path().join(name);
        assert_eq!(fs::read(path("out")).unwrap(), SHRUNK, "{script}");
        fs::remove_file(path("out")).unwrap();
        drop(fs::remove_file(path("done")));
    }
}

#[test]
fn in_place_wants_a_file() {
    let directory = directory_with_module();
    for input in ["-", "/dev/stdin", "/dev/null", "/dev/fd/0"] {
        let output = shrink(directory.path(), &["--in-place", input]);
        assert_eq!(output.status.code(), Some(2), "{input}");
        assert!(
            errors(&output).contains("--in-place wants a file"),
            "{}",
            errors(&output)
        );
    }
}

#[test]
fn quiet_drops_progress_but_not_the_summary() {
    let directory = directory_with_module();
    let to_file = shrink(directory.path(), &["in.wasm", "-o", "out.wasm"]);
    assert!(String::from_utf8_lossy(&to_file.stdout).contains("producers"));
    assert_eq!(errors(&to_file), "");
    // With the binary on standard output, the table is left out; with `--json` it goes to standard error.
    let to_stdout = shrink(directory.path(), &["in.wasm", "-o", "-"]);
    assert_eq!(errors(&to_stdout), "");
    let asked = shrink(directory.path(), &["in.wasm", "-o", "-", "--json"]);
    assert!(errors(&asked).contains("\"sections\""));
    assert_eq!(asked.stdout, SHRUNK);
}

/// Returns a core module with a section of this name that is kept.
fn module_with_section(name: &[u8]) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    [SHRUNK, &[0, length + 1, length], name].concat()
}

#[test]
fn names_in_files_do_not_control_a_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[31m|\u{9b}\n\u{202e}b.wasm";
    let shown = "a\u{fffd}[31m|\u{fffd}\u{fffd}\u{fffd}b.wasm";
    fs::write(directory.path().join(name), module_with_section(name.as_bytes())).unwrap();
    fs::write(directory.path().join("none.toml"), "").unwrap();
    fs::write(directory.path().join("other.wasm"), MODULE).unwrap();
    let commands: [&[&str]; 11] = [
        &["shrink", "--engine", "none", name, "-o", "out.wasm"],
        &["shrink", "--engine", "none", name, "-o", "out.wasm", "--json"],
        &["shrink", "--engine", "none", name, "-o", name],
        &["shrink", "--engine", name, name, "-o", "out.wasm"],
        &["size", name],
        &["size", "--json", name],
        &["diff", "other.wasm", name],
        &["diff", "--json", "other.wasm", name],
        &["check", "--budget", "none.toml", name],
        &["check", "--budget", "none.toml", "--json", name],
        &["check", "--budget", "none.toml", "--markdown", name],
    ];
    for command in commands {
        let output = wasm_diet(directory.path(), command);
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8(text).unwrap();
        let controls = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!text.contains(controls), "{command:?}: {text:?}");
        let is_table =
            !command.contains(&"--json") && !command.contains(&"--markdown") && !text.starts_with("error: ");
        assert!(
            text.contains(if is_table { shown } else { "b.wasm" }) || text.contains("--in-place"),
            "{command:?}: {text:?}"
        );
    }
    let output = wasm_diet(directory.path(), commands[10]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.contains("\\[31m\\|"), "{table}");
}
