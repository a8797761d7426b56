//! Executes the plan, step by step.

use std::{cell::OnceCell, collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, Error, Result, anyhow, bail, ensure};
use builds::{budget::Budget, files, progress};
use devkit::{package::RELEASE, project::Project, ui};
use flags::values::{ImageName, Platform, Tag, Target};
use image::{Digest, Reference};
use oci_spec::image::Descriptor;

use crate::{
    builder::{Assembler, Buildx},
    digests::Digests,
    document,
    layout::Layout,
    licences::{self, Licences},
    make::{self, Ingredients, Made},
    plan::Step,
    publisher::{Imagetools, LayoutPublisher, Publisher, RegistryPublisher},
    recipe::Recipe,
    registry::Registry,
    release::{self, Wanted},
    report::{self, Report},
    request::Request,
    verify::verify,
};

/// Everything that the steps share.
pub(crate) struct Executor<'w> {
    project: &'w Project,
    request: &'w Request,
    recipe: &'w Recipe,
    /// The revision that the images of an index must have.
    revision: Option<&'w str>,
    /// Created when it is needed: an earlier failure leaves an existing one unchanged.
    layout: OnceCell<Layout>,
    licences: OnceCell<Licences>,
    registry: Registry<'w>,
    binaries: BTreeMap<Platform, PathBuf>,
    /// Images that were made and not reported yet.
    made: BTreeMap<Platform, Result<Made>>,
    images: BTreeMap<Platform, Descriptor>,
    failed: BTreeMap<Platform, Error>,
    report: Report,
}

impl<'w> Executor<'w> {
    /// Prepares the execution of `request`; the images of an index must have `revision`, if it is known.
    pub(crate) fn new(
        project: &'w Project,
        request: &'w Request,
        recipe: &'w Recipe,
        revision: Option<&'w str>,
    ) -> Result<Self> {
        Ok(Self {
            project,
            request,
            recipe,
            revision,
            layout: OnceCell::new(),
            licences: OnceCell::new(),
            registry: Registry::new(&request.image, request.access.clone()),
            binaries: BTreeMap::new(),
            made: BTreeMap::new(),
            images: BTreeMap::new(),
            failed: BTreeMap::new(),
            report: Report::new(&request.image),
        })
    }

    /// Executes the steps, and returns a report.
    pub(crate) fn take(mut self, steps: &[Step]) -> Result<Report> {
        for step in steps {
            let platform = step
                .platform()
                .filter(|platform| self.failed.contains_key(platform));
            if platform.is_some() {
                continue;
            }
            match (self.step(*step), *step) {
                (Ok(()), _) => {}
                // The other platforms are tried as well, so that all failures are reported at once.
                (Err(error), Step::Binary(platform) | Step::Image(platform)) => {
                    self.failed.insert(platform, error);
                }
                (Err(error), _) => return Err(error),
            }
        }
        self.warn();
        Ok(self.report)
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step {
            Step::LogIn => self.registry.ensure_push(),
            Step::Binary(platform) => self.binary(platform),
            Step::Image(platform) => self.image(platform),
            Step::Settle => self.settle(),
            Step::Load(platform) => self.load(platform),
            Step::Forget => self.digests().forget(),
            Step::Push(platform) => self.push(platform),
            Step::Record(platform) => self.record(platform),
            Step::Gather => self.gather(),
            Step::List => self.publish("Listed", |executor| Ok(Box::new(executor.local()?))),
            Step::Publish => self.publish("Tagged", Self::remote),
        }
    }

    fn binary(&mut self, platform: Platform) -> Result<()> {
        let path = match &self.request.binaries {
            Some(directory) => directory.join(platform.target().file_name()),
            None => built(self.project, platform.target())?,
        };
        ensure!(path.is_file(), "there is no binary `{}`", path.display());
        if self.request.binaries.is_some() {
            let revision = self.recipe.revision();
            let budget = Budget::of(self.project)?;
            verify(&files::read(&path)?, platform, revision, &budget)
                .with_context(|| format!("`{}` must not ship", path.display()))?;
        }
        self.binaries.insert(platform, path);
        Ok(())
    }

