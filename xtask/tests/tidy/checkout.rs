//! The files of the checkout with their texts.

use std::{fs, path::Path};

use devkit::revision;
use xshell::Shell;

/// Returns the name and the text of each file that git tracks or would add at `root`, if its name ends with `ending`.
/// The text of a file that is not UTF-8 is empty.
pub(crate) fn texts(root: &Path, ending: &str) -> Vec<(String, String)> {
    let shell = Shell::new().unwrap();
    shell.change_dir(root);
    let files = revision::files(&shell, root).unwrap();
    let names = files.iter().map(|file| file.display().to_string());
    let texts: Vec<(String, String)> = names
        .filter(|name| name.ends_with(ending))
        .map(|name| {
            let text = fs::read_to_string(root.join(&name)).unwrap_or_default();
            (name, text)
        })
        .collect();
    assert!(texts.len() > 100, "not all files are found");
    texts
}
