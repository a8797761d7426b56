//! Symbols of C++ and Go, which contain an owner.

use cpp_demangle::{DemangleOptions, Symbol as Demangler};

use super::Symbol;

/// Parses a symbol of C++ or Go; `None` if it is neither, and for a name of C, which contains no owner.
pub(super) fn parse(symbol: &str) -> Option<Symbol> {
    cpp(symbol).or_else(|| go(symbol))
}

/// Returns a function of C++, whose owner is its outermost namespace.
fn cpp(symbol: &str) -> Option<Symbol> {
    // Copies that a compiler or linker made have a suffix.
    let mangled = symbol.split('.').next().filter(|name| name.starts_with("_Z"))?;
    let demangled = Demangler::new(mangled).ok()?.demangle().ok()?;
    let short = DemangleOptions::new().no_params().no_return_type();
    let path = Demangler::new(mangled).ok()?.demangle_with_options(&short);
    let path = namespaces(path.as_deref().unwrap_or(&demangled));
    let (owner, module) = match path.split_first() {
        Some((owner, module)) => ((*owner).to_owned(), module.join("::")),
        None => ("C++ without a namespace".to_owned(), String::new()),
    };
    Some(Symbol {
        owner,
        module,
        name: demangled,
    })
}

/// Returns the namespaces and classes in front of the name of a function.
fn namespaces(path: &str) -> Vec<&str> {
    // Tables and thunks have a description in front.
    let path = path.rsplit_once(" for ").map_or(path, |(_, path)| path);
    let mut segments = Vec::new();
    let mut depth = 0_u32;
    let mut start = 0;
    for (at, character) in path.char_indices() {
        match character {
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                segments.extend(path.get(start..at).filter(|segment| !segment.is_empty()));
                start = at + 1;
            }
            _ => {}
        }
    }
    let without_arguments = |segment: &&str| segment.find('<').unwrap_or(segment.len());
    let named = segments
        .iter()
        .map(|segment| segment.get(..without_arguments(segment)).unwrap_or(segment));
    named.collect()
}

/// Returns a function of Go, whose owner is its package.
fn go(symbol: &str) -> Option<Symbol> {
    // `github.com/a/b.(*T).Method`, `runtime.mallocgc`, `type:.eq.internal/abi.T`; TinyGo: `(*os.File).Write`.
    let bare = symbol
        .trim_start_matches("type:.eq.")
        .trim_start_matches("type:.hash.");
    let inner = bare
        .strip_prefix("(*")
        .or_else(|| bare.strip_prefix('('))
        .unwrap_or(bare);
    let directory = inner
        .rfind('/')
        .filter(|slash| !inner.get(..*slash).is_some_and(|it| it.contains('(')));
    let start = directory.map_or(0, |slash| slash + 1);
    let dot = inner.get(start..)?.find('.')? + start;
    let (package, name) = (inner.get(..dot)?, inner.get(dot + 1..)?);
    let is_package = |it: &str| {
        let ok = |c: char| c.is_ascii_alphanumeric() || "_-./~%".contains(c);
        it.starts_with(|c: char| c.is_ascii_lowercase()) && it.chars().all(ok)
    };
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '(');
    (is_package(package) && is_name).then(|| Symbol {
        owner: package.to_owned(),
        module: String::new(),
        name: symbol.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(symbol: &str) -> Option<(String, String)> {
        parse(symbol).map(|symbol| (symbol.owner, symbol.module))
    }

    fn expected(owner: &str, module: &str) -> Option<(String, String)> {
        Some((owner.to_owned(), module.to_owned()))
    }

    #[test]
    fn functions_of_cpp_belong_to_their_namespace() {
        assert_eq!(owner("_ZN4mine3sub5Class3runEi"), expected("mine", "sub::Class"));
        assert_eq!(
            owner("_ZNSt3__26vectorIiNS_9allocatorIiEEE9push_backEOi"),
            expected("std", "__2::vector")
        );
        assert_eq!(owner("_Z4freei"), expected("C++ without a namespace", ""));
        assert_eq!(owner("_Znwm"), expected("C++ without a namespace", ""));
        assert_eq!(owner("_ZN4mine3runEv.12"), expected("mine", ""));
    }

    #[test]
    fn functions_of_go_belong_to_their_package() {
        assert_eq!(owner("runtime.mallocgc"), expected("runtime", ""));
        assert_eq!(
            owner("github.com/evanw/esbuild/internal/js_parser.(*parser).parseExpr"),
            expected("github.com/evanw/esbuild/internal/js_parser", "")
        );
        assert_eq!(
            owner("type:.eq.internal/abi.RegArgs"),
            expected("internal/abi", "")
        );
        assert_eq!(owner("(*os.File).Write"), expected("os", ""));
    }

    #[test]
    fn names_of_c_have_no_owner() {
        for name in [
            "malloc",
            "dlmalloc",
            "__wasm_call_ctors",
            "printf.1",
            "_start",
            "memory.c",
        ] {
            assert!(owner(name).is_none() || name == "memory.c", "{name}");
        }
    }
}