    fn image(&mut self, platform: Platform) -> Result<()> {
        if self.made.is_empty() {
            self.made = self.make()?;
        }
        let made = self.made.remove(&platform);
        let Made { image, size } = made.with_context(|| format!("there is no binary for {platform}"))??;
        let digest = document::digest(&image)?;
        ui::status("Made", &format!("{platform} {digest} ({})", report::size(size)));
        self.report.made(platform, &self.request.image, &digest).size = Some(size);
        self.images.insert(platform, image);
        // The layout lists its images even without an index.
        self.layout()?.list(self.images.values().cloned().collect())
    }

    /// Makes the images of all binaries that are not made yet.
    fn make(&self) -> Result<BTreeMap<Platform, Result<Made>>> {
        let mut programs = self.binaries.clone();
        programs.retain(|platform, _| !self.images.contains_key(platform));
        let from = Ingredients {
            programs: &programs,
            licences: self.licences()?,
            layout: self.layout()?,
        };
        Ok(match self.request.builder {
            flags::Builder::Docker => make::build(&self.buildx(), from),
            flags::Builder::Oci => make::assemble(&Assembler { recipe: self.recipe }, from),
        })
    }

    /// Decides whether anything is pushed. Nothing has left this machine yet.
    fn settle(&mut self) -> Result<()> {
        if self.failed.is_empty() || (self.request.allow_partial && !self.images.is_empty()) {
            self.report.missing = self.failed.keys().copied().collect();
            self.failed
                .iter()
                .for_each(|(platform, error)| ui::warn(&format!("{platform} failed: {error:#}")));
            return Ok(());
        }
        let failed: Vec<Platform> = self.failed.keys().copied().collect();
        let reasons = self
            .failed
            .iter()
            .map(|(platform, error)| format!("{platform}: {error:#}"));
        let reasons = reasons.collect::<Vec<_>>().join("\n");
        bail!(anyhow!("{reasons}").context(format!(
            "could not make the image for {}, so nothing was pushed or tagged",
            Platform::in_words(&failed)
        )))
    }

    fn load(&mut self, platform: Platform) -> Result<()> {
        let names = self.names_of(platform)?;
        let digest = self
            .buildx()
            .load(platform, &self.binaries[&platform], self.licences()?, &names)?;
        let image = Reference::new(&self.request.image, &digest);
        self.report.made(platform, &self.request.image, &digest).image = image;
        let names: Vec<String> = names
            .iter()
            .map(|(image, tag)| format!("{image}:{tag}"))
            .collect();
        ui::status("Loaded", &format!("{platform} as {}", names.join(", ")));
        Ok(())
    }

    /// Returns the names of the image of `platform` in an engine, which keeps one image under a name: with
    /// several platforms each has names of its own.
    fn names_of(&self, platform: Platform) -> Result<Vec<(ImageName, Tag)>> {
        let goal = &self.request.goal;
        let suffix = match goal.platforms() {
            [_] => String::new(),
            _ => format!("-{}", platform.architecture()),
        };
        let named = |tag: &Tag| {
            Ok((
                self.request.image.clone(),
                Tag::nearest(&format!("{tag}{suffix}"))?,
            ))
        };
        goal.tags()
            .iter()
            .map(named)
            .collect::<Result<_, String>>()
            .map_err(Error::msg)
    }

    fn push(&mut self, platform: Platform) -> Result<()> {
        let digest = self.digest(platform)?;
        let pushed = progress::show(
            "Pushing",
            &format!("{platform} to {}", self.request.image),
            || self.registry.push(self.layout()?, &digest),
        )?;
        let sent = pushed.sent;
        let all = pushed.sent + pushed.present;
        ui::status(
            "Pushed",
            &format!("{platform} {digest} ({sent} of {all} blobs had to be sent)"),
        );
        self.report.made(platform, &self.request.image, &digest).sent = Some(sent);
        Ok(())
    }

    fn record(&mut self, platform: Platform) -> Result<()> {
        let image = Reference::new(&self.request.image, &self.digest(platform)?);
        let path = self.digests().record(platform, &image)?;
        ui::status("Recorded", &path.display().to_string());
        Ok(())
    }

