//! `wasm-diet` beside `jco opt`, `wasm-tools strip` and `twiggy`, on binaries of other toolchains. Each result is run,
//! and must print what the original prints. [`table`] makes the comparison of `docs/wasm-diet.md` from the metrics.

mod table;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use builds::{files, temporary};
use corpus::{Corpus, Guest};
use devkit::{cmd, project::Project, ui};
use flags::values::Tool;
use xshell::cmd;

pub(super) use self::table::{document, place, summary};
use super::{metric::Metric, sample::Sample};

/// The components that are compared.
const GUESTS: [Guest; 5] = [
    Guest::CComponent,
    Guest::RustComponent,
    Guest::SmallQuickJs,
    Guest::StarlingMonkey,
    Guest::Python,
];

/// The number of runs of each program, in turns. Processor time hardly changes from run to run, and `jco opt` takes
/// minutes on a large component.
const RUNS: usize = 1;

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

/// Runs a command, and prints its seconds, its processor's seconds and its memory.
const MEASURE: &str = include_str!("measure.py");

/// Measures every component with every program, the small ones first. `keep` gets all metrics after each component, so
/// that an interrupted run keeps what it has measured.
pub(super) fn measure(
    project: &Project,
    keep: &mut dyn FnMut(&[Metric]) -> Result<()>,
) -> Result<Vec<Metric>> {
    let bench = DietBench {
        project,
        corpus: Corpus::prepare(project)?,
        diet: artifacts::ensure_diet_built(project)?,
        wasm_tools: toolchain::tool(project, Tool::WasmTools)?,
        twiggy: toolchain::tool(project, Tool::Twiggy)?,
    };
    ui::status("Measuring", Guest::C.name());
    let directory = temporary::directory()?;
    let module = bench.corpus.make(Guest::C, directory.path())?;
    let mut metrics = bench.explain(Guest::C, &module)?;
    for guest in GUESTS {
        ui::status("Measuring", guest.name());
        metrics.extend(bench.compare(guest)?);
        keep(&metrics)?;
    }
    Ok(metrics)
}

struct DietBench<'p> {
    project: &'p Project,
    corpus: Corpus,
    diet: PathBuf,
    wasm_tools: PathBuf,
    twiggy: PathBuf,
}

/// The cost of one run of a program.
#[derive(Clone, Copy, Debug)]
struct Cost {
    seconds: f64,
    /// Seconds of a processor, which other work of the machine hardly changes.
    processor: f64,
    /// Bytes of memory of the largest process.
    memory: f64,
}

/// The results of a program on one component.
struct Measured {
    bytes: f64,
    gzip: f64,
    costs: Vec<Cost>,
    /// Whether the result prints what the original prints.
    runs: bool,
}

impl Measured {
    fn sample(&self, of: fn(&Cost) -> f64) -> Sample {
        Sample::new(self.costs.iter().map(of).collect())
    }

    /// Returns a metric of the costs, beside those of another program.
    fn cost(&self, name: &str, what: &str, of: fn(&Cost) -> f64, unit: &str, other: Option<&Self>) -> Metric {
        let metric = Metric::of(name, what, &self.sample(of), unit);
        match other {
            Some(other) => metric.with_reference(other.sample(of).median()),
            None => metric,
        }
    }
}

