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

#[expect(clippy::disallowed_methods, reason = "it is the program under test")]
fn shrink(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_wasm-diet"))
        .args(["shrink", "--engine", "none", "--quiet"])
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
        assert_eq!(output.status.code(), Some(1), "{name}");
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