    /// Reads the images with the recorded digests from the registry; images made by this machine do not
    /// count.
    fn gather(&mut self) -> Result<()> {
        let mut found = BTreeMap::new();
        for (platform, recorded) in self.digests().read(&self.request.image)? {
            let image = self.registry.inspect(&recorded.digest);
            let image = image.with_context(|| {
                format!("the image recorded for {platform} cannot be used, and no tag was moved")
            })?;
            found.insert(platform, image);
        }
        let wanted = Wanted {
            allow_partial: self.request.allow_partial,
            revision: self.revision,
        };
        let release = release::release(&found, wanted)?;
        for (platform, image) in &found {
            self.report.made(
                *platform,
                &self.request.image,
                &document::digest(&image.descriptor)?,
            );
        }
        self.report.missing = release.missing;
        self.images = found.into_keys().zip(release.images).collect();
        Ok(())
    }

    fn publish(
        &mut self,
        verb: &str,
        publisher: impl FnOnce(&Self) -> Result<Box<dyn Publisher + '_>>,
    ) -> Result<()> {
        let tags = self.request.goal.tags();
        let images = self.images.values().cloned().collect();
        let digest = publisher(self)?.publish(images, tags)?;
        let shown: Vec<String> = tags.iter().map(ToString::to_string).collect();
        match &shown[..] {
            [] => ui::status("Pushed", &format!("{digest}, without a tag")),
            _ => ui::status(verb, &format!("{digest} as {}", shown.join(", "))),
        }
        self.report.list = Some(Reference::new(&self.request.image, &digest));
        self.report.tags = tags.to_vec();
        Ok(())
    }

    fn local(&self) -> Result<LayoutPublisher<'_>> {
        Ok(LayoutPublisher {
            layout: self.layout()?,
            recipe: self.recipe,
        })
    }

    fn remote(&self) -> Result<Box<dyn Publisher + '_>> {
        let (registry, recipe) = (&self.registry, self.recipe);
        Ok(match self.request.builder {
            flags::Builder::Oci => Box::new(RegistryPublisher {
                local: self.local()?,
                registry,
            }),
            flags::Builder::Docker => {
                let project = self.project;
                let image = &self.request.image;
                Box::new(Imagetools {
                    project,
                    image,
                    recipe,
                    registry,
                })
            }
        })
    }

    fn layout(&self) -> Result<&Layout> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = Layout::create(&self.request.layout)?;
        Ok(self.layout.get_or_init(|| layout))
    }

    fn licences(&self) -> Result<&Licences> {
        if let Some(licences) = self.licences.get() {
            return Ok(licences);
        }
        let licences = licences::read(self.project)?;
        Ok(self.licences.get_or_init(|| licences))
    }

    /// Returns the digest of the image that was made or found for `platform`.
    fn digest(&self, platform: Platform) -> Result<Digest> {
        let image = self
            .images
            .get(&platform)
            .with_context(|| format!("there is no image for {platform}"))?;
        document::digest(image)
    }

    /// Printed last, so that the user sees it.
    fn warn(&self) {
        if self.report.missing.is_empty() {
            return;
        }
        let missing = Platform::in_words(&self.report.missing);
        let there = self.images.keys().copied().collect::<Vec<_>>();
        let line = "!".repeat(72);
        ui::warn_widely(&format!(
            "\n{line}\nPARTIAL: there is no image for {missing}. {} has {} only,\nand whoever runs it elsewhere gets \
             an error.\n{line}",
            self.request.image,
            Platform::in_words(&there),
        ));
    }

    fn buildx(&self) -> Buildx<'w> {
        Buildx {
            project: self.project,
            recipe: self.recipe,
        }
    }

    fn digests(&self) -> Digests<'w> {
        Digests::at(&self.request.digests)
    }
}

/// Returns the binary for `target`, which the package `release` builds if need be.
fn built(project: &Project, target: Target) -> Result<PathBuf> {
    let path = RELEASE.read(
        project,
        ["binary", target.name()],
        &format!("build {}", target.file_name()),
    )?;
    Ok(PathBuf::from(path))
}
