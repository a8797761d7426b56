//! Package URLs, by which vulnerability scanners identify a package.

/// Returns the URL of a crate on crates.io.
pub(super) fn of_crate(name: &str, version: &str) -> String {
    format!("pkg:cargo/{name}@{}", encoded(version))
}

/// Returns the URL of a crate at this `commit` of the repository `source`, for crates in no registry.
pub(super) fn of_source(name: &str, version: &str, source: &str, commit: &str) -> String {
    format!(
        "{}?vcs_url={}",
        of_crate(name, version),
        encoded(&format!("git+{source}@{commit}"))
    )
}

/// Returns the URL of a Debian package.
pub(super) fn of_debian(name: &str, version: &str) -> String {
    format!("pkg:deb/debian/{name}@{}", encoded(version))
}

/// Returns the URL of a tag of a repository on GitHub.
pub(super) fn of_github(repository: &str, tag: &str) -> String {
    format!("pkg:github/{repository}@{}", encoded(tag))
}

/// Returns `text` with everything but letters, digits and a few signs as `%XX`.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' | b'~' | b':' | b'/' => {
                encoded.push(byte.into());
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodes_characters_with_a_meaning() {
        assert_eq!(
            of_crate("wasip2", "2.0.1+wasi-0.2.12"),
            "pkg:cargo/wasip2@2.0.1%2Bwasi-0.2.12"
        );
        assert_eq!(
            of_source("clawft-core", "0.1.0", "https://example.org/x", "c0ffee"),
            "pkg:cargo/clawft-core@0.1.0?vcs_url=git%2Bhttps://example.org/x%40c0ffee"
        );
        assert_eq!(
            of_debian("wasi-libc", "0.0~git-3~bpo13+1"),
            "pkg:deb/debian/wasi-libc@0.0~git-3~bpo13%2B1"
        );
        assert_eq!(
            of_github("rust-lang/rust", "1.95.0"),
            "pkg:github/rust-lang/rust@1.95.0"
        );
    }
}
