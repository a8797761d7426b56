//! Takes the numbers of the exported functions out of their header, so that they are written down in one place, and so that
//! a compiler of C reads that place.

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
    let folder = env::var_os("OUT_DIR").expect("cargo says where to write");
    bindings.write_to_file(Path::new(&folder).join("clawft.rs")).expect("cargo's folder can be written to");
}
