//! Files below a base directory, shared with the native command: [`clawft_store::fs`] under the name that hosts know.

pub use clawft_store::fs::{DEFAULT_BASE, FileSystem as WasiFileSystem, FsError, FsFault};
