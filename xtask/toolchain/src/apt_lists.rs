//! Finds the Debian mirror of this machine in apt's lists of sources. Both formats are supported: one line per
//! source (`*.list`) and stanzas (`*.sources`).

use std::{fs, path::Path};

/// A mirror of Debian's main archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mirror {
    uri: String,
    /// The suite of this machine's release, such as `bookworm`.
    pub(super) suite: String,
    /// The keyring, or the key itself in several lines, if the list has one.
    signed_by: Option<String>,
}

impl Mirror {
    /// Returns the first mirror in the lists below `etc`, which is `/etc/apt` except in tests.
    pub(super) fn find(etc: &Path) -> Option<Self> {
        let mut files = vec![etc.join("sources.list")];
        let mut parts: Vec<_> = fs::read_dir(etc.join("sources.list.d"))
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        parts.sort();
        files.append(&mut parts);
        files.iter().find_map(|file| {
            let text = || fs::read_to_string(file).ok();
            match file.extension()?.to_str()? {
                "list" => from_lines(&text()?),
                "sources" => from_stanzas(&text()?),
                _ => None,
            }
        })
    }

    /// Returns the mirror's stanza in a list for `suite`.
    pub(super) fn stanza(&self, suite: &str) -> String {
        let mut stanza = format!(
            "Types: deb\nURIs: {}\nSuites: {suite}\nComponents: main\n",
            self.uri
        );
        if let Some(key) = &self.signed_by {
            stanza.push_str(&format!("Signed-By: {key}\n"));
        }
        stanza
    }
}

/// Parses `deb [signed-by=FILE arch=amd64] URI suite component…`.
fn from_lines(text: &str) -> Option<Mirror> {
    text.lines().find_map(|line| {
        let line = line.split('#').next()?.trim();
        let rest = line
            .strip_prefix("deb")?
            .strip_prefix(char::is_whitespace)?
            .trim_start();
        let (options, rest) = match rest.strip_prefix('[') {
            Some(rest) => rest.split_once(']')?,
            None => ("", rest),
        };
        let mut words = rest.split_whitespace();
        let uri = words.next().filter(|uri| is_main_archive(uri))?;
        let suite = words.next()?.to_owned();
        words.next().filter(|component| *component == "main")?;
        let signed_by = options
            .split_whitespace()
            .find_map(|option| option.strip_prefix("signed-by="));
        Some(Mirror {
            uri: uri.to_owned(),
            suite,
            signed_by: signed_by.map(str::to_owned),
        })
    })
}

/// Parses stanzas of `Field: value` lines. An empty line separates two sources, and an indented line continues the
/// one above.
fn from_stanzas(text: &str) -> Option<Mirror> {
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    text.split(|line| line.trim().is_empty()).find_map(|stanza| {
        let has =
            |name, word| field(stanza, name).is_some_and(|value| value.split_whitespace().any(|w| w == word));
        let disabled = has("Enabled", "no");
        if disabled || !has("Types", "deb") || !has("Components", "main") {
            return None;
        }
        let uris = field(stanza, "URIs")?;
        let uri = uris
            .split_whitespace()
            .find(|uri| is_main_archive(uri))?
            .to_owned();
        let suite = field(stanza, "Suites")?.split_whitespace().next()?.to_owned();
        Some(Mirror {
            uri,
            suite,
            signed_by: field(stanza, "Signed-By"),
        })
    })
}

/// Returns a field's value. Continuation lines keep their indentation, which a key inside the list needs.
fn field(stanza: &[&str], name: &str) -> Option<String> {
    let is_field = |line: &&str| {
        line.split_once(':')
            .is_some_and(|(key, _)| key.eq_ignore_ascii_case(name))
    };
    let start = stanza.iter().position(is_field)?;
    let mut value = stanza[start].split_once(':')?.1.trim().to_owned();
    for line in stanza[start + 1..]
        .iter()
        .take_while(|line| line.starts_with([' ', '\t']))
    {
        value.push('\n');
        value.push_str(line);
    }
    Some(value)
}

