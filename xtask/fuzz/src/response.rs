//! Parsing a server's response from a fuzzer's input.
//!
//! The input is text up to the body, so that people can read and write seeds, and a fuzzer can change one
//! part at a time:
//!
//! ```text
//! 429
//! retry-after: 3
//!
//! {"error": …
//! ```

/// A server's response.
#[derive(Debug)]
pub(crate) struct Response<'a> {
    /// The first line; 200 if it is not a number.
    pub(crate) status: u16,
    /// The lines up to the first empty one.
    pub(crate) headers: Vec<(String, String)>,
    /// The rest.
    pub(crate) body: &'a [u8],
}

impl<'a> Response<'a> {
    /// Parses any input.
    pub(crate) fn read(input: &'a [u8]) -> Self {
        let end = input
            .windows(2)
            .position(|two| two == b"\n\n")
            .unwrap_or(input.len());
        let head = &input[..end];
        let body = input.get(end + 2..).unwrap_or_default();
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or(200);
        let headers = lines.filter_map(|line| line.split_once(':'));
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.trim().to_owned());
        Self {
            status,
            headers: headers.map(owned).collect(),
            body,
        }
    }
}