impl DietBench<'_> {
    fn compare(&self, guest: Guest) -> Result<Vec<Metric>> {
        let directory = temporary::directory()?;
        let input = self.corpus.make(guest, directory.path())?;
        let output = directory.path().join("result.wasm");
        let original = files::read(&input)?;
        let expected = self.corpus.run(guest, &input)?;
        let programs = [
            self.diet_words(&input),
            self.jco_words(&input),
            self.strip_words(&input),
        ];
        let mut costs: [Vec<Option<Cost>>; 3] = Default::default();
        let mut made: [Option<Vec<u8>>; 3] = Default::default();
        for _ in 0..RUNS {
            for (at, words) in programs.iter().enumerate() {
                let cost = self.run(words, Some(&output))?;
                made[at] = cost.is_some().then(|| files::read(&output)).transpose()?;
                costs[at].push(cost);
            }
        }
        let mut measured = Vec::new();
        for (costs, made) in costs.into_iter().zip(made) {
            measured.push(match (costs.into_iter().collect(), made) {
                (Some(costs), Some(made)) => {
                    files::replace(&output, &made)?;
                    Some(Measured {
                        bytes: made.len() as f64,
                        gzip: wasm_diet::deflate::gzip(&made)?.len() as f64,
                        costs,
                        runs: self.corpus.run(guest, &output)? == expected,
                    })
                }
                _ => None,
            });
        }
        let [Some(ours), jcos, Some(stripped)] = measured.try_into().unwrap_or([None, None, None]) else {
            anyhow::bail!("wasm-diet or wasm-tools failed on {}", guest.name());
        };
        ensure!(ours.runs, "the result of wasm-diet prints another text");
        ensure!(stripped.runs, "the result of wasm-tools prints another text");
        let mut found = metrics(guest.name(), &original, &ours, jcos.as_ref(), &stripped)?;
        if guest == Guest::Python {
            found.extend(self.explain(guest, &input)?);
        }
        Ok(found)
    }

    fn diet_words(&self, input: &Path) -> Vec<PathBuf> {
        vec![
            self.diet.clone(),
            "shrink".into(),
            input.to_owned(),
            "--quiet".into(),
        ]
    }

    fn jco_words(&self, input: &Path) -> Vec<PathBuf> {
        let jco = self.corpus.node_programs().join("jco");
        let mut words = vec![jco, "opt".into(), input.to_owned(), "--quiet".into(), "--".into()];
        words.extend(JCO.map(PathBuf::from));
        words
    }

    fn strip_words(&self, input: &Path) -> Vec<PathBuf> {
        let tools = self.wasm_tools.clone();
        vec![tools, "strip".into(), "--all".into(), input.to_owned()]
    }

    /// Explains a binary.
    fn explain(&self, guest: Guest, input: &Path) -> Result<Vec<Metric>> {
        let diet = [self.diet.clone(), "size".into(), input.to_owned()];
        let twiggy = [self.twiggy.clone(), "top".into(), input.to_owned()];
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.extend(self.run(&diet, None)?);
            others.extend(self.run(&twiggy, None)?);
        }
        ensure!(ours.len() == RUNS, "wasm-diet cannot explain {}", guest.name());
        let sample = |costs: &[Cost], of: fn(&Cost) -> f64| Sample::new(costs.iter().map(of).collect());
        let metric = |part: &str, what: &str, of: fn(&Cost) -> f64, unit: &str| {
            let name = format!("{}-explained-{part}", guest.name());
            let beside = if others.is_empty() {
                "; `twiggy top` refuses it"
            } else {
                "; without it, by `twiggy top`"
            };
            let what = format!("{what} of `wasm-diet size`{beside}");
            let metric = Metric::of(&name, &what, &sample(&ours, of), unit);
            match others.is_empty() {
                true => metric,
                false => metric.with_reference(sample(&others, of).median()),
            }
        };
        Ok(vec![
            metric("seconds", "time", |it| it.seconds, "s"),
            metric("processor", "processor time", |it| it.processor, "s"),
            metric("memory", "memory", |it| it.memory / 1e6, "MB"),
        ])
    }

    /// Runs a program, with the output as its last option, before `--` if there is one. Returns `None` if it fails.
    fn run(&self, words: &[PathBuf], output: Option<&Path>) -> Result<Option<Cost>> {
        let shell = self.project.shell()?;
        let (before, after) = match words.iter().position(|word| word == Path::new("--")) {
            Some(at) => words.split_at(at),
            None => (words, &[][..]),
        };
        let output = output.map(|path| [Path::new("-o"), path]);
        let output = output.iter().flatten();
        let measure = cmd!(shell, "python3 -c {MEASURE} {before...} {output...} {after...}");
        let made = cmd::output(measure, "measure a program")?;
        if !made.status.success() {
            return Ok(None);
        }
        let printed = String::from_utf8_lossy(&made.stdout).into_owned();
        let numbers: Vec<f64> = printed
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        let [seconds, processor, memory] = numbers[..] else {
            anyhow::bail!("could not read the measurements in `{printed}`");
        };
        Ok(Some(Cost {
            seconds,
            processor,
            memory,
        }))
    }
}

/// Returns the metrics of a component.
fn metrics(
    guest: &str,
    original: &[u8],
    ours: &Measured,
    jcos: Option<&Measured>,
    stripped: &Measured,
) -> Result<Vec<Metric>> {
    let beside = match jcos {
        Some(jcos) if jcos.runs => "; without it, by `jco opt`, whose result runs equally",
        Some(_) => "; without it, by `jco opt`, whose result does not run equally",
        None => "; `jco opt` fails on it",
    };
    let what = |what: &str| format!("{what} by `wasm-diet shrink`{beside}");
    let name = |part: &str| format!("{guest}-{part}");
    let bytes = |part: &str, text: &str, of: fn(&Measured) -> f64| {
        let metric = Metric::new(&name(part), &what(text), of(ours), "B");
        match jcos {
            Some(jcos) => metric.with_reference(of(jcos)),
            None => metric,
        }
    };
    let cost = |part: &str, text: &str, of: fn(&Cost) -> f64, unit: &str| {
        ours.cost(&name(part), &what(text), of, unit, jcos)
    };
    let plain = |part: &str, what: &str, value: f64| Metric::new(&name(part), what, value, "B");
    let gzip = wasm_diet::deflate::gzip(original)?.len();
    let mut metrics = vec![
        plain("original", "size of the original", original.len() as f64),
        plain(
            "original-gzip",
            "size of the original after `gzip -9`",
            gzip as f64,
        ),
        bytes("raw", "size", |it| it.bytes),
        bytes("gzip", "size after `gzip -9`", |it| it.gzip),
        cost("seconds", "time", |it| it.seconds, "s"),
        cost("processor", "processor time", |it| it.processor, "s"),
        cost("memory", "largest process", |it| it.memory / 1e6, "MB"),
        plain("stripped", "size by `wasm-tools strip`", stripped.bytes),
        plain(
            "stripped-gzip",
            "size by `wasm-tools strip`, after `gzip -9`",
            stripped.gzip,
        ),
    ];
    metrics.extend(jcos.filter(|jcos| !jcos.runs).map(|_| {
        let name = name("jco-broken");
        Metric::new(&name, "results of `jco opt` that do not run equally", 1.0, "file")
    }));
    Ok(metrics)
}
