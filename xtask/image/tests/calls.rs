//! Calls of other packages: JSON in, one line of JSON out, for success and failure.

#![expect(clippy::disallowed_methods, reason = "tests have no `cmd` to go through")]

use std::{fs, path::Path, process::Command};

use image::{
    Digest,
    calls::{Answer, Call, Component, Tagged},
};
use serde::de::DeserializeOwned;

/// Runs the program to answer `call`.
fn answer<T: DeserializeOwned>(call: &Call) -> Answer<T> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&mut file, call).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_image"))
        .arg("call")
        .arg(file.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

fn create(directory: &Path, component: &[u8]) -> Answer<Component> {
    let path = directory.join("component.wasm");
    fs::write(&path, component).unwrap();
    let layout = directory.join("oci");
    let revision = "c0ffee".to_owned();
    answer(&Call::CreateComponent {
        layout,
        component: path,
        revision,
        time: 1_700_000_000,
    })
}

#[test]
fn creates_a_component_in_a_layout() {
    let directory = tempfile::tempdir().unwrap();
    let component = wasm_encoder::Component::new().finish();
    let made = create(directory.path(), &component).unwrap();
    assert_eq!(made.layer, Digest::of(&component));
    for digest in [&made.manifest, &made.config, &made.layer] {
        let blob = fs::read(directory.path().join("oci/blobs/sha256").join(digest.hex())).unwrap();
        assert_eq!(Digest::of(&blob), *digest);
    }
}

#[test]
fn answers_with_the_causes_of_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let causes = create(directory.path(), &wasm_encoder::Module::new().finish()).unwrap_err();
    assert_eq!(causes, ["it is a core module and no component"]);
    let target = Tagged {
        image: "127.0.0.1:1/clawft".parse().unwrap(),
        tag: "v1".parse().unwrap(),
        insecure: false,
    };
    let causes = answer::<Option<Digest>>(&Call::Find(target)).unwrap_err();
    assert_eq!(causes[0], "could not ask for 127.0.0.1:1/clawft:v1");
    assert!(
        causes[1].starts_with("could not reach `127.0.0.1:1`"),
        "{causes:?}"
    );
}
