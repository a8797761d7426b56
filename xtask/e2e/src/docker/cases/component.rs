//! The component in a registry, and a release's descriptions of its files, read by clients of other projects.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Error, Result, ensure};
use devkit::project::Project;
use flags::values::Platform;
use image::{
    Digest,
    calls::{self, Component, Tagged},
};
use release::Published;
use serde_json::{Value, json};
use testkit::KEY_VARIABLE;
use toolchain::{Python, Tool};
use xshell::cmd;

use super::cases;
use crate::docker::context::{Builder, ImageContext};

cases! {
    component:
    pulled_component_is_unchanged_and_runs,
    gives_each_component_version_once,
    annotations_repeat_the_metadata_in_the_component,
    documents_and_signatures_are_checked_as_documented,
    sboms_fit_the_cyclonedx_schema,
}

/// A commit and its time, for artifacts that are not a release.
const COMMIT: (&str, u64) = ("0123456789abcdef0123456789abcdef01234567", 1_700_000_000);

/// The component in the case's own layout, and the reference to push it to.
struct Pushed {
    project: Project,
    layout: PathBuf,
    component: Component,
    target: Tagged,
    bytes: Vec<u8>,
}

impl Pushed {
    fn prepare(test: &ImageContext<'_>) -> Result<Self> {
        let project = Project::discover()?;
        let path = artifacts::ensure_built(&project)?.component;
        let layout = test.path("oci-wasm");
        let component = calls::create_component(&project, &layout, &path, COMMIT.0, COMMIT.1)?;
        let image = format!("{}-wasm", test.image()).parse().map_err(Error::msg)?;
        let target = Tagged {
            image,
            tag: "9.9.9".parse().map_err(Error::msg)?,
            insecure: false,
        };
        Ok(Self {
            project,
            layout,
            component,
            target,
            bytes: fs::read(path)?,
        })
    }

    /// Pushes it, and returns whether it was new in the registry.
    fn push(&self) -> Result<bool> {
        let Self {
            project,
            layout,
            component,
            target,
            ..
        } = self;
        Ok(calls::publish_component(project, layout, &component.manifest, target)?.new)
    }

    /// Returns the digest of the manifest under the tag.
    fn found(&self) -> Result<Option<String>> {
        let found = calls::find(&self.project, &self.target)?;
        Ok(found.map(|digest| digest.to_string()))
    }
}

fn pulled_component_is_unchanged_and_runs(test: &ImageContext<'_>) -> Result<()> {
    let pushed = Pushed::prepare(test)?;
    pushed.push()?;
    let directory = test.path("pulled");
    fs::create_dir_all(&directory)?;
    let reference = format!("{}:{}", pushed.target.image, pushed.target.tag);
    script(
        test,
        &pushed.project,
        "pull",
        &json!({ "reference": reference, "directory": directory }),
    )?;
    let component = directory.join("clawft.wasm");
    ensure!(
        fs::read(&component)? == pushed.bytes,
        "the pulled component differs from the pushed one"
    );
    answers(test, &pushed.project, &component)
}

/// Checks that `component` runs in wasmtime and gets an answer from the mock provider.
fn answers(test: &ImageContext<'_>, project: &Project, component: &Path) -> Result<()> {
    let shell = test.shell()?;
    let wasmtime = toolchain::tool(project, Tool::Wasmtime)?;
    let (config, message) = (test.path("config"), test.path("message"));
    fs::create_dir_all(&config)?;
    fs::copy(test.configure()?, config.join("config.json"))?;
    fs::write(&message, "hello")?;
    let granted = format!("{}::/config", config.display());
    let key = format!("{KEY_VARIABLE}=none");
    let run = cmd!(
        shell,
        "{wasmtime} run -S http --dir {granted} --env {key} {component}"
    );
    test.run_with(run, &message)?.answered("echo: hello")
}

