//! The targets of `weft`, and the machines that can build them.

use std::{env::consts, fmt, path::Path, str::FromStr};

/// A system and an architecture that `weft` is released for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Linux on x86_64, static.
    LinuxAmd64,
    /// Linux on aarch64, static.
    LinuxArm64,
    /// macOS on Intel processors.
    MacosAmd64,
    /// macOS on Apple's processors.
    MacosArm64,
    /// Windows on x86_64.
    WindowsAmd64,
}

/// The machines that can build every target, which completes the sentence "it needs …". Zig is the linker for all of
/// them.
pub const BUILDERS: &str = "Linux or macOS, on either architecture";

/// An operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux.
    Linux,
    /// macOS.
    Macos,
    /// Windows.
    Windows,
}

impl System {
    /// Returns whether a machine of this system can build the targets.
    pub fn builds(self) -> bool {
        self != Self::Windows
    }
}

impl Target {
    /// All targets.
    pub const ALL: [Self; 5] = [
        Self::LinuxAmd64,
        Self::LinuxArm64,
        Self::MacosAmd64,
        Self::MacosArm64,
        Self::WindowsAmd64,
    ];

    /// Returns the target of this machine; `None` if nothing is released for it.
    pub fn of_this_machine() -> Option<Self> {
        format!("{}-{}", consts::OS, consts::ARCH).parse().ok()
    }

    /// Returns the short name, with the architecture as container images name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "linux-amd64",
            Self::LinuxArm64 => "linux-arm64",
            Self::MacosAmd64 => "macos-amd64",
            Self::MacosArm64 => "macos-arm64",
            Self::WindowsAmd64 => "windows-amd64",
        }
    }

    /// Returns rustc's name of the target.
    pub fn triple(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "x86_64-unknown-linux-musl",
            Self::LinuxArm64 => "aarch64-unknown-linux-musl",
            Self::MacosAmd64 => "x86_64-apple-darwin",
            Self::MacosArm64 => "aarch64-apple-darwin",
            Self::WindowsAmd64 => "x86_64-pc-windows-gnu",
        }
    }

    /// Returns the system and architecture for people: `Linux on x86_64`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "Linux on x86_64",
            Self::LinuxArm64 => "Linux on aarch64",
            Self::MacosAmd64 => "macOS on Intel processors",
            Self::MacosArm64 => "macOS on Apple's processors",
            Self::WindowsAmd64 => "Windows on x86_64",
        }
    }

    /// Returns whether the binary contains its C library.
    pub fn is_static(self) -> bool {
        self.system() == System::Linux
    }

    /// Returns the binary's name in `target/dist` and in the budget file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::LinuxAmd64 => "weft-linux-amd64",
            Self::LinuxArm64 => "weft-linux-arm64",
            Self::MacosAmd64 => "weft-macos-amd64",
            Self::MacosArm64 => "weft-macos-arm64",
            Self::WindowsAmd64 => "weft-windows-amd64.exe",
        }
    }

    /// Returns the binary's name inside its archive, which is the command.
    pub fn program(self) -> &'static str {
        match self.system() {
            System::Linux | System::Macos => "weft",
            System::Windows => "weft.exe",
        }
    }

    /// Returns the operating system.
    pub fn system(self) -> System {
        match self {
            Self::LinuxAmd64 | Self::LinuxArm64 => System::Linux,
            Self::MacosAmd64 | Self::MacosArm64 => System::Macos,
            Self::WindowsAmd64 => System::Windows,
        }
    }

    /// Returns Debian's name of the architecture; `None` for systems without Debian's packages.
    pub fn debian_architecture(self) -> Option<&'static str> {
        match self {
            Self::LinuxAmd64 => Some("amd64"),
            Self::LinuxArm64 => Some("arm64"),
            Self::MacosAmd64 | Self::MacosArm64 | Self::WindowsAmd64 => None,
        }
    }

    /// Returns whether cargo built the file at `path` for this target.
    pub fn built(self, path: &Path) -> bool {
        path.iter().any(|part| part == self.triple())
    }

    /// Returns every name of the target.
    fn names(self) -> [String; 3] {
        let name = self.name();
        let as_rust_says = name.replace("amd64", "x86_64").replace("arm64", "aarch64");
        [name.to_owned(), as_rust_says, self.triple().to_owned()]
    }
}

impl FromStr for Target {
    type Err = String;

    /// Parses a Rust target, or system and architecture with a hyphen or a slash between them, with Rust's or
    /// container images' name of the architecture.
    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.replace('/', "-");
        Self::ALL
            .into_iter()
            .find(|target| target.names().contains(&name))
            .ok_or_else(|| {
                let known: Vec<&str> = Self::ALL.iter().map(|target| target.name()).collect();
                format!(
                    "`weft` is released for {} or the Rust targets of these",
                    known.join(", ")
                )
            })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_has_several_names() {
        let names = [
            "linux-arm64",
            "linux/arm64",
            "linux-aarch64",
            "linux/aarch64",
            "aarch64-unknown-linux-musl",
        ];
        for name in names {
            assert_eq!(name.parse(), Ok(Target::LinuxArm64), "{name}");
        }
        for target in Target::ALL {
            assert_eq!(target.to_string().parse(), Ok(target));
            assert!(target.file_name().contains(target.name()));
        }
    }

    #[test]
    fn error_lists_the_targets() {
        let error = "linux-riscv64".parse::<Target>().unwrap_err();
        assert!(error.contains("linux-amd64, linux-arm64, macos-amd64"), "{error}");
    }

    #[test]
    fn finds_target_of_a_built_file() {
        let path = Path::new("/t/aarch64-unknown-linux-musl/release-weft/weft");
        let built: Vec<Target> = Target::ALL
            .into_iter()
            .filter(|target| target.built(path))
            .collect();
        assert_eq!(built, [Target::LinuxArm64]);
    }
}
