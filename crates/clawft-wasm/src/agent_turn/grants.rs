//! The grants of the host for the built-in tools.

use clawft_tools::Host;

/// The mount point of the workspace: `wasmtime run --dir HOST::/workspace`.
pub const WORKSPACE: &str = "/workspace";

/// Returns what the host grants: files if it has mounted a directory at [`WORKSPACE`], notes if there is a directory
/// at `home`, where the configuration is. Requests are always sent, by this guest or by its host.
#[cfg(target_os = "wasi")]
pub fn host(home: &str) -> Host {
    use clawft_store::fs::Directory;
    use clawft_tools::toolbox::PlatformFiles;

    let granted = |path: &str| Directory::granted(path).map(|directory| Box::new(directory) as PlatformFiles);
    Host {
        workspace: granted(WORKSPACE),
        root: WORKSPACE.to_owned(),
        home: granted(home),
        http: true,
        ..Host::default()
    }
}

/// Returns a host that grants requests alone: native builds are for tests.
#[cfg(not(target_os = "wasi"))]
pub fn host(_home: &str) -> Host {
    Host {
        http: true,
        ..Host::default()
    }
}
