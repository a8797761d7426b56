//! Reads the numbers of the exported functions from their header, so that they are written in one place,
//! which a C compiler reads too.

use std::{env, path::Path};

const HEADER: &str = "../../crates/clawft-wasm/include/clawft.h";

fn main() {
    println!("cargo:rerun-if-changed={HEADER}");
    let bindings = bindgen::Builder::default()
        .header(HEADER)
        .allowlist_file(".*clawft\\.h")
        .ignore_functions()
        .prepend_enum_name(false)
        .generate()
        .expect("clawft.h is a C header");
    let directory = env::var_os("OUT_DIR").expect("cargo says where to write");
    bindings
        .write_to_file(Path::new(&directory).join("clawft.rs"))
        .expect("cargo's directory can be written to");
}
