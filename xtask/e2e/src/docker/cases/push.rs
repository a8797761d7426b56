//! The result of a push in the registry: one index of the images of all platforms, whichever builder made them.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::cases;
use crate::docker::context::{Builder, ImageContext};

cases! {
    push:
    docker_tags_index_of_all_platforms,
    oci_tags_index_of_all_platforms,
    oci_repeats_digests_and_sends_nothing,
    docker_repeats_digests_and_sends_nothing,
    merges_platforms_pushed_by_machines,
    resumes_broken_push_unseen_by_anyone,
    keeps_everything_local_without_push,
}

/// The maximum compressed size of an image in bytes.
const LARGEST: u64 = 5_000_000;

fn docker_tags_index_of_all_platforms(test: &ImageContext<'_>) -> Result<()> {
    one_list(test, Builder::Docker)
}

fn oci_tags_index_of_all_platforms(test: &ImageContext<'_>) -> Result<()> {
    one_list(test, Builder::Oci)
}

fn one_list(test: &ImageContext<'_>, builder: Builder) -> Result<()> {
    let list = test.push(builder, &["v9.9.9", "9.9", "latest"])?;
    for tag in ["v9.9.9", "9.9", "latest"] {
        let platforms = test.platforms(tag)?;
        ensure!(
            platforms == ["linux/amd64", "linux/arm64"],
            "`{tag}` is a list of {platforms:?}"
        );
        ensure!(
            test.under(tag)? == list,
            "`{tag}` is not the list that was printed"
        );
    }
    for image in images(&test.raw(&list)?)? {
        let recorded = fs::read_to_string(test.digests().join(image.platform.replace('/', "-")))?;
        ensure!(
            recorded == format!("{}@{}\n", test.image(), image.digest),
            "recorded is `{recorded}`"
        );
        let manifest = test.raw(recorded.trim_end())?;
        let blobs = manifest["layers"]
            .as_array()
            .context("the image has no layers")?
            .iter();
        let size: u64 = blobs
            .chain([&manifest["config"]])
            .filter_map(|piece| piece["size"].as_u64())
            .sum();
        ensure!(
            size < LARGEST,
            "{} takes {size} bytes to transfer",
            image.platform
        );
    }
    Ok(())
}

/// An image in an index.
struct Listed {
    platform: String,
    digest: String,
}

fn images(list: &Value) -> Result<Vec<Listed>> {
    let images = list["manifests"].as_array().context("there is no list")?.iter();
    let listed = images.map(|image| {
        let word = |value: &Value| value.as_str().unwrap_or("?").to_owned();
        let platform = &image["platform"];
        Listed {
            platform: format!("{}/{}", word(&platform["os"]), word(&platform["architecture"])),
            digest: word(&image["digest"]),
        }
    });
    Ok(listed.collect())
}

fn docker_repeats_digests_and_sends_nothing(test: &ImageContext<'_>) -> Result<()> {
    again(test, Builder::Docker)
}

fn oci_repeats_digests_and_sends_nothing(test: &ImageContext<'_>) -> Result<()> {
    again(test, Builder::Oci)
}

fn again(test: &ImageContext<'_>, builder: Builder) -> Result<()> {
    let first = test.push(builder, &["one"])?;
    let words = ["--push", "--json", "--builder", builder.name(), "--tag", "two"];
    let second = test.xtask(&words)?;
    ensure!(second.exit == Some(0), "the second push failed");
    let report: Value = serde_json::from_str(&second.stdout).context("stdout is not JSON")?;
    ensure!(
        report["list"] == Value::String(first),
        "the second push made another list"
    );
    for platform in ["linux/amd64", "linux/arm64"] {
        let sent = &report["images"][platform]["sent"];
        ensure!(
            sent.as_u64() == Some(0),
            "{sent} blobs of {platform} were sent again"
        );
    }
    Ok(())
}

fn merges_platforms_pushed_by_machines(test: &ImageContext<'_>) -> Result<()> {
    for (platform, builder) in [("linux/amd64", Builder::Docker), ("linux/arm64", Builder::Oci)] {
        let one = test.xtask(&["--push", "--platform", platform, "--builder", builder.name()])?;
        ensure!(one.exit == Some(0), "the push of {platform} failed");
        test.has_no_tag("merged")?;
    }
    let merge = |builder: Builder| -> Result<String> {
        let merged = test.xtask(&["--merge", "--tag", "merged", "--builder", builder.name()])?;
        ensure!(merged.exit == Some(0), "the merge failed");
        Ok(merged.stdout.trim_end().to_owned())
    };
    for builder in [Builder::Oci, Builder::Docker] {
        let list = merge(builder)?;
        ensure!(
            test.under("merged")? == list,
            "the tag is not the list that was printed"
        );
        ensure!(
            test.platforms("merged")? == ["linux/amd64", "linux/arm64"],
            "the list lacks a platform"
        );
    }
    Ok(())
}

fn resumes_broken_push_unseen_by_anyone(test: &ImageContext<'_>) -> Result<()> {
    // A push is incomplete when all blobs but the last exist.
    let half = test.xtask(&["--push", "--platform", "linux/amd64", "--builder", "oci"])?;
    ensure!(half.exit == Some(0), "the first half of the push failed");
    test.has_no_tag("whole")?;
    let whole = test.xtask(&["--push", "--builder", "oci", "--tag", "whole"])?;
    whole.said(&[
        "linux/amd64",
        "(0 of 2 blobs had to be sent)",
        "(2 of 2 blobs had to be sent)",
    ])?;
    ensure!(
        test.platforms("whole")? == ["linux/amd64", "linux/arm64"],
        "the list lacks a platform"
    );
    Ok(())
}

fn keeps_everything_local_without_push(test: &ImageContext<'_>) -> Result<()> {
    let layout = test.xtask(&["--builder", "oci", "--tag", "here"])?;
    ensure!(layout.exit == Some(0), "the images were not made");
    let index: Value = serde_json::from_slice(&fs::read(test.path("oci/index.json"))?)?;
    let digest = index["manifests"][0]["digest"]
        .as_str()
        .context("the layout names no list")?;
    layout.printed(&format!("{}@{digest}", test.image()))?;
    let loaded = test.xtask(&["--builder", "docker", "--tag", "here"])?;
    ensure!(loaded.exit == Some(0), "the images were not loaded");
    for platform in ["amd64", "arm64"] {
        let image = format!("{}:here-{platform}", test.image());
        let architecture =
            test.docker_prints(&["image", "inspect", "--format", "{{.Architecture}}", &image])?;
        test.docker_prints(&["rmi", &image])?;
        ensure!(
            architecture == platform,
            "the image for {platform} is for {architecture}"
        );
    }
    test.has_no_tag("here")
}