fn gives_each_component_version_once(test: &ImageContext<'_>) -> Result<()> {
    let pushed = Pushed::prepare(test)?;
    ensure!(pushed.found()?.is_none(), "a version is there that nobody pushed");
    ensure!(pushed.push()?, "the first push found it there");
    let there = pushed.found()?.context("the push left nothing")?;
    ensure!(
        there == pushed.component.manifest.to_string(),
        "the registry has {there}"
    );
    ensure!(!pushed.push()?, "the second push sent something");
    let layout = test.path("oci-other");
    let path = artifacts::ensure_built(&pushed.project)?.component;
    let other = calls::create_component(&pushed.project, &layout, &path, COMMIT.0, COMMIT.1 + 1)?;
    let refused = calls::publish_component(&pushed.project, &layout, &other.manifest, &pushed.target);
    let error = refused
        .err()
        .context("another component took the version")?
        .to_string();
    ensure!(
        error.contains(&format!("already names {there}")),
        "the error says `{error}`"
    );
    ensure!(
        pushed.found()? == Some(there),
        "the version names another manifest now"
    );
    Ok(())
}

fn annotations_repeat_the_metadata_in_the_component(test: &ImageContext<'_>) -> Result<()> {
    let pushed = Pushed::prepare(test)?;
    pushed.push()?;
    let manifest = test.raw(&format!("{}:{}", pushed.target.image, pushed.target.tag))?;
    let annotation = |name: &str| &manifest["annotations"][format!("org.opencontainers.image.{name}")];
    let component = test.path("clawft.wasm");
    fs::write(&component, &pushed.bytes)?;
    let shell = test.shell()?;
    let tools = toolchain::tool(&pushed.project, Tool::WasmTools)?;
    let shown = test.run(cmd!(shell, "{tools} metadata show --json {component}"))?;
    ensure!(shown.exit == Some(0), "wasm-tools failed: {}", shown.stderr);
    let shown: Value = serde_json::from_str(&shown.stdout).context("wasm-tools printed no JSON")?;
    let shown = &shown["component"]["metadata"];
    ensure!(shown["name"] == "clawft", "the name is {}", shown["name"]);
    for name in ["version", "revision", "licenses", "source"] {
        ensure!(
            shown[name].is_string() && shown[name] == *annotation(name),
            "{name}: the component has {}, the manifest {}",
            shown[name],
            annotation(name)
        );
    }
    let packages = shown["dependencies"]
        .as_str()
        .context("there is no list of packages")?;
    let packages: Value = serde_json::from_str(packages)?;
    let names = packages["packages"].as_array().into_iter().flatten();
    let names: Vec<&str> = names.filter_map(|package| package["name"].as_str()).collect();
    ensure!(
        names.contains(&"clawft-core") && names.contains(&"wasip2"),
        "the packages are {names:?}"
    );
    Ok(())
}

fn documents_and_signatures_are_checked_as_documented(test: &ImageContext<'_>) -> Result<()> {
    let pushed = Pushed::prepare(test)?;
    pushed.push()?;
    test.push(Builder::Oci, &["latest"])?;
    let digest = |text: &str| text.parse::<Digest>().map_err(Error::msg);
    let index = test.under("latest")?;
    let (_, index) = index.split_once('@').context("the index has no digest")?;
    let list = test.raw(&format!("{}:latest", test.image()))?;
    let images = list["manifests"].as_array().context("there are no images")?;
    let images = Platform::ALL.into_iter().zip(images).map(|(platform, image)| {
        Ok((
            platform,
            digest(image["digest"].as_str().context("an image has no digest")?)?,
        ))
    });
    let published = Published {
        image: test.image().parse().map_err(Error::msg)?,
        index: digest(index)?,
        images: images.collect::<Result<_>>()?,
        component: pushed.target.image.clone(),
        manifest: pushed.component.manifest,
    };
    published.attest(&pushed.project, COMMIT.0, COMMIT.1)?;
    let (private, public) = (test.path("private.pem"), test.path("public.pem"));
    let shell = test.shell()?;
    for command in [
        cmd!(
            shell,
            "openssl ecparam -genkey -name prime256v1 -noout -out {private}"
        ),
        cmd!(shell, "openssl ec -in {private} -pubout -out {public}"),
    ] {
        ensure!(test.run(command)?.exit == Some(0), "openssl made no key");
    }
    published.sign(&pushed.project, &private)?;
    let images = published.images.values().chain([&published.index]);
    let subjects = images.map(|digest| (&published.image, digest));
    for (image, digest) in subjects.chain([(&published.component, &published.manifest)]) {
        // The index has the list of packages of each of its images.
        let lists = if digest == &published.index {
            published.images.len()
        } else {
            1
        };
        let mut types = vec!["application/vnd.cyclonedx+json"; lists];
        types.push("application/vnd.in-toto+json");
        script(
            test,
            &pushed.project,
            "referrers",
            &json!({ "repository": image.to_string(), "digest": digest.to_string(), "types": types }),
        )
        .with_context(|| format!("oras could not list the documents of {image}@{digest}"))?;
        let values = format!(
            "registry=http://{} repository={} digest={digest} key={}",
            image.registry(),
            image.repository(),
            public.display()
        );
        documented_commands_succeed(test, &values)
            .with_context(|| format!("could not check {image}@{digest}"))?;
    }
    Ok(())
}

