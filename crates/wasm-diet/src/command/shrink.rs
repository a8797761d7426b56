//! `wasm-diet shrink`.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use wasm_diet::{
    Options, Shrunk,
    shrink::{Outcome, Report, Section, Task},
};

use super::{
    Verdict,
    args::Shrink,
    engine::{self, Choice},
    files,
    misuse::Misuse,
    table::{change, grouped, short, table},
    text::one_line,
};

/// The summary as JSON.
#[derive(Serialize)]
struct Summary<'a> {
    engine: &'a str,
    #[serde(flatten)]
    report: &'a Report,
    warnings: &'a [String],
}

/// Shrinks the input and writes the output.
pub(super) fn run(args: &Shrink) -> Result<Verdict> {
    check_sections(args)?;
    let output = args.output.as_ref().unwrap_or(&args.input);
    if args.in_place {
        files::check_in_place(output)?;
    } else {
        files::check_output(&args.input, output)?;
    }
    let options = Options {
        allow: args.allow.iter().cloned().collect(),
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

/// Fails if one section is to be both kept and dropped.
fn check_sections(args: &Shrink) -> Result<()> {
    if args.keep.iter().any(|section| args.drop.contains(section)) {
        return Err(Misuse::error("--keep and --drop name the same section"));
    }
    Ok(())
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

/// Prints the summary, on standard output unless the binary went there.
fn report(args: &Shrink, output: &Path, engine: &Choice, shrunk: &Shrunk) -> Result<Verdict> {
    let report = &shrunk.report;
    let warnings = warnings(report);
    for warning in &warnings {
        files::tell(&format!("warning: {warning}"));
    }
    let stdout_is_free = !files::is_stdout(output);
    if args.json {
        let summary = Summary {
            engine: &engine.name(),
            report,
            warnings: &warnings,
        };
        let json = serde_json::to_string_pretty(&summary)?;
        match stdout_is_free {
            true => files::print_json(&json)?,
            false => files::tell_json(&json),
        }
    } else {
        let text = render(&output.display().to_string(), &engine.name(), report);
        match stdout_is_free {
            true => files::print(&text)?,
            false if args.quiet => {}
            false => files::tell(&text),
        }
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
    left.chain(signature).chain(no_longer_fit(report)).collect()
}

/// Returns a warning about the sections that were kept although they no longer fit.
fn no_longer_fit(report: &Report) -> Option<String> {
    let names: Vec<String> = report
        .stale()
        .map(|it| format!("`{}`", short(&it.name)))
        .collect();
    if names.is_empty() {
        return None;
    }
    Some(format!(
        "kept, but no longer right, because they describe the original: {}. Debuggers and other tools would be misled: \
         leave out --keep, or keep the code too with `--engine none`",
        names.join(", ")
    ))
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
        vec![
            short(&section.name),
            grouped(section.bytes),
            grouped(section.left_bytes),
            fate(section).to_owned(),
            section.reason.to_owned(),
        ]
    });
    let sections: Vec<_> = sections.collect();
    let mut text = format!("{} ({engine})\n{sizes}", one_line(name));
    if !sections.is_empty() {
        text.push('\n');
        text.push_str(&table(
            &["custom section", "before", "after", "", "content"],
            sections,
            1..3,
        ));
    }
    text
}

/// Returns the treatment of the sections of a name, for people.
fn fate(section: &Section) -> &'static str {
    if section.left == 0 {
        "dropped"
    } else if section.stale > 0 {
        "kept, stale"
    } else if section.left_bytes < section.bytes {
        "kept in part"
    } else {
        "kept"
    }
}
