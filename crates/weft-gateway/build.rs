//! Makes files of the program smaller: the description of the API, for `src/openapi.rs`, and the files that the page
//! loads, for `src/page.rs`.
//!
//! Writes `openapi.json` without white space, and `page_files.rs`: the version, which is a checksum of all files, and a
//! table of the files. The address of a file contains the version, so that browsers never mix two.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use flate2::{Compression, Crc, GzBuilder};

/// The description of the API.
const DESCRIPTION: &str = "src/openapi.json";

/// The directory of the page.
const PAGE: &str = "src/page";

/// The endings of the files that the page loads, and their media types.
const TYPES: [(&str, &str); 2] = [
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={DESCRIPTION}");
    println!("cargo::rerun-if-changed={PAGE}");
    let output = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let description = fs::read_to_string(DESCRIPTION)?;
    fs::write(output.join("openapi.json"), without_space(&description))?;
    compress_page(&output)
}

/// Returns a JSON document without the white space between its parts.
fn without_space(json: &str) -> String {
    let mut in_text = false;
    let mut escaped = false;
    let stays = |char: &char| {
        let stays = in_text || !char.is_ascii_whitespace();
        in_text ^= *char == '"' && !escaped;
        escaped = *char == '\\' && !escaped;
        stays
    };
    json.chars().filter(stays).collect()
}

/// Compresses the files of the page, and writes the table of them.
fn compress_page(output: &Path) -> io::Result<()> {
    let mut table = String::from("const FILES: &[File] = &[\n");
    let mut all = Crc::new();
    for path in files(Path::new(PAGE))? {
        let media_type = path.extension().and_then(|ending| ending.to_str());
        let Some((_, media_type)) = TYPES.iter().find(|(ending, _)| Some(*ending) == media_type) else {
            continue;
        };
        let name = path.strip_prefix(PAGE).unwrap_or(&path).display().to_string();
        let name = name.replace('\\', "/");
        let content = fs::read(&path)?;
        all.update(name.as_bytes());
        all.update(&content);
        let compressed = format!("{}.gz", name.replace('/', "-"));
        let file = fs::File::create(output.join(&compressed))?;
        // Without a time, so that equal files give equal bytes.
        let mut encoder = GzBuilder::new().write(file, Compression::best());
        encoder.write_all(&content)?;
        encoder.finish()?;
        // The path is relative to the table, so that a target directory may be moved.
        table += &format!(
            "File {{ name: {name:?}, media_type: {media_type:?}, gzip: include_bytes!({compressed:?}) }},\n"
        );
    }
    let version = format!("{:08x}{:x}", all.sum(), all.amount());
    table += &format!("];\nconst VERSION: &str = {version:?};\n");
    fs::write(output.join("page_files.rs"), table)
}

/// Returns the files below `directory`, sorted.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}