/// Runs the commands of docs/verify.md about a registry, with these values of their variables.
fn documented_commands_succeed(test: &ImageContext<'_>, values: &str) -> Result<()> {
    let document = fs::read_to_string(test.fixture.root.join("docs/verify.md"))?;
    let section = document
        .split("\n## ")
        .find(|section| section.starts_with("In the registry"));
    let section = section.context("docs/verify.md has no such section")?;
    let commands: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("$ "))
        .collect();
    let (first, commands) = commands.split_first().context("the section has no commands")?;
    ensure!(
        first.starts_with("registry="),
        "the first line sets no variables: `{first}`"
    );
    let directory = test.path("checked");
    fs::create_dir_all(&directory)?;
    let script = test.path("commands");
    let lines = ["set -euo pipefail", values]
        .into_iter()
        .chain(commands.iter().copied());
    fs::write(&script, lines.collect::<Vec<_>>().join("\n"))?;
    let shell = test.shell()?;
    shell.change_dir(&directory);
    let outcome = test.run(cmd!(shell, "bash {script}"))?;
    ensure!(
        outcome.exit == Some(0),
        "the commands failed: {}{}",
        outcome.stdout,
        outcome.stderr
    );
    let read = |name: &str| -> Result<Value> {
        serde_json::from_slice(&fs::read(directory.join(name))?)
            .with_context(|| format!("`{name}` is not JSON"))
    };
    ensure!(
        read("sbom.cdx.json")?["bomFormat"] == "CycloneDX",
        "the SBOM is none"
    );
    let origin = read("provenance.json")?;
    ensure!(
        origin["predicateType"] == "https://slsa.dev/provenance/v1"
            && origin["predicate"]["buildDefinition"]["externalParameters"]["commit"] == COMMIT.0,
        "the provenance is `{origin}`"
    );
    ensure!(
        outcome.stdout.contains("Verified OK"),
        "openssl printed no result"
    );
    Ok(())
}

fn sboms_fit_the_cyclonedx_schema(test: &ImageContext<'_>) -> Result<()> {
    let project = Project::discover()?;
    let documents = release::sboms(&project, COMMIT.0, COMMIT.1)?;
    let parse = |(name, text): (&String, &String)| Ok((name.clone(), serde_json::from_str(text)?));
    let parsed = documents
        .iter()
        .map(parse)
        .collect::<Result<BTreeMap<String, Value>>>()?;
    script(
        test,
        &project,
        "sbom",
        &json!({ "documents": documents, "parsed": parsed }),
    )
}

/// Runs a case of `xtask/acceptance/release.py` in Python, with the input `given`.
fn script(test: &ImageContext<'_>, project: &Project, case: &str, given: &Value) -> Result<()> {
    let programs = toolchain::python(project, Python::Release)?;
    let python = programs.join("python3");
    let script = test.fixture.root.join("xtask/acceptance/release.py");
    let input = test.path("given.json");
    fs::write(&input, given.to_string())?;
    let shell = test.shell()?;
    let run = cmd!(shell, "{python} -B {script} {case}");
    let outcome = test.run_with(run, &input)?;
    fs::remove_file(&input)?;
    let last = outcome.stderr.lines().last().unwrap_or_default();
    ensure!(outcome.exit == Some(0), "{last}");
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_every_case_of_the_script() {
        let script = include_str!("../../../../acceptance/release.py");
        // Without whitespace, so that the line breaks of a call do not matter.
        let ours: String = include_str!("component.rs").split_whitespace().collect();
        for definition in script.split("@case\ndef ").skip(1) {
            let name = definition.split('(').next().unwrap();
            assert!(
                ours.contains(&format!("\"{name}\",&json!")),
                "no case runs {name}"
            );
        }
    }
}
