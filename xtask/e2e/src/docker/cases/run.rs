//! A tag on each platform: its program is the right one, serves, stores sessions and needs no privileges.

use std::{fs, process};

use anyhow::{Context as _, Result, ensure};
use builds::secrets;
use testkit::http;

use super::cases;
use crate::docker::{
    container::Container,
    context::{Builder, ImageContext},
};

/// The files of an image, in their order.
const FILES: [&str; 4] = [
    "licenses/LICENSE-APACHE",
    "licenses/LICENSE-MIT",
    "licenses/THIRD-PARTY-NOTICES.txt",
    "weft",
];

cases! {
    run:
    docker_image_runs_on_every_platform,
    oci_image_runs_on_every_platform,
    runs_unprivileged_on_read_only_root,
    published_port_needs_a_token,
    image_holds_program_licences_and_no_key,
}

/// The platforms, with a part of the version of each program.
const PLATFORMS: [(&str, &str); 2] = [
    ("linux/amd64", "x86_64-unknown-linux-musl"),
    ("linux/arm64", "aarch64-unknown-linux-musl"),
];

fn docker_image_runs_on_every_platform(test: &ImageContext<'_>) -> Result<()> {
    serves(test, Builder::Docker)
}

fn oci_image_runs_on_every_platform(test: &ImageContext<'_>) -> Result<()> {
    serves(test, Builder::Oci)
}

fn serves(test: &ImageContext<'_>, builder: Builder) -> Result<()> {
    test.push(builder, &["run"])?;
    let image = format!("{}:run", test.image());
    let home = test.path("home");
    fs::create_dir_all(&home)?;
    fs::copy(test.configure()?, home.join("config.json"))?;
    let volume = format!("{}:/root/.clawft", home.display());
    for (platform, target) in PLATFORMS {
        let version = test.docker_prints(&[
            "run",
            "--rm",
            "--pull",
            "always",
            "--platform",
            platform,
            &image,
            "--version",
        ])?;
        ensure!(
            version.contains(target),
            "on {platform} the program is `{version}`"
        );
        let container = Container::start(test, &image, platform, &["--volume", &volume])?;
        let text = http::say(&container.address, "kept", &format!("on {platform}"))?.text()?;
        ensure!(
            text == format!("echo: on {platform}"),
            "on {platform} it answers `{text}`"
        );
        container.exec(&["weft", "status"])?;
        container.stop()?;
    }
    let session = fs::read_to_string(home.join("sessions/kept.json")).context("no session was kept")?;
    ensure!(
        PLATFORMS
            .iter()
            .all(|(platform, _)| session.contains(&format!("on {platform}"))),
        "a turn was lost"
    );
    Ok(())
}

fn runs_unprivileged_on_read_only_root(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["user"])?;
    let image = format!("{}:user", test.image());
    let config = format!("{}:/root/.clawft/config.json:ro", test.configure()?.display());
    let rights = ["--user", "65532:65532", "--read-only", "--cap-drop", "ALL"];
    let rights = [&rights[..], &["--security-opt", "no-new-privileges"]].concat();
    // An anonymous volume, which is made for this container.
    let words = [&rights[..], &["--volume", "/root/.clawft", "--volume", &config]].concat();
    let container = Container::start(test, &image, "linux/amd64", &words)?;
    let text = http::say(&container.address, "kept", "hello")?.text()?;
    ensure!(text == "echo: hello", "it answers `{text}`");
    let sessions = container.exec(&["weft", "sessions", "list"])?;
    ensure!(
        sessions.contains("kept"),
        "the session is not in the volume: `{sessions}`"
    );
    // Without a volume, and with another home.
    let words = [
        &rights[..],
        &["--tmpfs", "/data:mode=1777", "--env", "CLAWFT_HOME=/data"],
    ]
    .concat();
    let config = format!("{}:/data/config.json:ro", test.path("config.json").display());
    let container = Container::start(
        test,
        &image,
        "linux/amd64",
        &[&words[..], &["--volume", &config]].concat(),
    )?;
    let text = http::say(&container.address, "kept", "hello")?.text()?;
    ensure!(text == "echo: hello", "with another home it answers `{text}`");
    Ok(())
}

fn published_port_needs_a_token(test: &ImageContext<'_>) -> Result<()> {
    test.push(Builder::Oci, &["net"])?;
    let network = format!("clawft-smoke-{}", process::id());
    test.docker_prints(&["network", "create", &network])?;
    let tried = on_network(test, &format!("{}:net", test.image()), &network);
    test.docker_prints(&["network", "rm", &network])?;
    tried
}

fn on_network(test: &ImageContext<'_>, image: &str, network: &str) -> Result<()> {
    let config = format!("{}:/root/.clawft/config.json:ro", test.configure()?.display());
    let container = Container::publish(test, image, network, &["--volume", &config])?;
    let status = |path, token| -> Result<u16> { Ok(http::get(&container.address, path, token)?.status) };
    ensure!(status("/readyz", None)? == 200, "it is not ready");
    ensure!(status("/v1/models", None)? == 401, "it asks for no token");
    let token = container.file("/root/.clawft/gateway-token")?;
    ensure!(
        status("/v1/models", Some(token.trim()))? == 200,
        "it does not know its own token"
    );
    ensure!(
        !container.log()?.contains(token.trim()),
        "the token is in the log"
    );
    Ok(())
}

fn image_holds_program_licences_and_no_key(test: &ImageContext<'_>) -> Result<()> {
    for builder in [Builder::Docker, Builder::Oci] {
        test.push(builder, &["files"])?;
        for (platform, _) in PLATFORMS {
            let files = files(test, platform)?;
            ensure!(
                files == FILES,
                "with {}, {platform} holds {files:?}",
                builder.name()
            );
        }
    }
    Ok(())
}

/// Returns the files of the image, without those that the engine adds to every container.
fn files(test: &ImageContext<'_>, platform: &str) -> Result<Vec<String>> {
    let image = format!("{}:files", test.image());
    let id = test.docker_prints(&["create", "--pull", "always", "--platform", platform, &image])?;
    let path = test.path("exported.tar");
    let exported = test.docker_prints(&["export", "--output", &path.display().to_string(), &id]);
    test.docker_prints(&["rm", "--volumes", &id])?;
    exported?;
    let bytes = fs::read(&path)?;
    fs::remove_file(&path)?;
    secrets::scan(&bytes).with_context(|| format!("the image for {platform}"))?;
    let mut files = Vec::new();
    for entry in tar::Archive::new(&bytes[..]).entries()? {
        let entry = entry?;
        let path = entry.path()?.display().to_string();
        let engines = ["dev/", "etc/", "proc/", "sys/", ".dockerenv"]
            .iter()
            .any(|directory| path.starts_with(directory));
        if !engines && !entry.header().entry_type().is_dir() {
            files.push(path);
        }
    }
    Ok(files)
}
