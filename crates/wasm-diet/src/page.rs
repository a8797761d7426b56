//! A build as one self-contained page.
//!
//! The page is assembled from the files in `page/`; its data is in it as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    anatomy::Anatomy,
    part::{Kind, PartId, Sizes},
    profile::Profile,
};

const PAGE: &str = include_str!("page/page.html");
const STYLE: &str = include_str!("page/page.css");

/// The scripts, each after those that it uses.
const SCRIPTS: [&str; 6] = [
    include_str!("page/elements.js"),
    include_str!("page/treemap.js"),
    include_str!("page/colours.js"),
    include_str!("page/charts.js"),
    include_str!("page/parts.js"),
    include_str!("page/main.js"),
];

/// A binary on the page.
#[derive(Debug, Serialize)]
pub struct Artifact<'a> {
    #[serde(flatten)]
    size: Sizes,
    before: Option<Sizes>,
    /// The parts, including removed ones with the size 0.
    parts: Vec<PagePart<'a>>,
}

/// A part of a binary.
#[derive(Debug, Serialize)]
struct PagePart<'a> {
    kind: Kind,
    #[serde(rename = "crate")]
    owner: &'a str,
    module: &'a str,
    name: &'a str,
    copies: usize,
    #[serde(flatten)]
    size: Sizes,
    /// The size in the base; `None` if the base does not have the part.
    before: Option<Sizes>,
}

/// Returns the binaries of a build, each beside its former self.
pub fn artifacts<'a>(before: &'a Profile, after: &'a Profile) -> BTreeMap<&'a str, Artifact<'a>> {
    let artifact = |(name, anatomy): (&'a String, &'a Anatomy)| {
        let old = before.artifacts.get(name);
        (
            name.as_str(),
            Artifact {
                size: anatomy.size,
                before: old.map(|old| old.size),
                parts: parts(old, anatomy),
            },
        )
    };
    after.artifacts.iter().map(artifact).collect()
}

fn parts<'a>(before: Option<&'a Anatomy>, after: &'a Anatomy) -> Vec<PagePart<'a>> {
    let mut old: BTreeMap<&PartId, Sizes> = before
        .into_iter()
        .flat_map(|anatomy| &anatomy.parts)
        .map(|part| (&part.id, part.size))
        .collect();
    let shown = |id: &'a PartId, copies, size, before| {
        let PartId {
            kind,
            owner,
            module,
            name,
        } = id;
        PagePart {
            kind: *kind,
            owner,
            module,
            name,
            copies,
            size,
            before,
        }
    };
    let mut parts: Vec<PagePart<'a>> = after
        .parts
        .iter()
        .map(|part| shown(&part.id, part.copies, part.size, old.remove(&part.id)))
        .collect();
    parts.extend(
        old.into_iter()
            .map(|(id, size)| shown(id, 0, Sizes::default(), Some(size))),
    );
    parts
}

/// Returns the page with `data`, a JSON text, in it: an object with `revision`, `base`, `title`, `own`, `artifacts`,
/// `budgets` and `history`.
pub fn render(data: &str) -> String {
    // Only an end tag ends a script, and JSON can spell it in another way.
    let data = data.replace("</", "<\\/").replace("<!--", "<\\u0021--");
    PAGE.replacen("/*STYLE*/", STYLE, 1)
        .replacen("/*SCRIPT*/", &SCRIPTS.join("\n"), 1)
        .replacen("/*DATA*/", &data, 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::part::Part;

    #[test]
    fn shows_removed_part_without_a_size() {
        let anatomy = |names: &[&str]| {
            let size = Sizes { raw: 5, gzip: 2 };
            let part = |name: &&str| Part {
                id: PartId::new(Kind::Code, "core", name),
                copies: 1,
                size,
            };
            Anatomy {
                size,
                parts: names.iter().map(part).collect(),
            }
        };
        let (before, after) = (anatomy(&["same", "gone"]), anatomy(&["same", "new"]));
        let told: Vec<_> = parts(Some(&before), &after)
            .iter()
            .map(|part| (part.name, part.size.raw, part.before.is_some()))
            .collect();
        assert_eq!(told, [("same", 5, true), ("new", 5, false), ("gone", 0, true)]);
    }

    #[test]
    fn page_loads_nothing_else() {
        let page = render("{}");
        for elsewhere in ["src=", "@import", "url(", "fetch(", "XMLHttpRequest", "https://"] {
            assert!(!page.contains(elsewhere), "{elsewhere}");
        }
        // The namespace of SVG, which is not loaded.
        assert_eq!(
            page.matches("http://").count(),
            page.matches("http://www.w3.org/2000/svg").count()
        );
        assert!(!page.contains("/*STYLE*/") && !page.contains("/*DATA*/") && !page.contains("/*SCRIPT*/"));
    }

    #[test]
    fn escapes_end_tag_in_names() {
        let page = render(r#"{ "name": "</script><!-- " }"#);
        assert!(page.contains(r#"{ "name": "<\/script><\u0021-- " }"#));
    }
}
