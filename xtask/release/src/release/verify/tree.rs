//! Other checkouts of these sources: of a commit, or of the current files.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use builds::files;
use devkit::{cmd, project::Project, revision};
use xshell::{Shell, cmd};

/// The number of lines of git's output in an error.
const TAIL: usize = 20;

/// Clones the checkout to `to`, at `commit`.
///
/// # Errors
/// Fails if the commit is not in the checkout.
pub(super) fn clone(project: &Project, commit: &str, to: &Path) -> Result<()> {
    let shell = project.shell()?;
    let name = format!("{commit}^{{commit}}");
    let asked = cmd!(shell, "git rev-parse --verify --quiet --end-of-options {name}");
    ensure!(
        cmd::output(asked, "ask git")?.status.success(),
        "the commit {commit} is not in `{}`: run `git fetch`",
        project.root.display()
    );
    clone_empty(project, to)?;
    let there = at(to)?;
    let checkout = cmd!(there, "git checkout --quiet --detach {commit}");
    cmd::run_quietly(checkout, &format!("check out {commit} in the clone"), TAIL)
}

/// Updates the checkout at `to` to our commit and files, including uncommitted changes. Unchanged files are not
/// touched, so that cargo builds only what changed.
pub(super) fn follow(project: &Project, to: &Path) -> Result<()> {
    if !to.join(".git").exists() {
        clone_empty(project, to)?;
    }
    let there = at(to)?;
    let root = &project.root;
    let fetch = cmd!(there, "git fetch --quiet --force --update-shallow {root} HEAD");
    cmd::run_quietly(fetch, "fetch what is checked out", TAIL)?;
    cmd::run_quietly(
        cmd!(there, "git reset --quiet --mixed FETCH_HEAD"),
        "take over the commit",
        TAIL,
    )?;
    let wanted = revision::files(&project.shell()?, root)?;
    for path in revision::files(&there, to)?.difference(&wanted) {
        let path = to.join(path);
        fs::remove_file(&path).with_context(|| format!("could not remove `{}`", path.display()))?;
    }
    wanted
        .iter()
        .try_for_each(|path| bring_up_to_date(&root.join(path), &to.join(path)))
}

/// Makes a clone without files. It shares no files with ours.
fn clone_empty(project: &Project, to: &Path) -> Result<()> {
    let shell = project.shell()?;
    let root = &project.root;
    let clone = cmd!(
        shell,
        "git clone --quiet --no-hardlinks --no-checkout {root} {to}"
    );
    cmd::run_quietly(clone, "clone the checkout", TAIL)
}

fn bring_up_to_date(from: &Path, to: &Path) -> Result<()> {
    let new = files::read(from)?;
    let is_same = fs::read(to).is_ok_and(|old| old == new) && mode(from) == mode(to);
    if is_same {
        return Ok(());
    }
    let write = || {
        fs::create_dir_all(to.parent().unwrap_or(to))?;
        fs::write(to, &new)?;
        fs::set_permissions(to, fs::metadata(from)?.permissions())
    };
    write().with_context(|| format!("could not write `{}`", to.display()))
}

fn mode(path: &Path) -> Option<fs::Permissions> {
    fs::metadata(path).ok().map(|it| it.permissions())
}

/// Returns a shell whose current directory is `directory`.
pub(super) fn at(directory: &Path) -> Result<Shell> {
    let shell = Shell::new().context("could not find the current directory")?;
    shell.change_dir(directory);
    Ok(shell)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a checkout with one commit of `src/one.rs`.
    fn project(directory: &Path) -> Project {
        let root = directory.join("root");
        let target = root.join("target");
        let project = Project {
            root,
            dist: target.join("dist"),
            target,
            cache: directory.join("cache"),
        };
        fs::create_dir_all(project.root.join("src")).unwrap();
        fs::write(project.root.join(".gitignore"), "/target\n").unwrap();
        fs::write(project.root.join("src/one.rs"), "one").unwrap();
        git(&project.root, "init --quiet");
        git(&project.root, "add .");
        commit(&project.root);
        project
    }

    fn git(root: &Path, words: &str) {
        let shell = at(root).unwrap();
        let words = words.split(' ');
        cmd::run_quietly(cmd!(shell, "git {words...}"), "ask git", TAIL).unwrap();
    }

    fn commit(root: &Path) {
        git(
            root,
            "-c user.name=tests -c user.email=tests@localhost commit --quiet --message test",
        );
    }

    fn revision(root: &Path, project: &Project) -> String {
        let there = Project {
            root: root.to_owned(),
            ..project.clone()
        };
        revision::of(&there).unwrap().unwrap()
    }

    #[test]
    fn follows_changes_and_touches_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let project = project(directory.path());
        let there = directory.path().join("there");
        let root = &project.root;
        let read = |path: &str| fs::read_to_string(there.join(path)).ok();
        follow(&project, &there).unwrap();
        assert_eq!(read("src/one.rs").as_deref(), Some("one"));
        assert_eq!(revision(&there, &project), revision(root, &project));

        let written = || {
            fs::metadata(there.join(".gitignore"))
                .unwrap()
                .modified()
                .unwrap()
        };
        let before = written();
        fs::create_dir(root.join("target")).unwrap();
        fs::write(root.join("target/ignored"), "").unwrap();
        fs::write(root.join("src/new.rs"), "new").unwrap();
        fs::write(root.join("src/one.rs"), "two").unwrap();
        follow(&project, &there).unwrap();
        assert_eq!(
            [read("src/one.rs"), read("src/new.rs")],
            ["two", "new"].map(|it| Some(it.to_owned()))
        );
        assert_eq!((read("target/ignored"), written()), (None, before));
        assert!(revision(&there, &project).ends_with("-dirty"));

        git(root, "add .");
        commit(root);
        fs::remove_file(root.join("src/new.rs")).unwrap();
        follow(&project, &there).unwrap();
        assert_eq!(read("src/new.rs"), None);
        assert_eq!(revision(&there, &project), revision(root, &project));
    }

    #[test]
    fn clones_commit_without_later_changes() {
        let directory = tempfile::tempdir().unwrap();
        let project = project(directory.path());
        let commit = revision(&project.root, &project);
        fs::write(project.root.join("src/one.rs"), "two").unwrap();
        let there = directory.path().join("there");
        clone(&project, &commit, &there).unwrap();
        assert_eq!(fs::read_to_string(there.join("src/one.rs")).unwrap(), "one");
        assert_eq!(revision(&there, &project), commit);

        let error = clone(&project, &"0".repeat(40), &directory.path().join("nowhere"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("is not in") && error.contains("git fetch"),
            "{error}"
        );
    }
}
