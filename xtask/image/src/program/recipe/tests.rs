//! Compares the recipe with `Dockerfile.multi-arch`: the same image in two languages.

use super::*;
use crate::licences::OURS;

/// Returns the instructions of the last stage, each as its keyword and the rest, with continued lines joined.
fn instructions() -> Vec<(String, String)> {
    let root = devkit::project::root().unwrap();
    let text = std::fs::read_to_string(root.join("Dockerfile.multi-arch"))
        .unwrap()
        .replace("\\\n", " ");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let lines = lines.map(|line| {
        let (word, rest) = line.split_once(' ').unwrap();
        (
            word.to_owned(),
            rest.split_whitespace().collect::<Vec<_>>().join(" "),
        )
    });
    let lines: Vec<_> = lines.collect();
    let stage = lines.iter().rposition(|(word, _)| word == "FROM").unwrap();
    lines[stage..].to_vec()
}

/// Returns the rest of the only instruction with the keyword `word`.
fn said(word: &str) -> String {
    let mut found = instructions().into_iter().filter(|(known, _)| known == word);
    let (_, rest) = found.next().unwrap_or_else(|| panic!("no {word}"));
    assert!(found.next().is_none(), "{word} is there twice");
    rest
}

fn list(json: &str) -> Vec<String> {
    serde_json::from_str(json).unwrap()
}

/// Parses `name=value` and `name="value with spaces"`, one after the other.
fn pairs(mut text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    while let Some((name, rest)) = text.split_once('=') {
        let (value, rest) = match rest.strip_prefix('"') {
            Some(rest) => rest.split_once('"').unwrap(),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        pairs.push((name.trim().to_owned(), value.to_owned()));
        text = rest;
    }
    pairs
}

fn recipe() -> Recipe {
    Recipe::new("c0ffee", 1_700_000_000)
}

#[test]
fn runs_as_in_the_dockerfile() {
    let config = recipe().config().unwrap();
    assert_eq!(Some(list(&said("ENTRYPOINT"))), *config.entrypoint());
    assert_eq!(Some(list(&said("CMD"))), *config.cmd());
    assert_eq!(Some(said("WORKDIR")), *config.working_dir());
    assert_eq!(Some(vec![said("EXPOSE")]), *config.exposed_ports());
    assert_eq!(Some(vec![said("VOLUME")]), *config.volumes());
    let variables: Vec<String> = pairs(&said("ENV"))
        .into_iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    assert_eq!(Some(variables), *config.env());
}

#[test]
fn checks_health_as_in_the_dockerfile() {
    let health = healthcheck();
    let expected = format!(
        "--interval={}s --timeout={}s --start-period={}s --retries={} CMD {}",
        health.interval / SECOND,
        health.timeout / SECOND,
        health.start_period / SECOND,
        health.retries,
        serde_json::to_string(&health.test[1..])
            .unwrap()
            .replace(',', ", "),
    );
    assert_eq!(said("HEALTHCHECK"), expected);
}

#[test]
fn has_the_labels_of_the_dockerfile() {
    let said = said("LABEL")
        .replace("${VERSION}", env!("CARGO_PKG_VERSION"))
        .replace("${REVISION}", "c0ffee");
    assert_eq!(pairs(&said).into_iter().collect::<Labels>(), recipe().labels);
}

#[test]
fn holds_the_files_of_the_dockerfile() {
    let copies: Vec<String> = instructions()
        .into_iter()
        .filter(|(word, _)| word == "COPY")
        .map(|(_, rest)| rest)
        .collect();
    let (home, name) = VOLUME.rsplit_once('/').unwrap();
    assert_eq!(
        copies,
        [
            format!("--from=home --chmod=1777 /home/ {home}/"),
            format!("--chmod=0644 {} {LICENCES}/", OURS.join(" ")),
            format!("--from=binaries --chmod=0644 {} {LICENCES}/", notices::FILE_NAME),
            format!("--from=binaries --chmod=0755 weft-linux-${{TARGETARCH}} /{PROGRAM}"),
        ]
    );
    assert_eq!(name, ".clawft");
    for platform in Platform::ALL {
        assert_eq!(
            platform.target().file_name(),
            format!("weft-linux-{}", platform.architecture())
        );
    }
}

#[test]
fn has_the_time_it_was_given() {
    let image = recipe().image(Platform::Arm64, &Digest::of(b"")).unwrap();
    assert_eq!(
        (&image["os"], &image["architecture"]),
        (&"linux".into(), &"arm64".into())
    );
    assert_eq!(image["created"], "2023-11-14T22:13:20Z");
    assert_eq!(image["history"][0]["created"], image["created"]);
    assert_eq!(image["config"]["Healthcheck"]["Retries"], 3);
}
