use builds::lock::Lock;

use super::*;

const SUBJECT: Subject<'static> = Subject {
    file: "app.wasm",
    sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    target: "wasm32-wasip2",
    commit: "c0ffee",
    source: "https://example.org/app",
    time: 1_700_000_000,
};

/// A program, a library of the workspace, one from the registry, and a macro with its own library.
const ALL: &str = "\
0app v0.1.0 (/a path/app)\tMIT\thttps://example.org\tdefault,raw
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t
2dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd
3derive v1.0.0 (proc-macro)\tMIT\t\t
4quote v1.0.47\tMIT\t\t
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t (*)
1dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd (*)";
const LINKED: &str = "\
0app v0.1.0 (/a path/app)\tMIT\thttps://example.org\tdefault,raw
1lib v0.1.0 (/a path/lib)\tMIT\thttps://example.org\t
2dep v1.0.0+more\tMIT/Apache-2.0\thttps://example.org/dep\tstd";

fn tree() -> Tree {
    Tree::parse(ALL, LINKED).unwrap()
}

fn sums() -> Checksums {
    let entry = |name: &str, version: &str| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nchecksum = \"{name}-sum\"\n")
    };
    let ours = "[[package]]\nname = \"app\"\nversion = \"0.1.0\"\ndependencies = [\"dep\"]\n";
    let lock = [
        ours,
        &entry("dep", "1.0.0+more"),
        &entry("derive", "1.0.0"),
        &entry("quote", "1.0.47"),
    ];
    Checksums::of(Lock::parse(&lock.concat()).unwrap())
}

fn written(subject: Subject<'_>) -> Value {
    let natives = [Native::std("1.95.0"), Native::wasi_libc(Some("0.0~git-1"))];
    let text = document(subject, &tree(), &sums(), &natives).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn component<'d>(document: &'d Value, name: &str) -> &'d Value {
    let mut components = document["components"].as_array().unwrap().iter();
    components.find(|component| component["name"] == name).unwrap()
}

#[test]
fn packages_have_licences_sums_and_purls() {
    let document = written(SUBJECT);
    let dep = component(&document, "dep");
    assert_eq!(dep["licenses"], json!([{ "expression": "MIT OR Apache-2.0" }]));
    assert_eq!(dep["hashes"], json!([{ "alg": "SHA-256", "content": "dep-sum" }]));
    assert_eq!(dep["purl"], "pkg:cargo/dep@1.0.0%2Bmore");
    assert_eq!(dep["scope"], "required");
    assert_eq!(component(&document, "derive")["scope"], "excluded");
    let ours = component(&document, "lib");
    assert_eq!(
        ours["purl"],
        "pkg:cargo/lib@0.1.0?vcs_url=git%2Bhttps://example.org/app%40c0ffee"
    );
    assert!(ours["hashes"].is_null());
}

#[test]
fn artifact_is_subject_and_no_component() {
    let document = written(SUBJECT);
    let about = &document["metadata"]["component"];
    assert_eq!(
        (&about["name"], &about["version"]),
        (&json!("app.wasm"), &json!("0.1.0"))
    );
    assert_eq!(document["metadata"]["timestamp"], "2023-11-14T22:13:20Z");
    assert!(
        document["components"]
            .as_array()
            .unwrap()
            .iter()
            .all(|part| part["name"] != "app")
    );
}

#[test]
fn artifact_reaches_every_component() {
    let document = written(SUBJECT);
    let edges = document["dependencies"].as_array().unwrap();
    let of = |reference: &Value| {
        edges.iter().find(|edge| edge["ref"] == *reference).unwrap()["dependsOn"]
            .as_array()
            .unwrap()
    };
    let mut reached = vec![&document["metadata"]["component"]["bom-ref"]];
    let mut next = 0;
    while let Some(reference) = reached.get(next) {
        let more: Vec<&Value> = of(reference).iter().filter(|on| !reached.contains(on)).collect();
        reached.extend(more);
        next += 1;
    }
    let parts = document["components"].as_array().unwrap();
    assert!(
        parts.iter().all(|part| reached.contains(&&part["bom-ref"])),
        "{reached:?}"
    );
    assert_eq!(reached.len(), parts.len() + 1);
    assert_eq!(
        of(&json!("pkg:github/rust-lang/rust@1.95.0")),
        &[json!("pkg:deb/debian/wasi-libc@0.0~git-1")]
    );
}

#[test]
fn serial_number_depends_on_the_content() {
    let one = written(SUBJECT);
    let two = written(Subject {
        commit: "beef",
        ..SUBJECT
    });
    assert_eq!(one, written(SUBJECT));
    assert_ne!(one["serialNumber"], two["serialNumber"]);
    let number = one["serialNumber"].as_str().unwrap();
    let parts: Vec<usize> = number
        .strip_prefix("urn:uuid:")
        .unwrap()
        .split('-')
        .map(str::len)
        .collect();
    assert_eq!(parts, [8, 4, 4, 4, 12]);
}

#[test]
fn leaves_out_unknown_version_and_purl() {
    let component = Native::wasi_libc(None).component();
    assert!(component["version"].is_null() && component["purl"].is_null());
}
