//! The crate that a function belongs to, from its symbol.

mod demangled;
mod foreign;

/// The owners that no symbol contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owners<'a> {
    /// The owner of `main` and its callers, into which much of a program ends up inlined.
    pub program: &'a str,
    /// The owners of exported C functions, by the prefix of their symbols.
    pub prefixes: &'a [(&'a str, &'a str)],
    /// The owner of functions whose names tell nothing: of C, mostly.
    pub others: &'a str,
    /// The owner and the name of functions without names in a module beside others that have names.
    pub unnamed: (&'a str, &'a str),
}

impl Default for Owners<'_> {
    fn default() -> Self {
        Self {
            program: "main",
            prefixes: &[],
            others: "no owner in the name",
            unnamed: ("unknown", "functions without a name"),
        }
    }
}

/// A function's name for people, and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The crate, or the name that stands for one: a C library, the linker, the tool that made the glue.
    pub owner: String,
    /// The path of the module inside the crate, without the crate itself; empty at its root.
    pub module: String,
    /// The demangled name, without the hashes that tell crates of equal name apart.
    pub name: String,
}

/// The prefix of glue that belongs to the type in its angle brackets.
const GLUE: &str = "core::ptr::drop_in_place::<";

impl Symbol {
    /// Parses a symbol. `owners` names the owners of functions that are not Rust's.
    pub fn parse(symbol: &str, owners: &Owners<'_>) -> Self {
        match rustc_demangle::try_demangle(symbol) {
            Ok(demangled) => Self::rust(&format!("{demangled:#}")),
            Err(_) => Self::foreign(symbol, owners),
        }
    }

    /// Returns a function of Rust, from its demangled name without hashes.
    fn rust(name: &str) -> Self {
        // LLVM's suffixes of copies, such as `.165` or `.llvm.123`, change with every build.
        let name = name.split(".llvm.").next().unwrap_or(name);
        let name = name
            .trim_end_matches(|c: char| c.is_ascii_digit())
            .trim_end_matches('.')
            .to_owned();
        let path = home(name.strip_prefix(GLUE).unwrap_or(&name));
        match path.split_first() {
            // The compiler's own functions, such as the allocator's front.
            Some((&"__rustc", _)) | None => Self {
                owner: "std".to_owned(),
                module: String::new(),
                name,
            },
            Some((owner, module)) => Self {
                owner: (*owner).to_owned(),
                module: module.join("::"),
                name: name.clone(),
            },
        }
    }

    /// Returns a function that is not Rust's.
    fn foreign(symbol: &str, owners: &Owners<'_>) -> Self {
        if let Some(found) = demangled::parse(symbol).or_else(|| foreign::parse(symbol)) {
            return found;
        }
        let by_prefix = owners
            .prefixes
            .iter()
            .find(|(prefix, _)| symbol.starts_with(prefix));
        let owner = match (symbol, by_prefix) {
            ("_start" | "main" | "__main_void" | "__original_main" | "__main_argc_argv", _) => owners.program,
            (_, Some((_, owner))) => owner,
            _ if is_glue(symbol) => "wit-bindgen",
            _ if symbol.starts_with("indirect-") || symbol.starts_with("wit-component:") => "wit-component",
            _ if symbol.starts_with("__wasm_call") || symbol.starts_with("__wasm_init") => "wasm-ld",
            _ => owners.others,
        };
        Self {
            owner: owner.to_owned(),
            module: String::new(),
            name: symbol.to_owned(),
        }
    }
}

/// Returns whether a symbol is one of the canonical ABI: an export of an interface, such as `wasi:cli/run@0.2.0#run`,
/// or a function that moves parameters and results.
fn is_glue(symbol: &str) -> bool {
    let is_interface = |it: &str| {
        let ok = |c: char| c.is_ascii_alphanumeric() || "-:/@.+[]".contains(c);
        it.contains(':') && it.contains('/') && it.chars().all(ok)
    };
    symbol.starts_with("cabi_")
        || symbol.starts_with("__wasm_export_")
        || symbol.starts_with("__wasm_import_")
        || symbol
            .split_once('#')
            .is_some_and(|(interface, _)| is_interface(interface))
}

/// Returns crate and modules of the first path in a demangled name: of the type of a method, else of the
/// trait if the type has no path, else of the function.
fn home(name: &str) -> Vec<&str> {
    let mut rest = name;
    loop {
        let skipped = without_words(rest);
        let end = skipped
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .unwrap_or(skipped.len());
        let segments: Vec<&str> = skipped[..end]
            .split("::")
            .filter(|segment| !segment.is_empty())
            .collect();
        if segments.len() >= 2 {
            let is_type = |segment: &&str| segment.starts_with(char::is_uppercase);
            let modules = segments.iter().position(is_type).unwrap_or(segments.len() - 1);
            return segments.get(..modules.max(1)).unwrap_or(&segments).to_vec();
        }
        // A primitive type: its methods are the trait's.
        match skipped.split_once(" as ") {
            Some((_, of)) => rest = of,
            None => return Vec::new(),
        }
    }
}

