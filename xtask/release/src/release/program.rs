//! The programs of a release, and how each is built.

use std::fs;

use anyhow::{Context as _, Result};
use devkit::project::Project;
use flags::values::{Artifact, Target};
use toml::{Table, Value};

use super::metadata::Build;
use crate::dist;

/// The configuration file of every build.
const COMMON: &str = ".cargo/config.toml";

/// A program in a file of a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Program {
    /// The component, or the module.
    Wasm(Artifact),
    /// `weft` for this target.
    Weft(Target),
    /// `wasm-diet` for this target.
    Diet(Target),
}

impl Program {
    /// Returns all programs that are ever released, from any machine.
    pub(super) fn all() -> Vec<Self> {
        let wasm = Artifact::ALL.into_iter().map(Self::Wasm);
        let diet = Target::ALL.into_iter().filter(|target| target.is_static());
        wasm.chain(Target::ALL.map(Self::Weft))
            .chain(diet.map(Self::Diet))
            .collect()
    }

    /// Returns the name of the file that holds the program.
    pub(super) fn file_name(self) -> String {
        match self {
            Self::Wasm(artifact) => artifact.file_name().to_owned(),
            Self::Weft(target) => dist::archive_name(target),
            Self::Diet(target) => dist::diet_archive_name(target),
        }
    }

    /// Returns its package.
    pub(super) fn package(self) -> &'static str {
        match self {
            Self::Wasm(artifact) => artifact.package(),
            Self::Weft(_) => "weft",
            Self::Diet(_) => "wasm-diet",
        }
    }

    /// Returns the arguments of cargo about the features of its package.
    pub(super) fn features(self) -> &'static [&'static str] {
        match self {
            Self::Wasm(artifact) => artifact.features(),
            Self::Weft(_) => &[],
            Self::Diet(_) => notices::BINARYEN,
        }
    }

    /// Returns its Rust target.
    pub(super) fn target(self) -> &'static str {
        match self {
            Self::Wasm(artifact) => artifact.target(),
            Self::Weft(target) | Self::Diet(target) => target.triple(),
        }
    }

    /// Returns its name, its profile, and the file after cargo's `--config`.
    fn settings(self) -> [&'static str; 3] {
        match self {
            Self::Wasm(Artifact::Served | Artifact::ServedP3) => {
                ["clawft_serve", "release-wasm", ".cargo/size-optimised.toml"]
            }
            Self::Wasm(_) => ["clawft", "release-wasm", ".cargo/size-optimised.toml"],
            Self::Weft(_) => ["weft", "release-weft", ".cargo/release-weft.toml"],
            Self::Diet(_) => ["wasm-diet", "release-weft", ".cargo/release-weft.toml"],
        }
    }

    /// Returns how it is built, with these features of its package.
    ///
    /// # Errors
    /// Fails if a file of cargo's configuration cannot be read.
    pub(super) fn build(self, project: &Project, features: &[String]) -> Result<Build> {
        let [program, profile, config] = self.settings();
        let mut flags = Vec::new();
        for path in [COMMON, config] {
            let text = fs::read_to_string(project.root.join(path));
            let text = text.with_context(|| format!("could not read `{path}`"))?;
            flags.extend(
                flags_for(&text, self.target()).with_context(|| format!("could not understand `{path}`"))?,
            );
        }
        Ok(Build {
            package: self.package().to_owned(),
            program: program.to_owned(),
            target: self.target().to_owned(),
            features: features.to_vec(),
            profile: profile.to_owned(),
            config: vec![config.to_owned()],
            flags,
        })
    }
}

/// Returns the flags of rustc in a file of cargo's configuration for `target`.
fn flags_for(config: &str, target: &str) -> Result<Vec<String>> {
    let config: Table = toml::from_str(config)?;
    let flags = config
        .get("target")
        .and_then(|targets| targets.get(target)?.get("rustflags"));
    let flags = flags.and_then(Value::as_array).into_iter().flatten();
    Ok(flags.filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_flags_of_both_files_in_order() {
        let project = Project::discover().unwrap();
        let build = Program::Wasm(Artifact::Component)
            .build(&project, &["wasi-raw".to_owned()])
            .unwrap();
        assert_eq!(build.flags[..2], ["-C", "link-arg=-zstack-size=262144"]);
        assert!(
            build.flags.contains(&"-Zfmt-debug=none".to_owned()),
            "{:?}",
            build.flags
        );
        assert_eq!(build.target, "wasm32-wasip2");
        let weft = Program::Weft(Target::LinuxArm64).build(&project, &[]).unwrap();
        assert_eq!(weft.flags, ["-C", "link-self-contained=no"]);
    }

    #[test]
    fn finds_no_flags_for_other_targets() {
        assert_eq!(
            flags_for("[target.x]\nrunner = \"y\"\n", "x").unwrap(),
            Vec::<String>::new()
        );
        assert_eq!(flags_for("", "x").unwrap(), Vec::<String>::new());
    }
}
