//! Joining a path to the base directory without leaving it.
//!
//! Works on text and not on [`std::path::Path`]: WASI paths are text with `/`, and so the rules are the same
//! on every target.

use clawft_types::text::Ascii as _;

/// Returns the full path of `path` below `base`, or `None` if it could lead out of it.
///
/// Rejects any `..`, even one that stays inside: if `a` is a symbolic link, `a/../b` is not `b`.
pub(super) fn resolve(base: &str, path: &str) -> Option<String> {
    let below = if path.starts_with("/") {
        below_base(base, path)?
    } else {
        path
    };
    let mut whole = base.to_owned();
    for part in below.pieces(b'/') {
        match part {
            "" | "." => {}
            ".." => return None,
            // A backslash is a separator on Windows, and no file of clawft has one in its name.
            part if part.contains(['\0', '\\']) => return None,
            part => {
                if !whole.ends_with("/") {
                    whole.push('/');
                }
                whole.push_str(part);
            }
        }
    }
    Some(whole)
}

/// Returns the part of an absolute path below the base; `/config` is not the base of `/configuration`.
fn below_base<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with("/") || base.ends_with("/")).then_some(rest)
}

/// Returns the path of `path` below the directory that a host granted as `grant`, or `None` if it is not in
/// there. As in libc, the directory granted as `.` or `/` holds everything, and a leading `/` makes no
/// difference.
#[cfg(any(test, target_os = "wasi"))]
pub(super) fn below_grant<'a>(path: &'a str, grant: &str) -> Option<&'a str> {
    let rest = plain(path).strip_prefix(plain(grant))?;
    if plain(grant).is_empty() {
        return Some(rest);
    }
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix("/")
    }
}

/// Returns the path without a leading `/` or `./`.
#[cfg(any(test, target_os = "wasi"))]
fn plain(path: &str) -> &str {
    let path = path.strip_prefix("./").unwrap_or(path).trim_matches('/');
    if path == "." { "" } else { path }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::{below_grant, resolve};

    #[test]
    fn joins_paths_inside_the_base() {
        for (path, whole) in [
            ("config.json", "/config/config.json"),
            ("sessions/./a.json", "/config/sessions/a.json"),
            ("sessions//a.json", "/config/sessions/a.json"),
            ("/config/sessions/a.json", "/config/sessions/a.json"),
            ("/config", "/config"),
            ("", "/config"),
            (".", "/config"),
            ("...", "/config/..."),
        ] {
            assert_eq!(resolve("/config", path).as_deref(), Some(whole), "{path}");
        }
        assert_eq!(resolve("/", "a").as_deref(), Some("/a"));
        assert_eq!(resolve("/", "/a/b").as_deref(), Some("/a/b"));
        assert_eq!(resolve(".", "a").as_deref(), Some("./a"));
    }

    #[test]
    fn refuses_paths_out_of_the_base() {
        for path in [
            "..",
            "a/../b",
            "../config/a",
            "/etc/passwd",
            "/configuration",
            "a\0b",
            "a\\..\\..",
            "/config/..",
        ] {
            assert_eq!(resolve("/config", path), None, "{path}");
        }
    }

    #[test]
    fn finds_path_below_granted_directory() {
        for (path, grant, rest) in [
            ("/config/a/b", "/config", Some("a/b")),
            ("/config", "/config", Some("")),
            ("/config/a", "/config/", Some("a")),
            ("/config/a", "config", Some("a")),
            ("/configuration/a", "/config", None),
            ("/conf", "/config", None),
            ("/config/a", "/", Some("config/a")),
            ("./a", ".", Some("a")),
            (".", ".", Some("")),
            ("data/a", ".", Some("data/a")),
            ("data/a", "data", Some("a")),
            ("./data/a", "data", Some("a")),
        ] {
            assert_eq!(below_grant(path, grant), rest, "{path} in {grant}");
        }
    }

    proptest! {
        #[test]
        fn never_leaves_the_base(path in "[/.a-c\\\\]{0,12}|(/base/)?[.]{0,3}/[.]{0,3}/x|\\PC{0,20}") {
            if let Some(whole) = resolve("/base", &path) {
                let whole = Path::new(&whole);
                prop_assert!(whole.starts_with("/base"));
                prop_assert!(whole.components().all(|part| part != Component::ParentDir));
            }
        }
    }
}
