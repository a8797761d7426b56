//! Failures are reported, and move no tag.

use std::fs;

use anyhow::{Result, ensure};
use builds::files;

use super::cases;
use crate::docker::{
    container::free_port,
    context::{Builder, ImageContext, failed},
};

cases! {
    failures:
    failed_platform_stops_the_push,
    allow_partial_warns_of_missing_platform,
    refuses_missing_or_foreign_digests,
    refuses_images_of_different_revisions,
    names_registry_that_is_unreachable,
}

/// Returns a directory with only the binary for amd64.
fn half(test: &ImageContext<'_>) -> Result<String> {
    let directory = test.path("half");
    fs::create_dir_all(&directory)?;
    fs::copy(
        test.fixture.binaries.join("weft-linux-amd64"),
        directory.join("weft-linux-amd64"),
    )?;
    Ok(directory.display().to_string())
}

fn failed_platform_stops_the_push(test: &ImageContext<'_>) -> Result<()> {
    let half = half(test)?;
    let image = test.image();
    for builder in [Builder::Docker, Builder::Oci] {
        let words = [
            "--push",
            "--image",
            &image,
            "--binaries",
            &half,
            "--tag",
            "x",
            "--builder",
            builder.name(),
        ];
        let outcome = test.xtask_as_it_is(&words)?;
        failed(
            &outcome,
            &["could not make the image for linux/arm64, so nothing was pushed or tagged"],
        )?;
        outcome.said(&["there is no binary", "weft-linux-arm64"])?;
        test.has_no_tag("x")?;
        ensure!(!test.digests().exists(), "a digest was recorded");
    }
    Ok(())
}

fn allow_partial_warns_of_missing_platform(test: &ImageContext<'_>) -> Result<()> {
    let half = half(test)?;
    let image = test.image();
    let words = [
        "--push",
        "--image",
        &image,
        "--binaries",
        &half,
        "--tag",
        "x",
        "--allow-partial",
    ];
    for builder in [Builder::Docker, Builder::Oci] {
        let outcome = test.xtask_as_it_is(&[&words[..], &["--builder", builder.name()]].concat())?;
        ensure!(
            outcome.exit == Some(0),
            "exit code {:?}, expected 0",
            outcome.exit
        );
        outcome.said(&["PARTIAL: there is no image for linux/arm64"])?;
        ensure!(
            test.platforms("x")? == ["linux/amd64"],
            "the list is of {:?}",
            test.platforms("x")?
        );
    }
    // One machine could not push it, but another may still merge without it.
    let merge = ["--merge", "--tag", "merged", "--builder", "oci"];
    failed(
        &test.xtask(&merge)?,
        &["there is no image for linux/arm64: with `--allow-partial`"],
    )?;
    test.has_no_tag("merged")?;
    test.xtask(&[&merge[..], &["--allow-partial"]].concat())?
        .said(&["PARTIAL"])?;
    ensure!(
        test.platforms("merged")? == ["linux/amd64"],
        "the merged list is of something else"
    );
    Ok(())
}

fn refuses_missing_or_foreign_digests(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["good"])?;
    let [amd64, arm64] = ["linux-amd64", "linux-arm64"].map(|name| test.digests().join(name));
    let (of_amd64, of_arm64) = (files::read_text(&amd64)?, files::read_text(&arm64)?);
    let refused = |text: Option<&str>, words: &[&str]| -> Result<()> {
        match text {
            Some(text) => fs::write(&arm64, text)?,
            None => fs::remove_file(&arm64)?,
        }
        for builder in [Builder::Docker, Builder::Oci] {
            failed(
                &test.xtask(&["--merge", "--tag", "bad", "--builder", builder.name()])?,
                words,
            )?;
        }
        test.has_no_tag("bad")
    };
    refused(None, &["there is no image for linux/arm64"])?;
    refused(
        Some(&of_amd64),
        &["was recorded for linux/arm64, and is a second image for linux/amd64"],
    )?;
    let (head, last) = of_arm64.trim_end().split_at(of_arm64.trim_end().len() - 1);
    let tampered = format!("{head}{}", if last == "0" { "1" } else { "0" });
    refused(
        Some(&tampered),
        &["the image recorded for linux/arm64 cannot be used, and no tag was moved"],
    )?;
    refused(
        Some("latest"),
        &["linux-arm64: `latest` is not of the form `name@sha256:…`"],
    )?;
    fs::write(&arm64, of_arm64)?;
    fs::copy(&amd64, test.digests().join("linux-amd64-2"))?;
    let merge = test.xtask(&["--merge", "--tag", "bad", "--builder", "oci"])?;
    failed(&merge, &["linux-amd64-2: this is the name of no platform"])
}

fn refuses_images_of_different_revisions(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["good"])?;
    // An image of another revision, as a push from another checkout would leave it.
    let image = format!("{}:other", test.image());
    let root = &test.fixture.root;
    let dockerfile = root.join("Dockerfile.multi-arch").display().to_string();
    let binaries = test.fixture.binaries.display().to_string();
    let words = [
        "buildx",
        "build",
        "--file",
        &dockerfile,
        "--platform",
        "linux/arm64",
        "--provenance=false",
        "--build-arg",
        "BINARIES=dist",
    ];
    let binaries = format!("dist={binaries}");
    let context = root.display().to_string();
    let words = [
        &words[..],
        &[
            "--build-context",
            &binaries,
            "--build-arg",
            "REVISION=another",
            "--tag",
            &image,
            "--push",
            &context,
        ],
    ]
    .concat();
    test.docker_prints(&words)?;
    fs::write(test.digests().join("linux-arm64"), test.under("other")?)?;
    let merge = test.xtask(&["--merge", "--tag", "bad", "--builder", "oci"])?;
    failed(&merge, &["their revisions differ", "linux/arm64 is of another"])?;
    test.has_no_tag("bad")
}

fn names_registry_that_is_unreachable(test: &ImageContext<'_>) -> Result<()> {
    let registry = format!("127.0.0.1:{}", free_port()?);
    let image = format!("{registry}/clawft");
    let binaries = test.fixture.binaries.display().to_string();
    for builder in [Builder::Docker, Builder::Oci] {
        let words = [
            "--push",
            "--image",
            &image,
            "--binaries",
            &binaries,
            "--tag",
            "x",
            "--builder",
            builder.name(),
        ];
        let outcome = test.xtask_as_it_is(&words)?;
        failed(&outcome, &[&format!("could not reach `{registry}`"), "refused"])?;
        outcome.took(0..60)?;
    }
    Ok(())
}
