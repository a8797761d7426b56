//! `wasm-diet shrink`.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use wasm_diet::{
    Options, Shrunk,
    features::{self, Features},
    shrink::{Outcome, Report, Task},
};

use super::{
    Verdict,
    args::Shrink,
    engine::{self, Choice},
    files,
    table::{change, grouped, table},
};

/// The account as JSON.
#[derive(Serialize)]
struct Account<'a> {
    engine: &'a str,
    #[serde(flatten)]
    report: &'a Report,
    warnings: &'a [String],
}

/// Shrinks the input and writes the output.
pub(super) fn run(args: &Shrink) -> Result<Verdict> {
    let output = match (&args.output, args.in_place) {
        (Some(output), _) => output,
        (None, true) if files::is_pipe(&args.input) => bail!("--in-place wants a file, not standard input"),
        (None, _) => &args.input,
    };
    if args.in_place {
        files::check_target(output)?;
    } else {
        files::check_output(&args.input, output)?;
    }
    let allow = args.allow.iter().map(|name| features::named(name));
    let options = Options {
        allow: allow
            .collect::<Result<Features>>()
            .context("could not use --allow")?,
        metric: args.metric.into(),
        keep: args.keep.clone(),
        drop: args.drop.clone(),
        drop_names_of_globals: false,
    };
    let engine = engine::choose(args.engine.as_deref())?;
    let binary = files::read(&args.input)?;
    let shrunk = wasm_diet::shrink(&binary, &options, &mut |task| optimise(task, &engine, args))
        .with_context(|| format!("could not shrink `{}`", args.input.display()))?;
    files::write(output, &shrunk.bytes)?;
    report(args, output, &engine, &shrunk)
}

fn optimise(task: &Task<'_>, engine: &Choice, args: &Shrink) -> Result<Vec<u8>> {
    let Choice::Program(program) = engine else {
        return Ok(task.module.to_vec());
    };
    if !args.no_limit {
        program.refuse_endless_work(task)?;
    }
    if !args.quiet {
        let Task {
            number, of, module, ..
        } = task;
        files::tell(&format!(
            "Optimising module {number} of {of}: {} bytes",
            grouped(module.len())
        ));
    }
    let made = program.optimise(task, &args.assumptions())?;
    if !args.thorough {
        return Ok(made);
    }
    // Binaryen refuses some operators there; the first result is good all the same.
    let second = program.optimise_thoroughly(task, &[]).ok();
    Ok(second.filter(|it| it.len() < made.len()).unwrap_or(made))
}

/// Prints the account, on standard output unless the binary went there.
fn report(args: &Shrink, output: &Path, engine: &Choice, shrunk: &Shrunk) -> Result<Verdict> {
    let report = &shrunk.report;
    let warnings = warnings(report);
    for warning in &warnings {
        files::tell(&format!("warning: {warning}"));
    }
    let text = if args.json {
        let account = Account {
            engine: &engine.name(),
            report,
            warnings: &warnings,
        };
        serde_json::to_string_pretty(&account)?
    } else if args.quiet {
        String::new()
    } else {
        render(&output.display().to_string(), &engine.name(), report)
    };
    match (text.is_empty(), files::is_pipe(output)) {
        (true, _) => {}
        (false, true) => files::tell(&text),
        (false, false) => files::print(&text)?,
    }
    let strict = args.strict && report.left().next().is_some();
    Ok(if strict { Verdict::Bad } else { Verdict::Good })
}

fn warnings(report: &Report) -> Vec<String> {
    let left = report.left().map(|(module, reason)| {
        let (number, offset) = (module.number, module.offset);
        format!("module {number} at offset {offset:#x} stays as it is: {reason}")
    });
    let signature = report.lost_signature().then(|| {
        "the input is signed, and the signature does not fit the output: it was dropped, sign again"
            .to_owned()
    });
    left.chain(signature).collect()
}

fn render(name: &str, engine: &str, report: &Report) -> String {
    let Report { before, after, .. } = report;
    let row = |label: &str, before: usize, after: usize| {
        let numbers = [grouped(before), grouped(after), change(before, after)];
        [vec![label.to_owned()], numbers.to_vec()].concat()
    };
    let mut rows = vec![
        row("bytes", before.raw, after.raw),
        row("bytes after gzip -9", before.gzip, after.gzip),
    ];
    rows.extend(report.modules.iter().map(|module| {
        let outcome = match module.outcome {
            Outcome::Optimised => "",
            Outcome::Unchanged => ", same code",
            Outcome::Left { .. } => ", left as it is",
        };
        row(
            &format!("module {}{outcome}", module.number),
            module.before,
            module.after,
        )
    }));
    let sizes = table(&["size", "before", "after", "change"], rows, 1..4);
    let sections = report.sections.iter().map(|section| {
        let fate = if section.left == 0 { "dropped" } else { "kept" };
        vec![
            section.name.clone(),
            grouped(section.bytes),
            fate.to_owned(),
            section.reason.to_owned(),
        ]
    });
    let sections: Vec<_> = sections.collect();
    let mut text = format!("{name} ({engine})\n{sizes}");
    if !sections.is_empty() {
        text.push('\n');
        text.push_str(&table(
            &["custom section", "bytes", "", "content"],
            sections,
            1..2,
        ));
    }
    text
}
