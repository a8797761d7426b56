//! `wasm-diet` beside `jco opt` and `wasm-tools strip`, on components of other toolchains. Each result is run, and must
//! print what the original prints.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use builds::{files, temporary};
use corpus::{Corpus, Guest};
use devkit::{cmd, project::Project, ui};
use flags::values::Tool;
use xshell::cmd;

use super::metric::Metric;

/// The components that are compared.
const GUESTS: [Guest; 4] = [
    Guest::CComponent,
    Guest::RustComponent,
    Guest::SmallQuickJs,
    Guest::StarlingMonkey,
];

/// The options of jco's Binaryen: its own, but for `--low-memory-unused`, which breaks programs, and the features of
/// today's compilers, without which it rejects most components.
const JCO: [&str; 9] = [
    "-Oz",
    "--strip-debug",
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Runs a command, and prints its seconds and its memory.
const MEASURE: &str = include_str!("measure.py");

/// Measures every component with every program.
pub(super) fn measure(project: &Project) -> Result<Vec<Metric>> {
    let bench = DietBench {
        project,
        corpus: Corpus::prepare(project)?,
        diet: artifacts::ensure_diet_built(project)?,
        wasm_tools: toolchain::tool(project, Tool::WasmTools)?,
    };
    let mut metrics = Vec::new();
    for guest in GUESTS {
        ui::status("Measuring", guest.name());
        metrics.extend(bench.compare(guest)?);
    }
    Ok(metrics)
}

struct DietBench<'p> {
    project: &'p Project,
    corpus: Corpus,
    diet: PathBuf,
    wasm_tools: PathBuf,
}

/// The measurements of one program on one component.
struct Measured {
    bytes: f64,
    gzip: f64,
    seconds: f64,
    /// Bytes of memory.
    memory: f64,
    /// Whether the result prints what the original prints.
    runs: bool,
}

impl DietBench<'_> {
    fn compare(&self, guest: Guest) -> Result<Vec<Metric>> {
        let directory = temporary::directory()?;
        let input = self.corpus.make(guest, directory.path())?;
        let output = directory.path().join("result.wasm");
        let (diet, tools) = (&self.diet, &self.wasm_tools);
        let jco = self.corpus.node_programs().join("jco");
        let programs: [Vec<&Path>; 3] = [
            vec![diet, Path::new("shrink"), &input, Path::new("--quiet")],
            [
                vec![&*jco, Path::new("opt"), &*input, Path::new("--quiet")],
                vec![Path::new("--")],
                JCO.map(Path::new).to_vec(),
            ]
            .concat(),
            vec![tools, Path::new("strip"), Path::new("--all"), &input],
        ];
        let [ours, jcos, stripped] = programs.map(|words| self.run(guest, &input, &output, &words));
        let (ours, jcos, stripped) = (ours?, jcos?, stripped?);
        ensure!(ours.runs, "the result of wasm-diet prints another text");
        let runs = if jcos.runs {
            "runs equally"
        } else {
            "does not run equally"
        };
        let metric = |part: &str, what: &str, value: fn(&Measured) -> f64, unit: &str| {
            let name = format!("{}-{part}", guest.name());
            let what = format!("{what} by `wasm-diet shrink`; without it, by `jco opt`, whose result {runs}");
            Metric::new(&name, &what, value(&ours), unit).with_reference(value(&jcos))
        };
        Ok(vec![
            metric("raw", "size", |it| it.bytes, "B"),
            metric("gzip", "size after `gzip -9`", |it| it.gzip, "B"),
            metric("seconds", "time", |it| it.seconds, "s"),
            metric("memory", "largest process", |it| it.memory / 1e6, "MB"),
            Metric::new(
                &format!("{}-stripped", guest.name()),
                "size by `wasm-tools strip`",
                stripped.bytes,
                "B",
            ),
        ])
    }

    /// Runs a program, with the output as its last option, before `--` if there is one.
    fn run(&self, guest: Guest, input: &Path, output: &Path, words: &[&Path]) -> Result<Measured> {
        let shell = self.project.shell()?;
        let (before, after) = match words.iter().position(|word| *word == Path::new("--")) {
            Some(at) => words.split_at(at),
            None => (words, &[][..]),
        };
        let measure = cmd!(shell, "python3 -c {MEASURE} {before...} -o {output} {after...}");
        let printed = cmd::read(measure, "measure a program")?;
        let numbers: Vec<f64> = printed
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [seconds, memory] = numbers[..] else {
            anyhow::bail!("could not read the measurements in `{printed}`");
        };
        let made = files::read(output)?;
        Ok(Measured {
            bytes: made.len() as f64,
            gzip: wasm_diet::deflate::gzip(&made)?.len() as f64,
            seconds,
            memory,
            runs: self.corpus.run(guest, input)? == self.corpus.run(guest, output)?,
        })
    }
}
