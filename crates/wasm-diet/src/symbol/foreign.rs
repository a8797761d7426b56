//! Symbols of C++, Go, Swift and AssemblyScript, which contain an owner.

use cpp_demangle::{DemangleOptions, Symbol as Demangler};

use super::Symbol;

/// Parses a symbol of one of these languages; `None` for others, such as a name of C, which contains no owner.
pub(super) fn parse(symbol: &str) -> Option<Symbol> {
    cpp(symbol)
        .or_else(|| go(symbol))
        .or_else(|| swift(symbol))
        .or_else(|| assembly_script(symbol))
}

/// Returns a function of C++, whose owner is its outermost namespace.
fn cpp(symbol: &str) -> Option<Symbol> {
    // Copies that a compiler or linker made have a suffix.
    let mangled = symbol.split('.').next().filter(|name| name.starts_with("_Z"))?;
    let demangled = Demangler::new(mangled).ok()?.demangle().ok()?;
    let short = DemangleOptions::new().no_params().no_return_type();
    let path = Demangler::new(mangled).ok()?.demangle_with_options(&short);
    Some(cpp_at(path.as_deref().unwrap_or(&demangled), demangled.clone()))
}

/// Returns a function of C++ from its path without parameters.
pub(super) fn cpp_at(path: &str, name: String) -> Symbol {
    let (owner, module) = match namespaces(path).split_first() {
        Some((&"(anonymous namespace)", _)) | None => ("C++ without a namespace".to_owned(), String::new()),
        Some((owner, module)) => ((*owner).to_owned(), module.join("::")),
    };
    Symbol { owner, module, name }
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
    let package = inner.get(..dot)?;
    let name = inner.get(dot + 1..)?;
    let is_package = |it: &str| {
        let ok = |c: char| c.is_ascii_alphanumeric() || "_-./~%".contains(c);
        it.starts_with(|c: char| c.is_ascii_lowercase()) && it.chars().all(ok)
    };
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '(');
    (is_package(package) && is_name).then(|| owned(package, symbol))
}

/// Returns a function of Swift, whose owner is its module.
fn swift(symbol: &str) -> Option<Symbol> {
    let mangled = symbol.strip_prefix("$s").or_else(|| symbol.strip_prefix("$S"))?;
    let digits = mangled
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(mangled.len());
    let (length, rest) = mangled.split_at(digits);
    // The standard library's own types have one letter, without a module.
    let module = match length.parse().ok().filter(|length| *length > 0) {
        Some(length) => rest.get(..length)?,
        None if rest.starts_with(['s', 'S']) => "Swift",
        None => return None,
    };
    Some(owned(module, symbol))
}

/// Returns a function of AssemblyScript, whose owner is its file: `~lib/array` of `~lib/array/Array<i32>#push`.
fn assembly_script(symbol: &str) -> Option<Symbol> {
    let bare = symbol.trim_start_matches("export:").trim_start_matches("start:");
    let path = bare.split('<').next().unwrap_or(bare);
    let (file, element) = path.rsplit_once('/')?;
    let ok = |c: char| c.is_ascii_alphanumeric() || "_-./~@#|".contains(c);
    let is_path = path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '~') && path.chars().all(ok);
    (is_path && !element.is_empty()).then(|| owned(file, symbol))
}

fn owned(owner: &str, symbol: &str) -> Symbol {
    Symbol {
        owner: owner.to_owned(),
        module: String::new(),
        name: symbol.to_owned(),
    }
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
    fn functions_of_swift_belong_to_their_module() {
        assert_eq!(owner("$s4main3fooyyF"), expected("main", ""));
        assert_eq!(owner("$sSS6appendyySSF"), expected("Swift", ""));
        assert_eq!(owner("$s99short"), None);
    }

    #[test]
    fn functions_of_assembly_script_belong_to_their_file() {
        assert_eq!(owner("~lib/rt/itcms/__new"), expected("~lib/rt/itcms", ""));
        assert_eq!(
            owner("~lib/map/Map<~lib/string/String,i32>#set"),
            expected("~lib/map", "")
        );
        assert_eq!(owner("start:assembly/index"), expected("assembly", ""));
        assert_eq!(owner("assembly/index/add"), expected("assembly/index", ""));
        for name in ["wasi:cli/run@0.2.0#run", "and/a sentence", "path/"] {
            assert_eq!(owner(name), None, "{name}");
        }
    }

    #[test]
    fn functions_without_a_namespace_say_so() {
        assert_eq!(
            owner("_ZN12_GLOBAL__N_13runEv"),
            expected("C++ without a namespace", "")
        );
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