/// Returns whether the address is that of the main archive. Its path ends in `debian` on mirrors, a date follows
/// on snapshots, and cloud images have a file (`mirror+file:/etc/apt/mirrors/debian.list`); security fixes and
/// other vendors have other names.
fn is_main_archive(uri: &str) -> bool {
    uri.split('/')
        .any(|part| part == "debian" || part == "debian.list")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

    fn mirror(uri: &str, suite: &str, signed_by: Option<&str>) -> Option<Mirror> {
        let signed_by = signed_by.map(str::to_owned);
        Some(Mirror {
            uri: uri.to_owned(),
            suite: suite.to_owned(),
            signed_by,
        })
    }

    #[test]
    fn parses_lines_of_sources() {
        let text = "# deb http://old.example/debian bookworm main\n\
                    deb-src http://source.example/debian bookworm main\n\
                    deb http://security.example/debian-security bookworm-security main\n\
                    deb\thttp://mirror.example/debian bookworm main contrib # the nearest\n";
        assert_eq!(
            from_lines(text),
            mirror("http://mirror.example/debian", "bookworm", None)
        );
    }

    #[test]
    fn parses_options_of_a_line() {
        let text =
            format!("deb [ arch=amd64 signed-by={KEYRING} ] https://mirror.example/debian/ trixie main\n");
        assert_eq!(
            from_lines(&text),
            mirror("https://mirror.example/debian/", "trixie", Some(KEYRING))
        );
    }

    #[test]
    fn parses_stanzas_of_sources() {
        let text = format!(
            "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\nComponents: main\n\n\
             types: deb deb-src\n# a remark\nURIs: http://mirror.example/debian\nSuites: bookworm bookworm-updates\n\
             Components: main\nSigned-By: {KEYRING}\n"
        );
        assert_eq!(
            from_stanzas(&text),
            mirror("http://mirror.example/debian", "bookworm", Some(KEYRING))
        );
    }

    #[test]
    fn ignores_stanza_that_is_disabled() {
        let text =
            "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\n";
        assert_eq!(from_stanzas(text), None);
    }

    #[test]
    fn keeps_key_inside_the_list() {
        let text = "Types: deb\nURIs: http://mirror.example/debian\nSuites: trixie\nComponents: main\nSigned-By:\n \
                    -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n";
        let stanza = from_stanzas(text).unwrap().stanza("trixie-backports");
        assert!(
            stanza.ends_with("Signed-By: \n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"),
            "{stanza}"
        );
        assert!(stanza.contains("Suites: trixie-backports\n"), "{stanza}");
    }

    #[test]
    fn finds_no_mirror_of_other_distributions() {
        assert_eq!(from_lines("deb http://archive.example/ubuntu noble main\n"), None);
        assert_eq!(
            from_lines("deb http://packages.example/apt cloud-sdk main\n"),
            None
        );
    }

    #[test]
    fn recognises_snapshots_and_mirror_files() {
        assert!(is_main_archive(
            "http://snapshot.example/archive/debian/20250520T000000Z"
        ));
        assert!(is_main_archive("mirror+file:/etc/apt/mirrors/debian.list"));
        assert!(!is_main_archive("http://mirror.example/debian-security"));
    }

    #[test]
    fn ignores_files_that_apt_ignores() {
        let etc = tempfile::tempdir().unwrap();
        let parts = etc.path().join("sources.list.d");
        fs::create_dir(&parts).unwrap();
        let line = "deb http://mirror.example/debian trixie main\n";
        fs::write(parts.join("debian.list.save"), line).unwrap();
        assert_eq!(Mirror::find(etc.path()), None);
        fs::write(parts.join("debian.list"), line).unwrap();
        assert_eq!(
            Mirror::find(etc.path()),
            mirror("http://mirror.example/debian", "trixie", None)
        );
    }
}
