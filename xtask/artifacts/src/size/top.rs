//! `size top`: the largest functions, and sums that add up to the artifact.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use builds::budget::grouped;
use devkit::{project::Project, ui};
use serde::Serialize;
use wasm_diet::{Anatomy, Kind, PartId, Sizes, diff, json};

use super::twiggy::{self, Line};
use crate::{
    table::{percent, short, table},
    wasm,
};

/// The report of `size top` about an artifact.
#[derive(Debug, Serialize)]
struct Top {
    #[serde(flatten)]
    size: Sizes,
    /// The list of twiggy.
    functions: Vec<Line>,
    kinds: Vec<Sum>,
    crates: Vec<Sum>,
}

/// A line of a summary.
#[derive(Debug, Serialize)]
struct Sum {
    name: String,
    /// The number of functions.
    functions: usize,
    #[serde(flatten)]
    size: Sizes,
}

/// Builds the artifacts and prints their largest functions and their sums.
///
/// # Errors
/// Fails if the artifacts cannot be built, or if twiggy is not available.
pub(super) fn run(project: &Project, number: usize, json: bool) -> Result<()> {
    let profile = wasm::profile(project, project)?;
    let mut tops = BTreeMap::new();
    for (name, anatomy) in &profile.artifacts {
        let functions = twiggy::top(project, name, number)
            .with_context(|| format!("could not list the functions of {name}"))?;
        tops.insert(name, top(anatomy, functions));
    }
    if json {
        return ui::result(&json::lines(&BTreeMap::from([("artifacts", tops)]))?);
    }
    tops.iter()
        .try_for_each(|(name, top)| ui::result(&render(name, top)))
}

fn top(anatomy: &Anatomy, functions: Vec<Line>) -> Top {
    let count = |of: &dyn Fn(&PartId) -> bool| {
        let code = anatomy
            .parts
            .iter()
            .filter(|part| part.id.kind == Kind::Code && of(&part.id));
        code.map(|part| part.copies).sum()
    };
    let kinds = diff::by_kind(&anatomy.parts).into_iter().map(|(of, size)| Sum {
        name: of.kind.label().to_owned(),
        functions: count(&|id| id.kind == of.kind),
        size,
    });
    let crates = diff::by_owner(&anatomy.parts).into_iter().map(|(of, size)| Sum {
        functions: count(&|id| id.owner == of.owner),
        name: of.owner,
        size,
    });
    let mut crates: Vec<Sum> = crates.collect();
    crates.sort_by(|a, b| b.size.raw.cmp(&a.size.raw).then_with(|| a.name.cmp(&b.name)));
    Top {
        size: anatomy.size,
        functions,
        kinds: kinds.collect(),
        crates,
    }
}

fn render(name: &str, top: &Top) -> String {
    let functions = top.functions.iter().map(|line| {
        vec![
            grouped(line.bytes),
            percent(line.bytes, top.size.raw),
            short(&line.name),
        ]
    });
    let functions = table(&["bytes", "of all", "function"], functions.collect(), 0..2);
    let sums = |title: &str, sums: &[Sum]| {
        let row = |sum: &Sum| {
            let Sum {
                name,
                functions,
                size,
            } = sum;
            let functions = if *functions == 0 {
                String::new()
            } else {
                grouped(*functions)
            };
            vec![
                name.clone(),
                functions,
                grouped(size.raw),
                percent(size.raw, top.size.raw),
                grouped(size.gzip),
            ]
        };
        let mut rows: Vec<_> = sums.iter().map(row).collect();
        // The sum of all lines, which is the size of the file.
        let total = |of: fn(&Sum) -> usize| grouped(sums.iter().map(of).sum());
        let raw: usize = sums.iter().map(|sum| sum.size.raw).sum();
        rows.push(vec![
            "the whole file".to_owned(),
            total(|sum| sum.functions),
            grouped(raw),
            percent(raw, top.size.raw),
            total(|sum| sum.size.gzip),
        ]);
        table(&[title, "functions", "bytes", "of all", "gzip -9"], rows, 1..5)
    };
    format!(
        "{name}\n{functions}\n{}\n{}",
        sums("kind", &top.kinds),
        sums("crate", &top.crates)
    )
}

#[cfg(test)]
mod tests {
    use wasm_diet::Part;

    use super::*;

    #[test]
    fn sums_end_with_file_size() {
        let part = |kind, owner: &str, raw, copies| Part {
            id: PartId::new(kind, owner, "name"),
            copies,
            size: Sizes { raw, gzip: 1 },
        };
        let parts = vec![
            part(Kind::Code, "core", 700, 2),
            part(Kind::Code, "clawft", 200, 1),
            part(Kind::Data, "data", 334, 1),
        ];
        let anatomy = Anatomy {
            size: Sizes { raw: 1_234, gzip: 3 },
            parts,
        };
        let text = render(
            "a.wasm",
            &top(
                &anatomy,
                vec![Line {
                    name: "f".to_owned(),
                    bytes: 617,
                }],
            ),
        );
        assert!(text.contains("617   50.0 %   f"), "{text}");
        let sums = text.lines().filter(|line| line.contains("the whole file"));
        let sums: Vec<Vec<&str>> = sums
            .map(|line| line.split_whitespace().skip(4).collect())
            .collect();
        assert_eq!(sums, [["3", "1,234", "100.0", "%", "3", "│"]; 2], "{text}");
        let crates = &text[text.find(" crate ").unwrap()..];
        let places = ["core", "data", "clawft"].map(|name| crates.find(&format!(" {name} ")).unwrap());
        assert!(places.is_sorted(), "{text}");
    }
}
