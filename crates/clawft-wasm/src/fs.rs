//! Files below a base directory, shared with the native command: [`clawft_store::fs`], re-exported under the
//! documented name.

pub use clawft_store::fs::{DEFAULT_BASE, FileSystem as WasiFileSystem, FsError, FsFault};
