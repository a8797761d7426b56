//! A release page on loopback, as the scripts that install `weft` see one.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result};

/// A server of the files of one release, at `/latest/download/FILE` and `/download/vVERSION/FILE`, and at
/// `/releases/download/vVERSION/FILE` for clients that know the address of the repository. It answers as a proxy as
/// well, whatever the host. It serves until this process ends.
#[derive(Debug)]
pub struct ReleasePage {
    address: SocketAddr,
}

impl ReleasePage {
    /// Serves the files in `directory`, which are those of `version`, on a free port.
    ///
    /// # Errors
    /// Fails if there is no free port.
    pub fn serve(directory: &Path, version: &str) -> Result<Self> {
        Self::serve_part(directory, version, usize::MAX)
    }

    /// Serves the same, but closes the connection after the first `most` bytes of a file.
    ///
    /// # Errors
    /// Fails if there is no free port.
    pub fn serve_part(directory: &Path, version: &str, most: usize) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("could not find a free port")?;
        let address = listener
            .local_addr()
            .context("could not find the server's port")?;
        let pages = [
            "/latest/download/".to_owned(),
            format!("/download/v{version}/"),
            format!("/releases/download/v{version}/"),
        ];
        let directory = directory.to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that goes away sees nothing of an answer; the case sees that its download failed.
                let _ = answer(&stream, &directory, &pages, most);
            }
        });
        Ok(Self { address })
    }

    /// Returns the address of the pages, which is also that of the repository.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// Reads a request and answers it with a file, of which it sends `most` bytes.
fn answer(mut stream: &TcpStream, directory: &Path, pages: &[String], most: usize) -> Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().context("there is no request")??;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let bytes = file(&request, directory, pages).and_then(|path| fs::read(path).ok());
    let (status, body) = match bytes {
        Some(bytes) => ("200 OK", bytes),
        None => ("404 Not Found", b"there is no such file\n".to_vec()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    if !request.starts_with("HEAD ") {
        stream.write_all(body.get(..most).unwrap_or(&body))?;
    }
    Ok(())
}

/// Returns the path of the file that the first line of a request names.
fn file(request: &str, directory: &Path, pages: &[String]) -> Option<PathBuf> {
    let target = request.split(' ').nth(1)?;
    // A client of a proxy sends the whole address.
    let path = match target.strip_prefix("http://") {
        None => target,
        Some(address) => address.get(address.find('/')?..)?,
    };
    let name = pages.iter().find_map(|page| path.strip_prefix(page.as_str()))?;
    let is_name = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
    is_name.then(|| directory.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serves_files_of_both_pages_only() {
        let pages = ["/latest/download/".to_owned(), "/download/v1.2.3/".to_owned()];
        let found = |path: &str| file(&format!("GET {path} HTTP/1.1"), Path::new("/release"), &pages);
        for path in [
            "/latest/download/SHA256SUMS",
            "/download/v1.2.3/SHA256SUMS",
            "http://127.0.0.1:9/latest/download/SHA256SUMS",
        ] {
            assert_eq!(found(path).unwrap(), Path::new("/release/SHA256SUMS"));
        }
        for path in [
            "/",
            "/download/v1.2.4/SHA256SUMS",
            "/latest/download/../x",
            "/latest/download/",
        ] {
            assert_eq!(found(path), None, "{path}");
        }
    }
}
