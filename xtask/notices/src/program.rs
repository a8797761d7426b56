//! The programs that ship, as they are built.

/// A program, as it is built for one or several targets.
#[derive(Clone, Copy, Debug)]
pub struct Program<'p> {
    /// The name for readers.
    pub name: &'p str,
    /// The builds whose packages are in it.
    pub builds: &'p [Build<'p>],
}

/// A build of a program.
#[derive(Clone, Copy, Debug)]
pub struct Build<'p> {
    /// The package in the workspace.
    pub package: &'p str,
    /// The arguments of cargo about its features.
    pub features: &'p [&'p str],
    /// The Rust targets.
    pub targets: &'p [&'p str],
}

/// `weft` for Linux, whose images and archives have one document.
pub const WEFT: Program<'static> = Program {
    name: "weft",
    builds: &[Build {
        package: "weft",
        features: &[],
        targets: &["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"],
    }],
};

/// The arguments of cargo for `wasm-diet` with Binaryen inside.
pub const BINARYEN: &[&str] = &["--features", "binaryen"];

/// `wasm-diet` for Linux, with Binaryen inside, which is C++.
pub const WASM_DIET: Program<'static> = Program {
    name: "wasm-diet",
    builds: &[Build {
        package: "wasm-diet",
        features: BINARYEN,
        targets: &["x86_64-unknown-linux-musl", "aarch64-unknown-linux-musl"],
    }],
};

/// The components and the module.
pub const CLAWFT: Program<'static> = Program {
    name: "clawft",
    builds: &[
        Build {
            package: "clawft-wasm",
            features: &[],
            targets: &["wasm32-wasip2", "wasm32-wasip1"],
        },
        Build {
            package: "clawft-serve",
            features: &["--features", "p2,p3"],
            targets: &["wasm32-wasip2"],
        },
    ],
};
