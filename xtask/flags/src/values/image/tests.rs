use proptest::prelude::*;

use super::*;

fn name(text: &str) -> ImageName {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn refused<T: FromStr<Err = String>>(text: &str) -> String {
    text.parse::<T>()
        .err()
        .unwrap_or_else(|| panic!("`{text}` was taken"))
}

#[test]
fn separates_registry_and_path_as_docker() {
    for (text, registry, repository) in [
        ("ghcr.io/clawft/clawft", "ghcr.io", "clawft/clawft"),
        ("localhost/clawft", "localhost", "clawft"),
        ("localhost:5000/a/b/c", "localhost:5000", "a/b/c"),
        ("127.0.0.1:5000/clawft", "127.0.0.1:5000", "clawft"),
        ("[::1]:5000/clawft", "[::1]:5000", "clawft"),
        ("clawft/clawft", "docker.io", "clawft/clawft"),
        ("clawft", "docker.io", "library/clawft"),
        ("example.org/a.b/c__d/e--f", "example.org", "a.b/c__d/e--f"),
    ] {
        let name = name(text);
        assert_eq!(
            (name.registry.as_str(), name.repository.as_str()),
            (registry, repository),
            "{text}"
        );
    }
}

#[test]
fn refuses_invalid_names_with_the_reason() {
    for (text, reason) in [
        ("ghcr.io/clawft/clawft:latest", "give that with `--tag`"),
        ("clawft:1", "give that with `--tag`"),
        ("ghcr.io/clawft@sha256:00", "it has a digest"),
        ("ghcr.io/Clawft/clawft", "lower case only"),
        ("ghcr.io//clawft", "between slashes"),
        ("ghcr.io/clawft/", "between slashes"),
        ("ghcr.io/-clawft", "between slashes"),
        ("ghcr.io/a..b", "between slashes"),
        ("ghcr.io/a___b", "between slashes"),
        ("https://ghcr.io/clawft", "not a host"),
        ("ghcr.io:port/clawft", "not a host"),
        ("ghcr.io:99999/clawft", "not a host"),
        ("-.io/clawft", "not a host"),
        ("[::z]:1/clawft", "not a host"),
        ("", "between slashes"),
        ("a b", "between slashes"),
    ] {
        let error = refused::<ImageName>(text);
        assert!(error.contains(reason), "`{text}`: {error}");
    }
    assert!(refused::<ImageName>(&format!("ghcr.io/{}", "a".repeat(250))).contains("255"));
}

#[test]
fn refuses_tags_that_are_invalid() {
    for text in ["latest", "v1.2.3", "1.2", "_x", "A-b_c.d", &"t".repeat(128)] {
        assert_eq!(text.parse::<Tag>().unwrap().to_string(), text);
    }
    for (text, reason) in [
        ("", "empty"),
        (".x", "begins"),
        ("-x", "begins"),
        ("a/b", "only"),
        ("a:b", "only"),
        ("ü", "only"),
    ] {
        assert!(refused::<Tag>(text).contains(reason), "{text}");
    }
    assert!(refused::<Tag>(&"t".repeat(129)).contains("128"));
}

#[test]
fn branch_becomes_the_nearest_tag() {
    for (branch, tag) in [
        ("main", "main"),
        ("feature/x y", "feature-x-y"),
        (".hidden", "hidden"),
        ("é", "-"),
    ] {
        let nearest = Tag::nearest(branch).map(|tag| tag.to_string());
        assert_eq!(
            nearest.ok(),
            Some(tag.to_owned()).filter(|tag| tag != "-"),
            "{branch}"
        );
    }
}

proptest! {
    #[test]
    fn displayed_name_parses_again(text in "[a-z0-9A-Z._:/@-]{0,40}") {
        if let Ok(name) = text.parse::<ImageName>() {
            prop_assert_eq!(name.to_string().parse::<ImageName>(), Ok(name));
        }
    }

    #[test]
    fn parser_never_panics_on_any_text(text in ".*") {
        let _ = text.parse::<ImageName>();
        if let Ok(tag) = Tag::nearest(&text) {
            prop_assert_eq!(tag.to_string().parse::<Tag>(), Ok(tag));
        }
    }
}
