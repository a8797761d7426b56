//! Archives from other machines, for systems that this machine cannot build for. Each is checked before it becomes
//! part of a release.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail, ensure};
use builds::files;
use flags::values::Target;
use memchr::memmem;

use crate::dist;

/// The number of digits of the commit in a program.
const COMMIT: usize = 12;

/// The archives that were found in a directory.
#[derive(Debug, Default)]
pub(super) struct Archives {
    /// The archive for each target.
    pub(super) found: BTreeMap<Target, PathBuf>,
    /// The archive of `wasm-diet` for each target.
    pub(super) diets: BTreeMap<Target, PathBuf>,
    /// The files that cannot be part of a release and the reasons, a line each.
    pub(super) wrong: Vec<String>,
}

/// Finds the archives of programs of `commit` in `directory` and all directories below it.
pub(super) fn find(directory: &Path, commit: &str) -> Archives {
    let mut archives = Archives::default();
    if let Err(error) = archives.gather(directory, commit) {
        archives.wrong.push(format!("{error:#}"));
    }
    archives
}

impl Archives {
    fn gather(&mut self, directory: &Path, commit: &str) -> Result<()> {
        ensure!(
            directory.is_dir(),
            "there is no directory `{}`",
            directory.display()
        );
        for path in files::below(directory)? {
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if !name.ends_with(".tar.gz") {
                continue;
            }
            if name.starts_with("wasm-diet-") {
                if let Err(error) = self.add_diet(name, &path) {
                    self.wrong.push(format!("`{}`: {error:#}", path.display()));
                }
                continue;
            }
            if !name.starts_with("weft-") {
                continue;
            }
            let target = Target::ALL
                .into_iter()
                .find(|target| dist::archive_name(*target) == name);
            let judged = match target {
                Some(target) => self.add(target, &path, commit),
                None => Err(anyhow::anyhow!("it is not an archive of this version")),
            };
            if let Err(error) = judged {
                self.wrong.push(format!("`{}`: {error:#}", path.display()));
            }
        }
        ensure!(
            !self.found.is_empty() || !self.diets.is_empty() || !self.wrong.is_empty(),
            "there is no archive of this version in `{}`: it should hold files such as `{}`",
            directory.display(),
            dist::archive_name(Target::MacosArm64)
        );
        Ok(())
    }

    /// Adds an archive of `wasm-diet`, whose program has no commit in it.
    fn add_diet(&mut self, name: &str, path: &Path) -> Result<()> {
        let mut targets = Target::ALL.into_iter();
        let target = targets
            .find(|target| dist::diet_archive_name(*target) == name)
            .context("it is not an archive of this version")?;
        let bytes = fs::read(path).context("could not read it")?;
        dist::agrees_with_sums(path, &bytes)?;
        dist::program(&bytes, dist::DIET).context("it is damaged")?;
        self.diets.insert(target, path.to_owned());
        Ok(())
    }

    fn add(&mut self, target: Target, path: &Path, commit: &str) -> Result<()> {
        let bytes = fs::read(path).context("could not read it")?;
        dist::agrees_with_sums(path, &bytes)?;
        let program = dist::program(&bytes, target.program()).context("it is damaged")?;
        let short = commit.get(..COMMIT).unwrap_or(commit);
        ensure!(
            memmem::find(&program, short.as_bytes()).is_some(),
            "the program in it is not from commit {commit}"
        );
        match self.found.insert(target, path.to_owned()) {
            Some(other) if fs::read(&other)? != bytes => {
                bail!("`{}` is for {target} too, and differs", other.display())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use builds::digest;

    use super::*;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    fn archive(program: &str, text: &str) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, format!("weft-x/{program}"), text.as_bytes())
            .unwrap();
        files::gzip(&tar.into_inner().unwrap()).unwrap()
    }

    fn put(directory: &Path, name: &str, bytes: &[u8]) {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn finds_archives_in_all_subdirectories() {
        let directory = tempfile::tempdir().unwrap();
        let [mac, windows] = [Target::MacosArm64, Target::WindowsAmd64].map(dist::archive_name);
        put(
            directory.path(),
            &format!("macos/{mac}"),
            &archive("weft", "commit 0123456789ab"),
        );
        put(
            directory.path(),
            &format!("windows/{windows}"),
            &archive("weft.exe", "commit 0123456789ab"),
        );
        let sum = digest::sha256(&archive("weft", "commit 0123456789ab"));
        put(
            directory.path(),
            "macos/SHA256SUMS",
            format!("{sum}  {mac}\n").as_bytes(),
        );
        let archives = find(directory.path(), COMMIT);
        assert_eq!(archives.wrong, Vec::<String>::new());
        assert_eq!(
            archives.found.into_keys().collect::<Vec<_>>(),
            [Target::MacosArm64, Target::WindowsAmd64]
        );
    }

    #[test]
    fn finds_archives_of_wasm_diet() {
        let directory = tempfile::tempdir().unwrap();
        let name = dist::diet_archive_name(Target::LinuxAmd64);
        put(directory.path(), &name, &archive("wasm-diet", "a program"));
        let archives = find(directory.path(), COMMIT);
        assert_eq!(archives.wrong, Vec::<String>::new());
        assert_eq!(
            archives.diets.into_keys().collect::<Vec<_>>(),
            [Target::LinuxAmd64]
        );
        put(directory.path(), &name, &archive("another", "a program"));
        assert!(find(directory.path(), COMMIT).wrong[0].contains("there is no `wasm-diet` in it"));
    }

    #[test]
    fn reports_all_faults_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let [mac, windows] = [Target::MacosArm64, Target::WindowsAmd64].map(dist::archive_name);
        put(
            directory.path(),
            &format!("a/{mac}"),
            &archive("weft", "another commit"),
        );
        put(directory.path(), &format!("b/{windows}"), b"no archive");
        put(
            directory.path(),
            "c/weft-0.0.0-x86_64-unknown-linux-musl.tar.gz",
            b"",
        );
        let good = archive("weft", "commit 0123456789ab");
        put(directory.path(), &format!("d/{mac}"), &good);
        put(
            directory.path(),
            "d/SHA256SUMS",
            format!("{}  {mac}\n", "0".repeat(64)).as_bytes(),
        );
        let wrong = find(directory.path(), COMMIT).wrong.join("\n");
        for part in [
            "is not from commit 0123",
            "damaged",
            "not an archive of this version",
            "SHA256SUMS beside",
        ] {
            assert!(wrong.contains(part), "{wrong}");
        }
    }

    #[test]
    fn refuses_two_different_archives_of_a_target() {
        let directory = tempfile::tempdir().unwrap();
        let name = dist::archive_name(Target::LinuxAmd64);
        for (place, text) in [
            ("a", "0123456789ab"),
            ("b", "0123456789ab"),
            ("c", "0123456789ab, later"),
        ] {
            put(
                directory.path(),
                &format!("{place}/{name}"),
                &archive("weft", text),
            );
        }
        let wrong = find(directory.path(), COMMIT).wrong;
        assert!(wrong.len() == 1 && wrong[0].contains("and differs"), "{wrong:?}");
    }

    #[test]
    fn refuses_directory_without_archives() {
        let directory = tempfile::tempdir().unwrap();
        assert!(find(directory.path(), COMMIT).wrong[0].contains("there is no archive"));
        assert!(find(&directory.path().join("nowhere"), COMMIT).wrong[0].contains("there is no directory"));
    }
}