/// Returns a type without what is in front of its path.
fn without_words(name: &str) -> &str {
    let words = [
        "mut ",
        "const ",
        "dyn ",
        "impl ",
        "unsafe ",
        "extern \"C\" ",
        "fn(",
    ];
    let mut rest = name;
    loop {
        rest = rest.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
        match words.iter().find_map(|word| rest.strip_prefix(word)) {
            Some(shorter) => rest = shorter,
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> String {
        home(name.strip_prefix(GLUE).unwrap_or(name)).join("::")
    }

    #[test]
    fn functions_belong_to_their_crate_and_module() {
        assert_eq!(place("agent_core::turn::step::run"), "agent_core::turn::step");
        assert_eq!(place("agent::answer::{closure#0}"), "agent");
        assert_eq!(place("<agent_types::json::Value>::object"), "agent_types::json");
        assert_eq!(place("<alloc::vec::Vec<u8>>::reserve"), "alloc::vec");
    }

    #[test]
    fn trait_methods_belong_to_type_with_path() {
        assert_eq!(
            place("<agent_types::error::E as core::fmt::Display>::fmt"),
            "agent_types::error"
        );
        assert_eq!(
            place("<&alloc::string::String as core::fmt::Display>::fmt"),
            "alloc::string"
        );
        assert_eq!(place("<&str as core::fmt::Display>::fmt"), "core::fmt");
        assert_eq!(place("<[u8] as std::io::Write>::write"), "std::io");
        assert_eq!(
            place("core::ptr::drop_in_place::<agent_types::json::Value>"),
            "agent_types::json"
        );
    }

    #[test]
    fn symbols_lose_suffixes_that_change_with_every_build() {
        let symbol = Symbol::parse(
            "_RNvMsa_NtCs2rMHVaGqj9U_4core3fmtNtB5_9Formatter9write_fmt.165",
            &Owners::default(),
        );
        assert_eq!(symbol.owner, "core");
        assert_eq!(symbol.module, "fmt");
        assert_eq!(symbol.name, "<core::fmt::Formatter>::write_fmt");
        let symbol = Symbol::parse("_RNvCsfLfy6EI15iL_7___rustc14___rust_realloc", &Owners::default());
        assert_eq!(
            (symbol.owner.as_str(), symbol.name.as_str()),
            ("std", "__rustc::__rust_realloc")
        );
    }

    #[test]
    fn names_demangled_by_linker_have_same_owner() {
        let parsed = |name: &str| {
            let symbol = Symbol::parse(name, &Owners::default());
            (symbol.owner, symbol.module, symbol.name)
        };
        let expected = |owner: &str, module: &str, name: &str| {
            let [owner, module, name] = [owner, module, name].map(str::to_owned);
            (owner, module, name)
        };
        assert_eq!(
            parsed("<agent[b7b0a26823c382c8]::db::Database>::new"),
            expected("agent", "db", "<agent::db::Database>::new")
        );
        assert_eq!(
            parsed("agent[f61b9cb98f8e055]::run::{closure#0}.llvm.17"),
            expected("agent", "", "agent::run::{closure#0}")
        );
        assert_eq!(
            parsed("agent::turn::step::h0123456789abcdef"),
            expected("agent", "turn", "agent::turn::step")
        );
        assert_eq!(
            parsed("<[u8] as std[1]::io::Write>::write"),
            expected("std", "io", "<[u8] as std::io::Write>::write")
        );
    }

    #[test]
    fn long_foreign_names_need_no_stack() {
        for part in ["&mut ", "<u8 as ", "a::", "(", "a(", "operator ", "[0]::"] {
            let name = format!("<{}>::{{closure#0}}", part.repeat(100_000));
            assert!(!Symbol::parse(&name, &Owners::default()).owner.is_empty());
        }
    }

    #[test]
    fn functions_of_other_languages_have_an_owner() {
        let owners = Owners {
            program: "agent",
            prefixes: &[("agent_", "agent-ffi")],
            others: "wasi-libc",
            ..Owners::default()
        };
        let owner = |symbol: &str| Symbol::parse(symbol, &owners).owner;
        assert_eq!(owner("dlmalloc"), "wasi-libc");
        assert_eq!(owner("__main_void"), "agent");
        assert_eq!(owner("agent_feed"), "agent-ffi");
        assert_eq!(owner("example:agent/turn#answer"), "wit-bindgen");
        assert_eq!(owner("__wasm_call_ctors"), "wasm-ld");
        assert_eq!(owner("cabi_realloc"), "wit-bindgen");
        assert_eq!(owner("not an interface#answer"), "wasi-libc");
    }
}
