//! Carries out the plan.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Error, Result, ensure};
use builds::{files::read, interrupt::Interrupt, progress, temporary};
use devkit::{cmd, package::XTASK, project::Project, revision, ui};
use flags::values::{Artifact, Target};
use image::{
    Reference,
    calls::{self, Component, Kept, Tagged},
};
use xshell::cmd;

use super::{
    describe::{Describer, Description},
    facts::Facts,
    metadata::{self, Kind, Metadata},
    notes,
    plan::Step,
    program::Program,
    report::Report,
    request::{Request, VERSION, git_tag},
    sbom,
    staging::{About, Staging},
    toolchain::Toolchain,
};
use crate::dist;

/// The name of the release.
const NAME: &str = "clawft";

/// The header's path in the checkout, and its name in a release.
const HEADER: (&str, &str) = ("crates/clawft-wasm/include/clawft.h", "clawft.h");

/// The name of the notices beside the component. Archives have their own.
const NOTICES: &str = "clawft-THIRD-PARTY-NOTICES.txt";

/// The directory of the component's layout for a registry, in `target/dist`.
pub(super) const COMPONENT_LAYOUT: &str = "oci-wasm";

/// The state that the steps share.
pub(super) struct Executor<'w> {
    project: &'w Project,
    request: &'w Request,
    facts: &'w Facts,
    commit: &'w str,
    time: u64,
    /// The directory of the unfinished release; `None` once it is in place.
    staging: Option<Staging>,
    /// The programs, by the name of the file that holds each.
    programs: BTreeMap<String, Program>,
    images: Option<Kept>,
    component: Option<Component>,
    metadata: Option<Metadata>,
    directory: PathBuf,
    pushed: Option<Reference>,
    tagged: bool,
}

impl<'w> Executor<'w> {
    /// Prepares a release of the commit in `facts`.
    pub(super) fn new(project: &'w Project, request: &'w Request, facts: &'w Facts) -> Result<Self> {
        let directory = dist::release_directory(&project.dist);
        Ok(Self {
            project,
            request,
            facts,
            commit: facts
                .commit
                .as_deref()
                .context("these sources are not in a commit")?,
            time: revision::time(project)?,
            staging: Some(Staging::begin(directory.clone())?),
            programs: BTreeMap::new(),
            images: None,
            component: None,
            metadata: None,
            directory,
            pushed: None,
            tagged: facts.is_tagged(),
        })
    }

