//! Whose a function is, from its symbol.

/// A function's name as people read it, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Symbol {
    /// The crate, or what stands for one: a C library, the linker, the tool that made the glue.
    pub(crate) owner: String,
    /// The path of the module inside the crate, without the crate itself; empty at its root.
    pub(crate) module: String,
    /// The demangled name, without the hashes that tell crates of equal name apart.
    pub(crate) name: String,
}

/// Glue that belongs to the type in its angle brackets.
const GLUE: &str = "core::ptr::drop_in_place::<";

impl Symbol {
    /// What a symbol says.
    pub(crate) fn parse(symbol: &str) -> Self {
        let Ok(demangled) = rustc_demangle::try_demangle(symbol) else { return Self::foreign(symbol) };
        let name = format!("{demangled:#}");
        // What LLVM adds to copies, such as `.165` or `.llvm.123`, changes with every build.
        let name = name.split(".llvm.").next().unwrap_or(&name);
        let name = name.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('.').to_owned();
        let path = home(name.strip_prefix(GLUE).unwrap_or(&name));
        match path.split_first() {
            // The compiler's own functions, such as the allocator's front.
            Some((&"__rustc", _)) | None => Self { owner: "std".to_owned(), module: String::new(), name },
            Some((owner, module)) => {
                Self { owner: (*owner).to_owned(), module: module.join("::"), name: name.clone() }
            }
        }
    }

    /// A function that is not Rust's.
    fn foreign(symbol: &str) -> Self {
        let owner = match symbol {
            // What calls `main` is where all of it ends up, inlined.
            "_start" | "main" | "__main_void" | "__original_main" => "clawft",
            _ if symbol.starts_with("clawft_") => "clawft_wasm",
            _ if symbol.contains('#') || symbol.starts_with("cabi_") => "wit-bindgen",
            _ if symbol.starts_with("indirect-") || symbol.starts_with("wit-component:") => "wit-component",
            _ if symbol.starts_with("__wasm_call") || symbol.starts_with("__wasm_init") => "wasm-ld",
            _ => "wasi-libc",
        };
        Self { owner: owner.to_owned(), module: String::new(), name: symbol.to_owned() }
    }
}

/// Crate and modules of the first path in a demangled name: of the type of a method, else of the trait where the type has no
/// path, else of the function.
fn home(name: &str) -> Vec<&str> {
    let skipped = name.trim_start_matches(['<', '&', '*', '(', '[', ' ']);
    for word in ["mut ", "const ", "dyn ", "impl ", "unsafe ", "extern \"C\" ", "fn("] {
        if let Some(rest) = skipped.strip_prefix(word) {
            return home(rest);
        }
    }
    let end = skipped.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(skipped.len());
    let segments: Vec<&str> = skipped[..end].split("::").filter(|segment| !segment.is_empty()).collect();
    if segments.len() < 2 {
        // A primitive type: what is done with it is the trait's.
        return skipped.split_once(" as ").map(|(_, of)| home(of)).unwrap_or_default();
    }
    let is_type = |segment: &&str| segment.starts_with(char::is_uppercase);
    let modules = segments.iter().position(is_type).unwrap_or(segments.len() - 1);
    segments[..modules.max(1)].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(name: &str) -> String {
        home(name.strip_prefix(GLUE).unwrap_or(name)).join("::")
    }

    #[test]
    fn a_function_belongs_to_its_crate_and_module() {
        assert_eq!(place("clawft_core::turn::step::run"), "clawft_core::turn::step");
        assert_eq!(place("clawft::answer::{closure#0}"), "clawft");
        assert_eq!(place("<clawft_types::json::Value>::object"), "clawft_types::json");
        assert_eq!(place("<alloc::vec::Vec<u8>>::reserve"), "alloc::vec");
    }

    #[test]
    fn a_trait_of_a_type_belongs_to_the_type_if_it_has_a_path() {
        assert_eq!(place("<clawft_types::error::E as core::fmt::Display>::fmt"), "clawft_types::error");
        assert_eq!(place("<&alloc::string::String as core::fmt::Display>::fmt"), "alloc::string");
        assert_eq!(place("<&str as core::fmt::Display>::fmt"), "core::fmt");
        assert_eq!(place("<[u8] as std::io::Write>::write"), "std::io");
        assert_eq!(place("core::ptr::drop_in_place::<clawft_types::json::Value>"), "clawft_types::json");
    }

    #[test]
    fn symbols_lose_what_changes_with_every_build() {
        let symbol = Symbol::parse("_RNvMsa_NtCs2rMHVaGqj9U_4core3fmtNtB5_9Formatter9write_fmt.165");
        assert_eq!(symbol.owner, "core");
        assert_eq!(symbol.module, "fmt");
        assert_eq!(symbol.name, "<core::fmt::Formatter>::write_fmt");
        let symbol = Symbol::parse("_RNvCsfLfy6EI15iL_7___rustc14___rust_realloc");
        assert_eq!((symbol.owner.as_str(), symbol.name.as_str()), ("std", "__rustc::__rust_realloc"));
    }

    #[test]
    fn what_is_not_rust_has_an_owner_too() {
        let owner = |symbol: &str| Symbol::parse(symbol).owner;
        assert_eq!(owner("dlmalloc"), "wasi-libc");
        assert_eq!(owner("__main_void"), "clawft");
        assert_eq!(owner("clawft_feed"), "clawft_wasm");
        assert_eq!(owner("clawft:agent/turn#answer"), "wit-bindgen");
        assert_eq!(owner("__wasm_call_ctors"), "wasm-ld");
    }
}
