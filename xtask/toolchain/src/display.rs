//! The output of setup: a line per item, and for a missing one every method to install it.

use std::path::Path;

use anyhow::Error;

use super::{
    item::{Installation, Item, Outcome},
    pins::Pins,
    plan::Step,
};

/// Returns the line of an installed item: its name, the outcome, its version, its path and its origin.
pub(super) fn line(item: Item, installation: &Installation, outcome: Outcome) -> String {
    let outcome = outcome.word();
    format!(
        "{item:<17} {outcome:<9} {:<8} {} ({})",
        installation.version,
        installation.path.display(),
        installation.from
    )
}

/// Returns a step of the plan for `--check`: one line for an installed item, more for a missing one.
pub(super) fn step(step: &Step, pins: &Pins) -> String {
    let word = step.word();
    let (item, lines, methods) = match step {
        Step::Keep(item, installation) => return line(*item, installation, Outcome::Found),
        Step::Refuse(item, reason) => return format!("{item:<17} {word:<9} {reason}"),
        Step::Get(item, methods, note) => {
            let first = format!("{item:<17} {word:<9} `{}` installs it", item.command(pins));
            (
                *item,
                [first]
                    .into_iter()
                    .chain(note.as_ref().map(|note| format!("  {note}"))),
                methods,
            )
        }
        Step::Replace(item, methods, directory) => {
            let first = format!("{item:<17} {word:<9} `{}` installs it again", item.command(pins));
            let note = format!(
                "  `{}` differs from what was installed there",
                directory.display()
            );
            (*item, [first].into_iter().chain(Some(note)), methods)
        }
    };
    let methods = methods.iter().enumerate().map(|(index, method)| {
        let word = if index == 0 { "get it by" } else { "or by" };
        format!("  {word} {}", method.describe(item, pins))
    });
    let choice = format!("  or {}", item.choice(pins));
    lines
        .chain(methods)
        .chain([choice])
        .collect::<Vec<_>>()
        .join("\n")
}

/// Returns the error for a machine on which nothing can be installed: all missing and damaged items.
pub(super) fn not_begun(steps: &[Step]) -> String {
    let items = steps.iter().filter_map(|step| match step {
        Step::Get(item, ..) => Some(format!("{item} (missing)")),
        Step::Replace(item, ..) => Some(format!("{item} (damaged)")),
        Step::Keep(..) | Step::Refuse(..) => None,
    });
    format!("could not install {}", items.collect::<Vec<_>>().join(", "))
}

/// Returns the warning about a damaged item that is replaced.
pub(super) fn damaged(item: Item, directory: &Path) -> String {
    format!(
        "{item} is damaged and installed again: `{}` differs from what was installed there",
        directory.display()
    )
}

/// Returns the reason why no method exists to install an item.
pub(super) fn no_method(item: Item) -> &'static str {
    match item {
        Item::Python(_) => "there is no `python3` on the PATH",
        Item::Node(_) => "there is no `npm` on the PATH",
        Item::Program(_) => {
            "it is not on the PATH, and this machine has no apt with a Debian mirror to get it from"
        }
        _ => "this machine has neither rustup nor apt with a Debian mirror",
    }
}

/// Returns an item that could not be installed, with the reasons below it.
pub(super) fn failure(item: Item, error: &Error) -> String {
    format!("{item}:\n  {}", format!("{error:#}").replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{
        super::{
            item::{Program, Target, Tool},
            plan::Method,
        },
        *,
    };

    const P2: Item = Item::Target(Target::Wasip2);

    #[test]
    fn shows_found_item_in_one_line() {
        let installation = Installation {
            version: "49.0.3".to_owned(),
            path: PathBuf::from("/c/wasmtime"),
            from: "PyPI".to_owned(),
        };
        let found = step(
            &Step::Keep(Item::Tool(Tool::Wasmtime), installation),
            &Pins::load().unwrap(),
        );
        assert_eq!(found, "wasmtime          found     49.0.3   /c/wasmtime (PyPI)");
    }

    #[test]
    fn shows_missing_item_with_every_method() {
        let missing = Step::Get(
            P2,
            vec![Method::Rustup, Method::Debian],
            Some("the std there is old".to_owned()),
        );
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
    fn shows_damaged_item_with_its_directory() {
        let replace = Step::Replace(
            Item::Tool(Tool::Wasmtime),
            vec![Method::CargoInstall],
            PathBuf::from("/cache/tools/wasmtime-1"),
        );
        let shown = step(&replace, &Pins::load().unwrap());
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(
            lines[0],
            "wasmtime          damaged   `cargo xtask setup` installs it again"
        );
        assert_eq!(
            lines[1],
            "  `/cache/tools/wasmtime-1` differs from what was installed there"
        );
        assert!(
            lines[2].starts_with("  get it by `cargo install wasmtime-cli"),
            "{shown}"
        );
    }

    #[test]
    fn names_package_and_variable_without_debian() {
        let chromium = Step::Get(Item::Program(Program::Chromium), Vec::new(), None);
        let missing = step(&chromium, &Pins::load().unwrap());
        assert!(missing.ends_with("or install `chromium`, or set CHROMIUM to the path of the program"));
    }

    #[test]
    fn shows_variable_of_each_program() {
        let pins = Pins::load().unwrap();
        for (tool, variable) in [(Tool::Wasmtime, "WASMTIME"), (Tool::WasmTools, "WASM_TOOLS")] {
            let missing = step(&Step::Get(Item::Tool(tool), vec![Method::Wheel], None), &pins);
            assert!(missing.contains(variable), "{missing}");
        }
    }

    #[test]
    fn indents_failure_below_its_item() {
        let text = failure(P2, &anyhow::anyhow!("one\ntwo"));
        assert_eq!(text, "wasm32-wasip2:\n  one\n  two");
    }
}
