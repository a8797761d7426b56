//! What setup prints: a line an item, and for what is missing every way to get it.

use std::path::Path;

use anyhow::Error;

use super::{
    item::{Item, Outcome, Piece},
    pins::Pins,
    plan::Step,
};

/// An item that is there: its name, how it came to be there, its version, where it is, where from.
pub(super) fn line(item: Item, piece: &Piece, outcome: Outcome) -> String {
    let outcome = match outcome {
        Outcome::Found => "found",
        Outcome::Installed => "installed",
    };
    format!("{item:<17} {outcome:<9} {:<8} {} ({})", piece.version, piece.path.display(), piece.from)
}

/// A step of the plan as `--check` shows it: one line for what is there, more for what is not.
pub(super) fn step(step: &Step, pins: &Pins) -> String {
    let (item, lines, ways) = match step {
        Step::Keep(item, piece) => return line(*item, piece, Outcome::Found),
        Step::Refuse(item, reason) => return format!("{item:<17} wrong     {reason}"),
        Step::Get(item, ways, note) => {
            let first = format!("{item:<17} missing   `{}` installs it", item.command());
            (*item, [first].into_iter().chain(note.as_ref().map(|note| format!("  {note}"))), ways)
        }
        Step::Replace(item, ways, folder) => {
            let first = format!("{item:<17} damaged   `{}` installs it again", item.command());
            let note = format!("  `{}` does not hold what was installed there", folder.display());
            (*item, [first].into_iter().chain(Some(note)), ways)
        }
    };
    let ways = ways.iter().enumerate().map(|(index, way)| {
        let word = if index == 0 { "get it by" } else { "or by" };
        format!("  {word} {}", way.describe(item, pins))
    });
    let choice = format!("  or {}", item.choice(pins));
    lines.chain(ways).chain([choice]).collect::<Vec<_>>().join("\n")
}

/// The error where nothing can be installed at all: everything that would have been.
pub(super) fn not_begun(steps: &[Step]) -> String {
    let items = steps.iter().filter_map(|step| match step {
        Step::Get(item, ..) => Some(format!("{item} (missing)")),
        Step::Replace(item, ..) => Some(format!("{item} (damaged)")),
        Step::Keep(..) | Step::Refuse(..) => None,
    });
    format!("could not install {}", items.collect::<Vec<_>>().join(", "))
}

/// The warning about something that is about to be replaced.
pub(super) fn damaged(item: Item, folder: &Path) -> String {
    format!(
        "{item} is damaged and installed again: `{}` does not hold what was installed there",
        folder.display()
    )
}

/// Why nothing was tried for an item.
pub(super) fn no_way(item: Item) -> &'static str {
    match item {
        Item::Python(_) => "there is no `python3` here",
        Item::Node(_) => "there is no `npm` here",
        Item::Program(_) => {
            "it is not on the PATH, and there is no apt with a Debian mirror here to get it by"
        }
        _ => "there is neither rustup here nor apt with a Debian mirror",
    }
}

/// An item that could not be had, with the reasons below it.
pub(super) fn failure(item: Item, error: &Error) -> String {
    format!("{item}:\n  {}", format!("{error:#}").replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::{
            item::{Program, Target, Tool},
            plan::Way,
        },
        *,
    };

    const P2: Item = Item::Target(Target::Wasip2);

    #[test]
    fn what_is_there_takes_one_line() {
        let piece = Piece {
            version: "49.0.3".to_owned(),
            path: PathBuf::from("/c/wasmtime"),
            from: "PyPI".to_owned(),
        };
        let found = step(&Step::Keep(Item::Tool(Tool::Wasmtime), piece), &Pins::load().unwrap());
        assert_eq!(found, "wasmtime          found     49.0.3   /c/wasmtime (PyPI)");
    }

    #[test]
    fn what_is_missing_comes_with_every_way_to_get_it() {
        let missing = Step::Get(P2, vec![Way::Rustup, Way::Debian], Some("the std there is old".to_owned()));
        assert_eq!(
            step(&missing, &Pins::load().unwrap()),
            "wasm32-wasip2     missing   `cargo xtask setup` installs it\n  \
             the std there is old\n  \
             get it by `rustup target add wasm32-wasip2`\n  \
             or by std built from Debian's `rust-src`, with Debian's `wasi-libc` (trixie-backports)\n  \
             or choose a toolchain that has it with RUSTUP_TOOLCHAIN"
        );
    }

    #[test]
    fn what_is_damaged_is_told_with_its_folder() {
        let replace = Step::Replace(
            Item::Tool(Tool::Wasmtime),
            vec![Way::CargoInstall],
            PathBuf::from("/cache/tools/wasmtime-1"),
        );
        let shown = step(&replace, &Pins::load().unwrap());
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[0], "wasmtime          damaged   `cargo xtask setup` installs it again");
        assert_eq!(lines[1], "  `/cache/tools/wasmtime-1` does not hold what was installed there");
        assert!(lines[2].starts_with("  get it by `cargo install wasmtime-cli"), "{shown}");
    }

    #[test]
    fn a_machine_without_debian_is_told_what_to_install_and_which_variable_to_set() {
        let chromium = Step::Get(Item::Program(Program::Chromium), Vec::new(), None);
        let missing = step(&chromium, &Pins::load().unwrap());
        assert!(missing.ends_with("or install `chromium`, or set CHROMIUM to the path of the program"));
    }

    #[test]
    fn a_program_can_always_be_named_by_its_variable() {
        let pins = Pins::load().unwrap();
        for (tool, variable) in [(Tool::Wasmtime, "WASMTIME"), (Tool::WasmTools, "WASM_TOOLS")] {
            let missing = step(&Step::Get(Item::Tool(tool), vec![Way::Wheel], None), &pins);
            assert!(missing.contains(variable), "{missing}");
        }
    }

    #[test]
    fn each_line_of_a_failure_is_indented_below_its_item() {
        let text = failure(P2, &anyhow::anyhow!("one\ntwo"));
        assert_eq!(text, "wasm32-wasip2:\n  one\n  two");
    }
}
