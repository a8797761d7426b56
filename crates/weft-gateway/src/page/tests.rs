use std::io::Read as _;

use flate2::read::GzDecoder;

use super::*;

/// The directory of the libraries.
const LIBRARIES: &str = "libraries/";

fn text(file: &File) -> String {
    let mut text = String::new();
    GzDecoder::new(file.gzip).read_to_string(&mut text).unwrap();
    text
}

/// Returns the addresses of files in the page.
fn addresses(html: &str) -> Vec<&str> {
    html.split('"')
        .filter_map(|text| {
            text.strip_prefix("page/")?
                .strip_prefix(VERSION)?
                .strip_prefix('/')
        })
        .collect()
}

#[test]
fn page_names_files_that_exist() {
    let html = str::from_utf8(&PAGE.html).unwrap();
    let named = addresses(html);
    assert!(named.len() > 5 && !html.contains("VERSION"), "{html}");
    for name in named {
        assert!(FILES.iter().any(|file| file.name == name), "{name}");
    }
    for tag in ["<style", "<script>", " style=", " onclick=", "http://", "\r"] {
        assert!(!html.contains(tag), "{tag}");
    }
    assert!(PAGE.tag.len() > 40);
}

#[test]
fn scripts_make_no_markup_or_code_from_text() {
    let forbidden = [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
        "http://",
        "\r",
    ];
    for file in FILES.iter().filter(|file| !file.name.starts_with(LIBRARIES)) {
        let text = text(file);
        for forbidden in forbidden {
            assert!(!text.contains(forbidden), "{}: {forbidden}", file.name);
        }
    }
}

#[test]
fn policy_forbids_inline_code_and_other_servers() {
    for forbidden in ["unsafe", "http", "*", "wasm"] {
        assert!(!POLICY.contains(forbidden), "{forbidden}");
    }
    for required in ["default-src 'none'", "trusted-types 'none'", "script-src 'self'"] {
        assert!(POLICY.contains(required), "{required}");
    }
}

#[test]
fn modules_import_files_that_exist() {
    for file in FILES.iter().filter(|file| !file.name.starts_with(LIBRARIES)) {
        for line in text(file).lines() {
            let imported = line
                .split("from \"./")
                .nth(1)
                .or(line.split("import(\"./").nth(1));
            let Some(name) = imported.and_then(|rest| rest.split('"').next()) else {
                continue;
            };
            assert!(
                FILES.iter().any(|file| file.name == name),
                "{}: {name}",
                file.name
            );
        }
    }
}

#[test]
fn libraries_are_those_of_the_list() {
    let list: serde_json::Value = serde_json::from_str(include_str!("libraries/libraries.json")).unwrap();
    let listed = list["modules"].as_object().unwrap();
    let found: Vec<&File> = FILES
        .iter()
        .filter(|file| file.name.starts_with(LIBRARIES))
        .collect();
    assert_eq!(found.len(), listed.len());
    for file in found {
        let digest = Sha256::digest(text(file).as_bytes());
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            listed[file.name.trim_start_matches(LIBRARIES)],
            digest,
            "{}",
            file.name
        );
    }
}

#[test]
fn libraries_fit_their_share_of_the_program() {
    let size: usize = FILES.iter().map(|file| file.gzip.len()).sum();
    assert!(size < 300_000, "{size} bytes");
}

#[tokio::test]
async fn known_page_is_not_sent_again() {
    let first = page(HeaderMap::new()).await;
    assert_eq!(first.status(), 200);
    let tag = first.headers()["etag"].clone();
    let with = |tags: &str| {
        let tags = HeaderValue::from_str(tags).unwrap();
        page(HeaderMap::from_iter([(header::IF_NONE_MATCH, tags)]))
    };
    let tag = tag.to_str().unwrap();
    assert_eq!(with(tag).await.status(), 304);
    assert_eq!(with(&format!("\"x\", W/{tag}")).await.status(), 304);
    assert_eq!(with("\"x\"").await.status(), 200);
}

#[tokio::test]
async fn file_is_of_this_version_alone() {
    let get = |version: &str, name: &str| file(Path((version.to_owned(), name.to_owned())));
    let found = get(VERSION, "main.js").await.ok().unwrap();
    assert_eq!(found.headers()["content-type"], "text/javascript; charset=utf-8");
    assert!(get("0000000000000000", "main.js").await.is_err());
    assert!(get(VERSION, "page.html").await.is_err());
}
