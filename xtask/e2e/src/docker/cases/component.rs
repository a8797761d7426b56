//! The component in a registry, and a release's descriptions of its files, read by clients of other projects.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Error, Result, ensure};
use devkit::project::Project;
use image::calls::{self, Component, Tagged};
use serde_json::{Value, json};
use testkit::KEY_VARIABLE;
use toolchain::{Python, Tool};
use xshell::cmd;

use super::cases;
use crate::docker::context::ImageContext;

cases! {
    component:
    pulled_component_is_unchanged_and_runs,
    gives_each_component_version_once,
    annotations_repeat_the_metadata_in_the_component,
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
        let (path, layout) = (
            artifacts::ensure_built(&project)?.component,
            test.path("oci-wasm"),
        );
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
    let (shell, wasmtime) = (test.shell()?, toolchain::tool(project, Tool::Wasmtime)?);
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
    let (layout, path) = (
        test.path("oci-other"),
        artifacts::ensure_built(&pushed.project)?.component,
    );
    let other = calls::create_component(&pushed.project, &layout, &path, COMMIT.0, COMMIT.1 + 1)?;
    let refused = calls::publish_component(&pushed.project, &layout, &other.manifest, &pushed.target);
    let error = refused
        .err()
        .context("another component took the version")?
        .to_string();
    ensure!(
        error.contains(&format!("stands for {there} already")),
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
    let (shell, tools) = (test.shell()?, toolchain::tool(&pushed.project, Tool::WasmTools)?);
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
    let (python, script) = (
        programs.join("python3"),
        test.fixture.root.join("xtask/acceptance/release.py"),
    );
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