    /// Carries out the steps and returns the report.
    pub(super) fn run(mut self, steps: &[Step]) -> Result<Report> {
        steps.iter().try_for_each(|step| self.step(*step))?;
        let release = self.metadata.context("nothing was described")?;
        let tag = self.tagged.then(git_tag);
        Ok(Report {
            directory: self.directory,
            pushed: self.pushed,
            tag,
            release,
        })
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Check => self
                .check()
                .context("the checks did not pass; nothing was released"),
            Step::Wasm => self.wasm(),
            Step::Archives => self.archives(),
            Step::Images => self.images(),
            Step::Component => self.component(),
            Step::Describe => self.describe(),
            Step::Settle => self.settle(),
            Step::Push => self.push(),
            Step::Tag => self.tag(),
        }
    }

    /// Runs the steps of `cargo xtask ci` that have not passed for this commit. Its table is not part of the
    /// release's result.
    fn check(&self) -> Result<()> {
        let interrupt = Interrupt::watch()?;
        let checked = XTASK.run(
            self.project,
            ["ci", "--full", "--resume"],
            "pass the checks of `cargo xtask ci`",
        );
        if interrupt.happened() {
            interrupt.exit();
        }
        checked
    }

    fn wasm(&mut self) -> Result<()> {
        let made = artifacts::release(self.project)?;
        let component = made.component.with_extension("wasm.gz");
        let files = [
            (
                made.component,
                Kind::Component,
                "the component, for WASI preview 2",
                Some(Program::Wasm(Artifact::Component)),
            ),
            (
                component,
                Kind::CompressedComponent,
                "the component, compressed",
                None,
            ),
            (
                made.wasip1,
                Kind::Module,
                "a core module, for WASI preview 1",
                Some(Program::Wasm(Artifact::Wasip1Module)),
            ),
            (
                made.served,
                Kind::Served,
                "the HTTP API as a component for hosts of wasi:http, WASI 0.2",
                Some(Program::Wasm(Artifact::Served)),
            ),
            (
                made.served_p3,
                Kind::Served,
                "the HTTP API as a component for hosts of wasi:http, WASI 0.3",
                Some(Program::Wasm(Artifact::ServedP3)),
            ),
            (
                self.project.root.join(HEADER.0),
                Kind::Header,
                "the C header for hosts that drive the module",
                None,
            ),
            (
                self.project.dist.join("size.json"),
                Kind::Sizes,
                "the purpose of each byte of the WebAssembly files",
                None,
            ),
        ];
        for (path, kind, what, program) in files {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .context("a file has no name")?
                .to_owned();
            let about = About {
                kind,
                what: what.to_owned(),
                build: None,
            };
            self.staging()?.put(&name, &read(&path)?, about)?;
            self.programs.extend(program.map(|program| (name, program)));
        }
        let document = notices::document(self.project, notices::CLAWFT)?;
        let about = About {
            kind: Kind::Notices,
            what: "licences and notices of the third parties whose code is in the WebAssembly files"
                .to_owned(),
            build: None,
        };
        self.staging()?.put(NOTICES, document.as_bytes(), about)
    }

    fn archives(&mut self) -> Result<()> {
        let directory = temporary::directory()?;
        let here = |target: Target| directory.path().join(dist::archive_name(target));
        let made = dist::archives(self.project, directory.path())?;
        let mut paths: BTreeMap<Target, PathBuf> =
            made.into_iter().map(|target| (target, here(target))).collect();
        for (target, path) in &self.facts.archives.found {
            if let Some(ours) = paths.get(target) {
                let same = read(ours)? == read(path)?;
                ensure!(
                    same,
                    "`{}` differs from this machine's own archive of the same commit",
                    path.display()
                );
            }
            paths.insert(*target, path.clone());
        }
        for (target, path) in &paths {
            let name = dist::archive_name(*target);
            let what = format!(
                "`weft` for {}, with its man page and completions",
                target.in_words()
            );
            self.staging()?.put(
                &name,
                &read(path)?,
                About {
                    kind: Kind::Archive,
                    what,
                    build: None,
                },
            )?;
            self.programs.insert(name, Program::Weft(*target));
        }
        for target in Target::ALL {
            self.package(target, directory.path())?;
        }
        self.installers()?;
        self.archives_of_wasm_diet()?;
        let missing: Vec<&str> = Target::ALL
            .iter()
            .filter(|target| !paths.contains_key(target))
            .map(|target| target.name())
            .collect();
        if !missing.is_empty() {
            ui::warn(&format!(
                "there is no archive for {}: make it on another machine with `cargo xtask dist`, and `--artifacts DIR` \
                 adds them",
                missing.join(", ")
            ));
        }
        Ok(())
    }

    /// Adds Debian's package for `target` that this machine made in `directory`, if it made one.
    fn package(&mut self, target: Target, directory: &Path) -> Result<()> {
        let Some(name) = dist::package_name(target).filter(|name| directory.join(name).is_file()) else {
            return Ok(());
        };
        let about = About {
            kind: Kind::Package,
            what: format!(
                "the same for {}, as a package for Debian and Ubuntu",
                target.in_words()
            ),
            build: None,
        };
        self.staging()?.put(&name, &read(&directory.join(&name))?, about)
    }

    /// Adds the scripts that install `weft`.
    fn installers(&mut self) -> Result<()> {
        for (name, systems) in dist::INSTALLERS {
            let about = About {
                kind: Kind::Installer,
                what: format!("a script that installs `weft` on {systems}"),
                build: None,
            };
            let bytes = read(&self.project.root.join(name))?;
            self.staging()?.put(name, &bytes, about)?;
        }
        Ok(())
    }

    /// Adds the archives of `wasm-diet`, which compiles C++ for many minutes and is made by a command of its own.
    fn archives_of_wasm_diet(&mut self) -> Result<()> {
        for (target, path) in &self.facts.archives.diets {
            let name = dist::diet_archive_name(*target);
            let about = About {
                kind: Kind::Archive,
                what: format!("`wasm-diet` with Binaryen inside, for {}", target.in_words()),
                build: None,
            };
            self.staging()?.put(&name, &read(path)?, about)?;
            self.programs.insert(name, Program::Diet(*target));
        }
        if self.facts.archives.diets.is_empty() {
            ui::warn(
                "there is no archive of wasm-diet: make it with `cargo xtask dist --wasm-diet`, and `--artifacts DIR` \
                 adds it",
            );
        }
        Ok(())
    }

    fn images(&mut self) -> Result<()> {
        let tag = git_tag().parse().map_err(Error::msg)?;
        let kept = calls::keep(self.project, self.commit, self.time, tag)?;
        self.images = Some(kept);
        Ok(())
    }

    fn component(&mut self) -> Result<()> {
        let component = self.staging()?.path().join(Artifact::Component.file_name());
        let layout = self.component_layout();
        let made = calls::create_component(self.project, &layout, &component, self.commit, self.time)?;
        ui::status(
            "Made",
            &format!("the component for a registry, {}", made.manifest),
        );
        self.component = Some(made);
        Ok(())
    }

    // SBOMs come first, because the metadata lists them.
    fn describe(&mut self) -> Result<()> {
        ui::status("Describing", "the components of each file");
        let describer = Describer::new(self.project, self.commit, self.time)?;
        for (name, program) in self.programs.clone() {
            let file = self
                .staging()?
                .files
                .get_mut(&name)
                .with_context(|| format!("there is no {name}"))?;
            let Description { build, sbom } = describer.describe(program, &name, &file.sha256)?;
            file.build = Some(build);
            let what = format!("the components of `{name}`, as a CycloneDX document");
            let about = About {
                kind: Kind::Sbom,
                what,
                build: None,
            };
            self.staging()?
                .put(&format!("{name}{}", sbom::SUFFIX), sbom.as_bytes(), about)?;
        }
        let metadata = self.metadata(&describer.toolchain)?;
        let staging = self.staging()?;
        staging.write(metadata::FILE_NAME, metadata.text()?.as_bytes())?;
        let notes = notes::notes(&metadata, &self.facts.changelog)?;
        self.staging()?.write(notes::FILE_NAME, notes.as_bytes())?;
        self.metadata = Some(metadata);
        Ok(())
    }

    fn metadata(&mut self, toolchain: &Toolchain) -> Result<Metadata> {
        let images = self.images.clone().context("there are no images")?;
        let component = self.component.clone().context("there is no component")?;
        Ok(Metadata {
            name: NAME.to_owned(),
            version: VERSION.to_owned(),
            source: env!("CARGO_PKG_REPOSITORY").to_owned(),
            commit: self.commit.to_owned(),
            time: self.time,
            toolchain: toolchain.metadata(),
            files: self.staging()?.files.clone(),
            images: metadata::Images {
                index: images.index,
                platforms: images.images,
            },
            component: metadata::Component {
                manifest: component.manifest,
                config: component.config,
                layer: component.layer,
            },
        })
    }

    fn settle(&mut self) -> Result<()> {
        let staging = self.staging.take().context("the release is already in place")?;
        self.directory = staging.settle()?;
        ui::status("Finished", &format!("{}", self.directory.display()));
        Ok(())
    }

    fn push(&mut self) -> Result<()> {
        let Some(target @ Tagged { image, tag, .. }) = &self.request.push else {
            return Ok(());
        };
        let component = self.component.as_ref().context("there is no component")?;
        let pushed = progress::show("Pushing", &format!("the component to {image}"), || {
            calls::push_component(
                self.project,
                &self.component_layout(),
                &component.manifest,
                target,
            )
        })?;
        match pushed.new {
            true => ui::status(
                "Pushed",
                &format!("{image}@{}; `--stage tag` tags it {tag}", component.manifest),
            ),
            false => ui::status(
                "Fresh",
                &format!("{image}:{tag} exists already, as {}", component.manifest),
            ),
        }
        self.pushed = Some(pushed.reference);
        Ok(())
    }

    fn tag(&mut self) -> Result<()> {
        let shell = self.project.shell()?;
        let tag = git_tag();
        let commit = self.commit;
        let message = format!("{NAME} {VERSION}");
        cmd::run(
            cmd!(shell, "git tag --annotate {tag} --message {message} {commit}"),
            "tag the commit",
        )?;
        self.tagged = true;
        ui::status(
            "Tagged",
            &format!("{commit} as {tag}; now type `git push origin {tag}`"),
        );
        Ok(())
    }

    /// Returns the directory of the component's layout for a registry.
    fn component_layout(&self) -> PathBuf {
        self.project.dist.join(COMPONENT_LAYOUT)
    }

    fn staging(&mut self) -> Result<&mut Staging> {
        self.staging.as_mut().context("the release is already in place")
    }
}
