//! The parts of a program that are not cargo packages: Rust's std, which is built with it, and the C library.

use serde_json::{Value, json};

use super::purl;

/// A linked library that no lock file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::release) struct Native {
    name: &'static str,
    /// Empty if its packager gives no version.
    version: String,
    description: String,
    licence: &'static str,
    purl: Option<String>,
    cpe: Option<String>,
}

impl Native {
    /// Returns std of this release of Rust, such as `1.95.0`, built from source.
    pub(in crate::release) fn std(release: &str) -> Self {
        Self {
            name: "std",
            version: release.to_owned(),
            description:
                "Rust's standard library with what it is made of, built from the toolchain's own source"
                    .to_owned(),
            licence: "MIT OR Apache-2.0",
            purl: Some(purl::of_github("rust-lang/rust", release)),
            cpe: None,
        }
    }

    /// Returns the C library of the WASI targets: Debian's package in this version, or the one that comes with
    /// Rust.
    pub(in crate::release) fn wasi_libc(debian: Option<&str>) -> Self {
        Self {
            name: "wasi-libc",
            version: debian.unwrap_or_default().to_owned(),
            description: match debian {
                Some(_) => "the C library of the WASI targets, as Debian packages it".to_owned(),
                None => "the C library of the WASI targets, as it comes with Rust".to_owned(),
            },
            licence: "(Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT) AND CC0-1.0 AND BSD-2-Clause AND MIT",
            purl: debian.map(|version| purl::of_debian("wasi-libc", version)),
            cpe: None,
        }
    }

    /// Returns the C library of a static Linux program, which zig brings in this version.
    pub(in crate::release) fn musl(zig: &str, musl: &str) -> Self {
        Self {
            name: "musl",
            version: musl.to_owned(),
            description: format!("the C library of the static Linux targets, as zig {zig} brings it"),
            licence: "MIT",
            purl: None,
            cpe: Some(format!("cpe:2.3:a:musl-libc:musl:{musl}:*:*:*:*:*:*:*")),
        }
    }

    /// Returns the C library of a program for Windows, which zig brings.
    pub(in crate::release) fn mingw(zig: &str) -> Self {
        Self {
            name: "mingw-w64",
            version: String::new(),
            description: format!("the start files and the C library of Windows, as zig {zig} brings them"),
            licence: "ZPL-2.1",
            purl: None,
            cpe: None,
        }
    }

    /// Returns the unwinder, which zig brings.
    pub(in crate::release) fn unwinder(zig: &str) -> Self {
        Self {
            name: "libunwind",
            version: String::new(),
            description: format!("LLVM's unwinder, as zig {zig} brings it"),
            licence: "Apache-2.0 WITH LLVM-exception",
            purl: None,
            cpe: None,
        }
    }

    /// Returns zig's library of C++ for a static Linux program.
    pub(in crate::release) fn cxx(zig: &str) -> Self {
        Self {
            name: "libc++",
            version: String::new(),
            description: format!("LLVM's library of C++, as zig {zig} brings it"),
            licence: "Apache-2.0 WITH LLVM-exception",
            purl: None,
            cpe: None,
        }
    }

    /// Returns its reference inside a document.
    pub(super) fn reference(&self) -> String {
        self.purl
            .clone()
            .unwrap_or_else(|| format!("native:{}", self.name))
    }

    /// Returns it as a component of CycloneDX.
    pub(super) fn component(&self) -> Value {
        let mut component = json!({
            "type": "library",
            "bom-ref": self.reference(),
            "name": self.name,
            "description": self.description,
            "scope": "required",
            "licenses": [{ "expression": self.licence }],
        });
        let optional = [
            ("version", Some(&self.version)),
            ("purl", self.purl.as_ref()),
            ("cpe", self.cpe.as_ref()),
        ];
        for (name, value) in optional {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                component[name] = json!(value);
            }
        }
        component
    }
}
