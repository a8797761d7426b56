//! `docs/performance.md` and its plots: the prose of `page.md` beside this file, with the latest figures inserted.

mod columns;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use artifacts::plot::{Bar, Plot};
use builds::{budget::grouped, files};
use devkit::project::Project;
use flags::Subject;

use super::{
    diet,
    metric::{Metric, shown},
    record::{Figures, Record},
    sample::Spread,
};

/// The prose. A line `{component}` is a placeholder for the figures of that subject.
const PROSE: &str = include_str!("page.md");

/// The placeholders in the prose.
const PLACES: [(Subject, &str); 7] = [
    (Subject::Component, "{component}"),
    (Subject::Gateway, "{gateway}"),
    (Subject::Peers, "{peers}"),
    (Subject::Serve, "{serve}"),
    (Subject::Commands, "{commands}"),
    (Subject::Cold, "{cold}"),
    (Subject::Diet, "{diet}"),
];

/// A plot in the document.
struct PlotSpec {
    subject: Subject,
    /// Name of its file, without extension.
    file: &'static str,
    title: &'static str,
    /// The metrics of the bars, each with the part to draw. All have one unit.
    bars: &'static [(&'static str, Part)],
}

/// The part of a metric that a bar shows.
enum Part {
    /// Its value, with this label.
    Value(&'static str),
    /// Its value, as a comparison.
    Other(&'static str),
    /// The reference of the metric, as a comparison.
    Without(&'static str),
}

use Part::{Other, Value, Without};

/// All plots, in the order of the document.
const PLOTS: [PlotSpec; 5] = [
    PlotSpec {
        subject: Subject::Component,
        file: "performance-start",
        title: "From the start of wasmtime to its end",
        bars: &[
            ("hello-compiled", Other("hello world, compiled before")),
            ("start-compiled", Value("clawft, compiled before")),
            ("start-cached", Value("clawft, from wasmtime's cache")),
            ("hello-from-source", Other("hello world, from source")),
            ("start-from-source", Value("clawft, from source")),
        ],
    },
    PlotSpec {
        subject: Subject::Component,
        file: "performance-turn",
        title: "A turn in the guest, beside what it waits for",
        bars: &[
            ("config-read", Value("configuration of 10 KB")),
            ("round-trip", Without("an exchange natively")),
            ("round-trip", Value("a turn with it in the guest")),
        ],
    },
    PlotSpec {
        subject: Subject::Component,
        file: "performance-body",
        title: "A message of 5 MB",
        bars: &[
            ("body-5mb", Without("an exchange natively")),
            ("body-5mb", Value("a turn with it in the guest")),
        ],
    },
    PlotSpec {
        subject: Subject::Gateway,
        file: "performance-gateway",
        title: "Asking the provider, and the gateway before it",
        bars: &[
            ("answer", Without("an answer, directly")),
            ("answer", Value("an answer, through the gateway")),
            ("first-piece", Without("first piece, directly")),
            ("first-piece", Value("first piece, through the gateway")),
        ],
    },
    PlotSpec {
        subject: Subject::Commands,
        file: "performance-commands",
        title: "Building",
        bars: &[
            ("wasm-clone", Value("wasm, new clone")),
            ("wasm-changed", Value("wasm, code changed")),
            ("wasm-touched", Value("wasm, a comment changed")),
            ("wasm-unchanged", Value("wasm, nothing changed")),
            ("docker-clone", Value("docker, new clone")),
            ("docker-unchanged", Value("docker, nothing changed")),
        ],
    },
];

/// Writes the document and the plots for `record`.
pub(super) fn write(project: &Project, record: &Record) -> Result<()> {
    documents(&project.root, record)?
        .iter()
        .try_for_each(|(path, text)| files::replace(path, text.as_bytes()))
}

/// Returns the document and the plots, each with its path.
fn documents(root: &Path, record: &Record) -> Result<Vec<(PathBuf, String)>> {
    let directory = root.join("docs");
    let mut documents = vec![(directory.join("performance.md"), document(record)?)];
    for spec in &PLOTS {
        if let Some(plot) = record.0.get(&spec.subject).and_then(|figures| spec.plot(figures)) {
            documents.push((directory.join(spec.file).with_extension("svg"), plot.svg()));
        }
    }
    if let Some(figures) = record.0.get(&Subject::Diet) {
        documents.push((diet::place(&directory), diet::document(&directory, figures)?));
    }
    Ok(documents)
}

fn document(record: &Record) -> Result<String> {
    let mut text = PROSE.to_owned();
    for (subject, place) in PLACES {
        ensure!(text.contains(place), "the prose has no line `{place}`");
        let figures = record.0.get(&subject);
        text = text.replace(
            place,
            &figures.map_or("Not measured yet.".to_owned(), |figures| {
                section(subject, figures)
            }),
        );
    }
    Ok(text)
}

/// Returns the plots, the table and the machine of a subject.
fn section(subject: Subject, figures: &Figures) -> String {
    let mut text = String::new();
    for spec in PLOTS.iter().filter(|spec| spec.subject == subject) {
        if spec.plot(figures).is_some() {
            text += &format!("![{}]({}.svg)\n\n", spec.title, spec.file);
        }
    }
    if subject == Subject::Diet {
        text += &diet::summary(figures);
    } else {
        let (compared, rest) = columns::table(subject, &figures.metrics);
        text += &compared;
        text += if compared.is_empty() { "" } else { "\n" };
        text += &list(&rest);
    }
    let revision = figures.revision.as_deref().unwrap_or("unknown");
    let (commit, dirty) = revision
        .split_once('-')
        .map_or((revision, ""), |(commit, _)| (commit, " and changes"));
    let commit = &commit[..commit.len().min(10)];
    text + &format!(
        "\nMeasured on {}; commit `{commit}`{dirty}.",
        figures.machine.sentence()
    )
}

/// The headings of the list, those of numbers with a colon.
const HEADINGS: [&str; 9] = [
    "name",
    "what",
    "measured:",
    "middle half",
    "quickest:",
    "slowest:",
    "without it:",
    "ratio:",
    "at most:",
];

/// Returns a table with a row for each metric, without the columns in which nothing stands.
fn list(metrics: &[&Metric]) -> String {
    let rows: Vec<_> = metrics.iter().map(|metric| cells(metric)).collect();
    let kept: Vec<usize> = (0..HEADINGS.len())
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let line = |cell: &dyn Fn(usize) -> String| {
        let cells: String = kept
            .iter()
            .map(|column| format!(" {} |", cell(*column)))
            .collect();
        format!("|{cells}\n")
    };
    let rule = |column: usize| {
        if HEADINGS[column].ends_with(':') {
            "---:"
        } else {
            "---"
        }
    };
    let mut text = line(&|column| HEADINGS[column].trim_end_matches(':').to_owned());
    text += &line(&|column| rule(column).to_owned());
    rows.iter()
        .for_each(|row| text += &line(&|column| row[column].clone()));
    text
}

fn cells(metric: &Metric) -> [String; 9] {
    let with_unit = |value: f64| with_unit(value, &metric.unit);
    let middle = |spread: Spread| {
        format!(
            "{} to {} of {}",
            for_readers(spread.q1),
            for_readers(spread.q3),
            spread.runs
        )
    };
    // The slowest run has the longest time, and the lowest rate.
    let slowest: fn(Spread) -> f64 = match metric.unit.ends_with("/s") {
        true => |spread| spread.min,
        false => |spread| spread.max,
    };
    let spread = |part: fn(Spread) -> f64| metric.spread.map(part).map(with_unit).unwrap_or_default();
    [
        format!("`{}`", metric.name),
        metric.what.clone(),
        with_unit(metric.value),
        metric.spread.map(middle).unwrap_or_default(),
        spread(|spread| spread.quickest),
        spread(slowest),
        metric.without.map(with_unit).unwrap_or_default(),
        metric
            .ratio()
            .map(|ratio| format!("{ratio:.2}"))
            .unwrap_or_default(),
        metric
            .most
            .map(|most| format!("{most} {}", metric.unit))
            .unwrap_or_default(),
    ]
}

/// Returns a value with its unit.
fn with_unit(value: f64, unit: &str) -> String {
    format!("{} {unit}", for_readers(value))
}

/// Returns a number with thousands separated.
fn for_readers(value: f64) -> String {
    if value >= 10_000.0 {
        grouped(value.round() as usize)
    } else {
        shown(value)
    }
}

impl PlotSpec {
    /// Returns the plot, if all of its metrics were measured.
    fn plot(&self, figures: &Figures) -> Option<Plot> {
        let bars = self
            .bars
            .iter()
            .map(|(name, part)| part.bar(figures.metric(name)?));
        Some(Plot {
            title: self.title.to_owned(),
            bars: bars.collect::<Option<_>>()?,
        })
    }
}

impl Part {
    fn bar(&self, metric: &Metric) -> Option<Bar> {
        let (name, value, other) = match self {
            Value(name) => (name, metric.value, false),
            Other(name) => (name, metric.value, true),
            Without(name) => (name, metric.without?, true),
        };
        let range = metric.spread.map(|spread| (spread.q1, spread.q3));
        let whole = !matches!(self, Without(_));
        Some(Bar {
            name: (*name).to_owned(),
            value,
            shown: format!("{} {}", shown(value), metric.unit),
            range: range.filter(|_| whole),
            most: metric.most.filter(|_| whole),
            other,
            part: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{env, fs};

    use super::*;

    /// The committed documents must match the record. `BLESS=1` writes them anew, without measuring anything.
    #[test]
    fn documents_match_the_record() {
        let project = Project::discover().unwrap();
        let record = Record::load(&project).unwrap();
        if env::var_os("BLESS").is_some() {
            write(&project, &record).unwrap();
        }
        for (path, text) in documents(&project.root, &record).unwrap() {
            let found = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                found == text,
                "`{}`: run `BLESS=1 cargo test -p bench`, and look at it",
                path.display()
            );
        }
    }

    #[test]
    fn names_subjects_without_figures() {
        let text = document(&Record::default()).unwrap();
        assert_eq!(text.matches("Not measured yet.").count(), PLACES.len());
    }
}
