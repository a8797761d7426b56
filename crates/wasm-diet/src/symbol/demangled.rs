//! Names that a linker or a tool has demangled already: `wasm-ld` does it by default, and so does wasm-bindgen.

use super::{Symbol, foreign};

/// Parses a demangled name of Rust or C++; `None` if it is neither.
pub(super) fn parse(name: &str) -> Option<Symbol> {
    if let Some(bare) = rust(name) {
        return Some(Symbol::rust(&bare));
    }
    is_cpp(name).then(|| foreign::cpp_at(path(name), name.to_owned()))
}

/// Returns a name of Rust without its hashes; `None` if nothing in it tells that it is one. A path alone could be one
/// of C++, with the same owner.
fn rust(name: &str) -> Option<String> {
    let bare = without_hashes(name);
    let is_rust = bare.len() < name.len()
        || ["{{closure}}", "{closure#", "{shim:", "{impl#"]
            .iter()
            .any(|mark| name.contains(mark))
        || (name.starts_with('<') && name.contains("::"));
    is_rust.then_some(bare)
}

/// Returns a name without the hashes of crates, such as in `core[5772fb3dd49812b5]::fmt::write`, and without that of
/// the function, such as in `core::fmt::write::h0123456789abcdef`.
fn without_hashes(name: &str) -> String {
    let is_hash = |it: &str| (1..=16).contains(&it.len()) && it.chars().all(|c| c.is_ascii_hexdigit());
    let mut bare = String::with_capacity(name.len());
    let mut pieces = name.split('[');
    bare.extend(pieces.next());
    for piece in pieces {
        let after_name = bare.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = piece
            .split_once(']')
            .filter(|(hash, rest)| after_name && is_hash(hash) && rest.starts_with("::"));
        match rest {
            Some((_, rest)) => bare.push_str(rest),
            None => {
                bare.push('[');
                bare.push_str(piece);
            }
        }
    }
    let end = bare
        .rsplit_once("::h")
        .filter(|(_, hash)| hash.len() == 16 && is_hash(hash))
        .map(|(path, _)| path.len());
    bare.truncate(end.unwrap_or(bare.len()));
    bare
}

/// Returns whether a name is one of C++: it has a scope, parameters, or is an operator.
fn is_cpp(name: &str) -> bool {
    let has_parameters = || {
        let end = name.rfind(')').and_then(|at| name.get(at + 1..));
        let is_end = |rest: &str| rest.is_empty() || rest == " const" || rest.starts_with(" [clone");
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && end.is_some_and(is_end)
    };
    name.contains("::") || name.starts_with("operator ") || has_parameters()
}

/// The descriptions in front of tables and thunks.
const DESCRIPTIONS: [&str; 3] = ["non-virtual thunk to ", "virtual thunk to ", "decltype(auto) "];

/// Returns the path of a function of C++, without parameters, the type that it returns, and the name of an operator.
fn path(name: &str) -> &str {
    let mut text = name.rsplit_once(" for ").map_or(name, |(_, rest)| rest);
    for description in DESCRIPTIONS {
        text = text.strip_prefix(description).unwrap_or(text);
    }
    let mut depth = 0_u32;
    let mut start = 0;
    for (at, character) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let is_word = || {
            let before = text.get(..at).unwrap_or_default();
            before.is_empty() || before.ends_with([':', ' '])
        };
        match character {
            'o' if depth == 0 && rest.starts_with("operator") && is_word() => {
                return text.get(start..at).unwrap_or_default();
            }
            '(' if depth == 0 && !rest.starts_with("(anonymous namespace)") => {
                return text.get(start..at).unwrap_or_default();
            }
            ' ' if depth == 0 => start = at + 1,
            '<' | '(' | '[' | '{' => depth += 1,
            '>' | ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Option<(String, String)> {
        parse(name).map(|symbol| (symbol.owner, symbol.module))
    }

    #[test]
    fn functions_of_cpp_belong_to_their_namespace() {
        let without = "C++ without a namespace";
        for (name, owns, module) in [
            ("mine::sub::Class::run(int)", "mine", "sub::Class"),
            (
                "std::__2::vector<int, std::__2::allocator<int>>::push_back(int&&)",
                "std",
                "__2::vector",
            ),
            (
                "void mine::each<int, void (*)(int)>(int, void (*)(int))",
                "mine",
                "",
            ),
            ("bool std::__2::operator==<char>(char const*)", "std", "__2"),
            ("mine::Class::operator bool() const", "mine", "Class"),
            ("mine::f(int)::{lambda(int)#1}::operator()(int) const", "mine", ""),
            (
                "mine::(anonymous namespace)::run()",
                "mine",
                "(anonymous namespace)",
            ),
            ("vtable for mine::Class", "mine", ""),
            ("non-virtual thunk to mine::Class::run()", "mine", "Class"),
            ("guard variable for mine::f()::once", "mine", ""),
            ("(anonymous namespace)::run(int)", without, ""),
            ("operator new(unsigned long)", without, ""),
            ("run(int, char const*)", without, ""),
            ("run(int) [clone .1]", without, ""),
        ] {
            assert_eq!(owner(name), Some((owns.to_owned(), module.to_owned())), "{name}");
        }
    }

    #[test]
    fn other_names_are_not_taken_for_demangled_ones() {
        for name in [
            "main",
            "(*go/printer.printer).flush",
            "main.(*T).run",
            "slices.SortFunc[go.shape.int]",
            "wasi:cli/run@0.2.0#run",
            "indirect-wasi:io/streams@0.2.0-[method]output-stream.write",
            "~lib/array/Array<i32>#push",
        ] {
            assert_eq!(owner(name), None, "{name}");
        }
    }
}
