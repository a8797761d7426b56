//! Joins a path to the base without ever leaving it.
//!
//! On text and not on [`std::path::Path`]: WASI paths are text with `/`, and the rules are then the same on every target.

/// The whole path of `path` below `base`, or `None` if it could lead out of it.
///
/// Any `..` is refused, also one that would stay inside: where `a` is a symbolic link, `a/../b` is not `b`.
pub(super) fn resolve(base: &str, path: &str) -> Option<String> {
    let below = if path.starts_with('/') { below_base(base, path)? } else { path };
    let mut whole = base.to_owned();
    for part in below.split('/') {
        match part {
            "" | "." => {}
            ".." => return None,
            // A backslash separates on Windows, and no file of ours has one in its name.
            part if part.contains(['\0', '\\']) => return None,
            part => {
                if !whole.ends_with('/') {
                    whole.push('/');
                }
                whole.push_str(part);
            }
        }
    }
    Some(whole)
}

/// What is left of an absolute path below the base; `/config` is not the base of `/configuration`.
fn below_base<'a>(base: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(base)?;
    (rest.is_empty() || rest.starts_with('/') || base.ends_with('/')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::resolve;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn joins_what_is_inside() {
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
    fn refuses_what_leads_out() {
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
