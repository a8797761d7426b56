//! The steps of the release workflow: images by their digests, an index of them without a tag, and the tags at the end.

use crate::{
    context::{Context, Outcome, REPOSITORY, run},
    server::{Habits, Registry},
};

/// Runs `docker` with these words, and the test's directories.
fn docker(context: &Context, registry: &Registry, words: &[&str]) -> Outcome {
    let mut command = context.command();
    let image = format!("{}/{REPOSITORY}", registry.host);
    command
        .args(["docker", "--builder", "oci", "--image", &image])
        .args(words);
    for (flag, name) in [("--layout", "oci"), ("--digests", "digests")] {
        command.arg(flag).arg(context.path(name));
    }
    run(command)
}

/// Pushes the images for `platforms`, each with a call of its own, to a registry whose tags are immutable.
fn pushed(platforms: &[&str]) -> (Registry, Context) {
    let registry = Registry::start(Habits {
        immutable: true,
        ..Habits::default()
    });
    let context = Context::new();
    let programs = context.path("programs");
    for platform in platforms {
        let words = [
            "--push",
            "--platform",
            platform,
            "--binaries",
            programs.to_str().unwrap(),
        ];
        let outcome = docker(&context, &registry, &words);
        assert!(outcome.succeeded, "{outcome:#?}");
    }
    (registry, context)
}

#[test]
fn tags_index_that_was_pushed_untagged() {
    let (registry, context) = pushed(&["linux/amd64", "linux/arm64"]);
    let untagged = docker(&context, &registry, &["--merge", "--untagged"]);
    assert!(untagged.succeeded, "{untagged:#?}");
    let (_, index) = untagged.stdout.trim_end().split_once('@').unwrap();
    assert_eq!(
        registry.manifest(REPOSITORY, index)["manifests"][1]["platform"]["architecture"],
        "arm64"
    );
    assert_eq!(registry.tags(), 0, "a tag was set");
    // The job may be run again.
    for _ in 0..2 {
        let tagged = docker(&context, &registry, &["--merge", "--tag", "t1"]);
        tagged.pushed(&registry);
        assert_eq!(tagged.stdout, untagged.stdout);
    }
}

#[test]
fn goes_on_without_a_platform_if_allowed() {
    let (registry, context) = pushed(&["linux/amd64"]);
    docker(&context, &registry, &["--merge", "--untagged"]).failed(&["there is no image for linux/arm64"]);
    let partial = ["--merge", "--untagged", "--allow-partial"];
    let untagged = docker(&context, &registry, &partial);
    assert!(
        untagged.succeeded
            && untagged
                .stderr
                .contains("PARTIAL: there is no image for linux/arm64"),
        "{untagged:#?}"
    );
    assert_eq!(registry.tags(), 0, "a tag was set");
    let tagged = docker(
        &context,
        &registry,
        &["--merge", "--tag", "t1", "--allow-partial"],
    );
    assert_eq!(tagged.stdout, untagged.stdout);
    let index = registry.tagged(REPOSITORY, "t1").unwrap();
    assert_eq!(index["manifests"].as_array().map(Vec::len), Some(1), "{index}");
}
