//! `wasm-diet size`.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::Serialize;
use wasm_diet::{
    Anatomy, Kind, Owners, Sizes,
    deflate::{self, Costs},
    diff, input, json,
    modules::{self, Module},
};

use super::{
    Verdict,
    args::Size,
    files,
    table::{grouped, percent, short, table},
    text::one_line,
};

/// A binary and its parts, in the form of a profile with one artifact.
#[derive(Serialize)]
struct Explained<'a> {
    artifacts: BTreeMap<&'a str, Parts<'a>>,
}

#[derive(Serialize)]
struct Parts<'a> {
    #[serde(flatten)]
    anatomy: &'a Anatomy,
    modules: &'a [Module],
}

/// Prints the parts of the input.
pub(super) fn run(args: &Size) -> Result<Verdict> {
    let binary = files::read(&args.input)?;
    let name = args.input.display().to_string();
    let (anatomy, modules) = explain(&binary).with_context(|| format!("could not explain `{name}`"))?;
    if args.json {
        let parts = Parts {
            anatomy: &anatomy,
            modules: &modules,
        };
        let explained = Explained {
            artifacts: [(name.as_str(), parts)].into(),
        };
        files::print_json(&json::lines(&explained)?)?;
    } else {
        files::print(&render(&name, &anatomy, &modules, args.number))?;
    }
    Ok(Verdict::Good)
}

/// Returns the parts and the modules of a binary.
pub(super) fn explain(binary: &[u8]) -> Result<(Anatomy, Vec<Module>)> {
    input::check_form(binary)?;
    let compressed = deflate::gzip(binary)?;
    let costs = Costs::read(&compressed).context("could not follow the compression")?;
    let anatomy = Anatomy::with_costs(binary, binary, &costs, &Owners::default())?;
    Ok((anatomy, modules::modules(binary, &costs)?))
}

fn render(name: &str, anatomy: &Anatomy, modules: &[Module], number: usize) -> String {
    let whole = anatomy.size;
    let mut texts = vec![format!(
        "{}: {} bytes, {} after gzip -9",
        one_line(name),
        grouped(whole.raw),
        grouped(whole.gzip)
    )];
    if !modules.is_empty() {
        texts.push(of_modules(modules));
    }
    let row = |name: &str, size: Sizes| {
        let share = percent(size.raw, whole.raw);
        vec![short(name), grouped(size.raw), share, grouped(size.gzip)]
    };
    let headings = |first| [first, "bytes", "of all", "gzip -9"];
    let mut kinds: Vec<_> = diff::by_kind(&anatomy.parts).into_iter().collect();
    kinds.sort_by_key(|(_, size)| std::cmp::Reverse(size.raw));
    let kinds = kinds.iter().map(|(of, size)| row(of.kind.label(), *size));
    texts.push(table(&headings("kind"), kinds.collect(), 1..4));

    let code: Vec<_> = anatomy
        .parts
        .iter()
        .filter(|part| part.id.kind == Kind::Code)
        .cloned()
        .collect();
    let mut owners: Vec<_> = diff::by_owner(&code).into_iter().collect();
    owners.sort_by_key(|(_, size)| std::cmp::Reverse(size.raw));
    texts.push(list(
        &headings("owner of code"),
        owners.len(),
        number,
        owners.iter().map(|(of, size)| row(&of.owner, *size)),
    ));
    let functions = code.iter().map(|part| row(&part.id.name, part.size));
    texts.push(list(&headings("function"), code.len(), number, functions));
    let others = anatomy.parts.iter().filter(|part| part.id.kind != Kind::Code);
    let others: Vec<_> = others.map(|part| row(&part.id.name, part.size)).collect();
    texts.push(list(
        &headings("other part"),
        others.len(),
        number,
        others.into_iter(),
    ));
    texts.join("\n")
}

fn list(headings: &[&str], all: usize, number: usize, rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut text = table(headings, rows.take(number).collect(), 1..headings.len());
    if all > number {
        text.push_str(&format!("\n{} more: see -n and --json", grouped(all - number)));
    }
    text
}

fn of_modules(modules: &[Module]) -> String {
    let row = |module: &Module| {
        let mut label = module.number.to_string();
        let name = module.name.as_deref().unwrap_or_default();
        let languages = module.languages.join(", ");
        for text in [name, languages.as_str()]
            .into_iter()
            .filter(|text| !text.is_empty())
        {
            label.push_str(&format!(" · {}", short(text)));
        }
        vec![
            label,
            format!("{:#x}", module.offset),
            grouped(module.functions),
            grouped(module.named),
            grouped(module.code),
            grouped(module.data),
            grouped(module.custom),
            grouped(module.size.raw),
            grouped(module.size.gzip),
        ]
    };
    let headings = [
        "module",
        "offset",
        "functions",
        "named",
        "code",
        "data",
        "custom",
        "bytes",
        "gzip -9",
    ];
    table(&headings, modules.iter().map(row).collect(), 1..headings.len())
}
