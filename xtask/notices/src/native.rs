//! The parts that are no cargo packages: Rust's standard library, and the C libraries.

use crate::part::Part;

/// Returns the parts of a program for `target`, with the library of C++ if it is in it.
pub(crate) fn parts(target: &str, cxx: bool) -> Vec<Part> {
    let mut parts = vec![
        part(
            "std",
            "MIT OR Apache-2.0",
            "https://github.com/rust-lang/rust",
            include_str!("../texts/std.txt"),
        ),
        part(
            "compiler-builtins",
            "MIT AND Apache-2.0 WITH LLVM-exception",
            "https://github.com/rust-lang/compiler-builtins",
            include_str!("../texts/compiler-builtins.txt"),
        ),
    ];
    if target.ends_with("-musl") {
        parts.push(part(
            "musl",
            "MIT",
            "https://musl.libc.org",
            include_str!("../texts/musl.txt"),
        ));
    }
    if target.ends_with("-windows-gnu") {
        parts.push(part(
            "mingw-w64",
            "ZPL-2.1",
            "https://www.mingw-w64.org",
            include_str!("../texts/mingw-w64.txt"),
        ));
    }
    if target.ends_with("-musl") || target.ends_with("-windows-gnu") {
        parts.push(part(
            "libunwind",
            "Apache-2.0 WITH LLVM-exception",
            "https://github.com/llvm/llvm-project",
            include_str!("../texts/libunwind.txt"),
        ));
    }
    if target.ends_with("-musl") && cxx {
        // The licence of all of LLVM's libraries.
        parts.push(part(
            "libc++",
            "Apache-2.0 WITH LLVM-exception",
            "https://github.com/llvm/llvm-project",
            include_str!("../texts/libunwind.txt"),
        ));
    }
    if target.starts_with("wasm32-") {
        parts.push(part(
            "wasi-libc",
            "MIT AND BSD-2-Clause",
            "https://github.com/WebAssembly/wasi-libc",
            include_str!("../texts/wasi-libc.txt"),
        ));
    }
    parts
}

fn part(name: &str, licence: &str, source: &str, text: &str) -> Part {
    Part {
        name: name.to_owned(),
        version: String::new(),
        licence: licence.to_owned(),
        source: source.to_owned(),
        texts: vec![text.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_libraries_of_each_kind_of_target() {
        let names = |target: &str| -> Vec<String> {
            parts(target, false).into_iter().map(|part| part.name).collect()
        };
        assert_eq!(
            names("x86_64-unknown-linux-musl"),
            ["std", "compiler-builtins", "musl", "libunwind"]
        );
        assert_eq!(names("wasm32-wasip2"), ["std", "compiler-builtins", "wasi-libc"]);
        assert_eq!(
            names("x86_64-pc-windows-gnu"),
            ["std", "compiler-builtins", "mingw-w64", "libunwind"]
        );
        assert_eq!(names("x86_64-apple-darwin"), ["std", "compiler-builtins"]);
        let with_cxx = parts("x86_64-unknown-linux-musl", true);
        assert_eq!(with_cxx.last().unwrap().name, "libc++");
    }
}
