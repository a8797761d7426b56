//! The address in `OLLAMA_HOST`, which is also the one that Ollama listens on, read as Ollama reads it.

use std::net::Ipv6Addr;

/// The port of an address that has neither a port nor a scheme.
const PORT: &str = ":11434";

/// Returns the URL of the server. Only an address with a scheme has the port of the scheme by default.
pub(super) fn url(value: &str) -> String {
    let value = value.trim().trim_matches(['"', '\'']).trim();
    let (scheme, rest) = match value.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // The service of Ollama's makers.
        None if value == "ollama.com" => ("https", value),
        None => ("http", value),
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (host, port) = host_and_port(authority);
    let port = match port {
        "" if !value.contains("://") && scheme == "http" => PORT,
        port => port,
    };
    [scheme, "://", &reachable(host), port, path].concat()
}

/// Splits an address. The port keeps its colon, and an IPv6 address its brackets if it has them.
fn host_and_port(authority: &str) -> (&str, &str) {
    let end = match authority.find(']') {
        Some(bracket) => bracket + 1,
        None if authority.parse::<Ipv6Addr>().is_ok() => authority.len(),
        None => authority.rfind(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    (host, if port == ":" { "" } else { port })
}

/// Returns the host to connect to, for one that may stand for all addresses of the machine.
fn reachable(host: &str) -> String {
    match host.trim_start_matches('[').trim_end_matches(']') {
        "" | "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        bare if bare.parse::<Ipv6Addr>().is_ok() => format!("[{bare}]"),
        _ => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_ollama_reads_them() {
        for (value, expected) in [
            ("0.0.0.0", "http://127.0.0.1:11434"),
            ("0.0.0.0:18431", "http://127.0.0.1:18431"),
            ("127.0.0.1", "http://127.0.0.1:11434"),
            ("10.0.0.0.0", "http://10.0.0.0.0:11434"),
            ("localhost", "http://localhost:11434"),
            ("localhost:", "http://localhost:11434"),
            ("example.com:56789", "http://example.com:56789"),
            ("example.com/ollama", "http://example.com:11434/ollama"),
            (":18431", "http://127.0.0.1:18431"),
            ("[::1]", "http://[::1]:11434"),
            ("[::1]:1337", "http://[::1]:1337"),
            ("::1", "http://[::1]:11434"),
            ("::", "http://[::1]:11434"),
            ("[::]:80", "http://[::1]:80"),
            ("\"localhost:1\"", "http://localhost:1"),
            (" 'localhost' ", "http://localhost:11434"),
            ("\"\"", "http://127.0.0.1:11434"),
            ("http://localhost", "http://localhost"),
            ("http://0.0.0.0:11434", "http://127.0.0.1:11434"),
            ("https://models.example", "https://models.example"),
            ("https://models.example:1/a", "https://models.example:1/a"),
            ("ollama.com", "https://ollama.com"),
        ] {
            assert_eq!(url(value), expected, "{value}");
        }
    }
}
