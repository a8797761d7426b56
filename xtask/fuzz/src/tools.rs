//! Calls of the built-in tools with arbitrary names and arguments, on files in memory.

use std::collections::{BTreeMap, BTreeSet};

use clawft_core::Event;
use clawft_tools::{
    FetchStep, FileFault, Files, Host, Identity, Kind, Outcome, Settings, Stat, Toolbox, toolbox,
};
use clawft_types::{
    ToolCall,
    json::{self, Node},
};

/// The content of what no tool may return.
const SECRET: &str = "SECRET";

/// The largest result: a text with its note.
const MAX_RESULT: usize = 100 << 10;

/// The input is the name of a tool, and its arguments after a line break.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (name, arguments) = text.split_once('\n').unwrap_or((&text, ""));
    let call = ToolCall {
        id: "1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        extra: String::new(),
    };
    safe_on_a_terminal(&toolbox::line(&call));
    safe_on_a_terminal(&toolbox::preview(&call).replace('\n', ""));
    let mut tools = tools();
    if let clawft_tools::Decision::Ask(preview) = tools.check(&call) {
        safe_on_a_terminal(&preview.replace('\n', ""));
        assert!(!preview.contains(SECRET) || is_given(arguments));
    }
    let result = match tools.start(&call) {
        Outcome::Done(result) => result,
        Outcome::Http(mut fetch, request) => {
            assert!(request.url.starts_with("https://a.example/"), "{}", request.url);
            match fetch.feed(Event::End) {
                FetchStep::Done(result) => result,
                step => panic!("the exchange does not end: {step:?}"),
            }
        }
        Outcome::Command(_) => panic!("commands are not granted"),
    };
    assert_eq!(result.id, "1");
    assert!(result.content.len() <= MAX_RESULT);
    assert!(!result.content.contains(SECRET) || is_given(arguments));
}

/// Returns whether the secret can be in the arguments themselves, as it is or with escapes.
fn is_given(arguments: &str) -> bool {
    arguments.contains(SECRET) || arguments.contains("\\u")
}

fn safe_on_a_terminal(text: &str) {
    // A tabulator moves the cursor to the right only.
    let deceives = |letter: char| letter.is_control() && letter != '\t';
    assert!(!text.chars().any(deceives), "{text:?}");
}

fn tools() -> Toolbox {
    let settings = br#"{"files":{"write":true},"notes":true,"fetch":{"allow":["https://a.example"]}}"#;
    let document = json::parse(settings).expect("settings");
    let host = Host {
        workspace: Some(Box::new(Memory::new(
            "",
            &[
                ("a.txt", "one\ntwo\n"),
                ("b/c.txt", "three\n"),
                ("home/config.json", SECRET),
            ],
        ))),
        root: "/workspace".to_owned(),
        home: Some(Box::new(Memory::new("home", &[("config.json", SECRET)]))),
        http: true,
        ..Host::default()
    };
    Toolbox::new(
        Settings::read(Some(Node::root(&document))).expect("settings"),
        host,
    )
}

/// Files by their paths. Equal contents are the same file.
struct Memory {
    /// The path of the directory on the disk.
    root: &'static str,
    files: BTreeMap<String, Vec<u8>>,
    /// The directories that were made, and may be empty.
    directories: BTreeSet<String>,
}

impl Memory {
    fn new(root: &'static str, files: &[(&str, &str)]) -> Memory {
        let file = |(path, content): &(&str, &str)| ((*path).to_owned(), content.as_bytes().to_vec());
        Memory {
            root,
            files: files.iter().map(file).collect(),
            directories: BTreeSet::new(),
        }
    }

    /// Checks that a change is made in the directory that the tools have seen.
    fn check(&mut self, path: &str, directory: &Option<Identity>) {
        assert!(!path.starts_with("home"), "the configuration is changed");
        let (parent, _) = path.rsplit_once('/').unwrap_or(("", path));
        if directory.is_some() {
            assert_eq!(self.stat(parent).map(|stat| stat.identity), Ok(*directory));
        }
    }
}

fn identity(text: &[u8], kind: u64) -> Option<Identity> {
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    Some(Identity(kind, text.iter().fold(0xcbf2_9ce4_8422_2325, hash)))
}

impl Files for Memory {
    fn stat(&mut self, path: &str) -> Result<Stat, FileFault> {
        for name in path.split('/') {
            assert!(
                name != "." && name != ".." && (path.is_empty() || !name.is_empty()),
                "`{path}` is not resolved"
            );
        }
        if let Some(content) = self.files.get(path) {
            return Ok(Stat {
                kind: Kind::File,
                size: content.len() as u64,
                identity: identity(content, 1),
            });
        }
        let inside = format!("{path}/");
        let is_known = path.is_empty() || self.directories.contains(path);
        if !is_known && !self.files.keys().any(|known| known.starts_with(&inside)) {
            return Err(FileFault::NotFound);
        }
        Ok(Stat {
            kind: Kind::Directory,
            size: 0,
            identity: identity([self.root, path].concat().as_bytes(), 0),
        })
    }

    fn link_target(&mut self, _: &str) -> Result<String, FileFault> {
        Err(FileFault::Other("there are no links"))
    }

    fn read(
        &mut self,
        path: &str,
        _: Option<Identity>,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, FileFault> {
        let content = self.files.get(path).ok_or(FileFault::NotFound)?;
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(content.len());
        let end = start.saturating_add(most).min(content.len());
        Ok(content[start..end].to_vec())
    }

    fn names(
        &mut self,
        path: &str,
        _: Option<Identity>,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), FileFault> {
        let inside = if path.is_empty() {
            String::new()
        } else {
            format!("{path}/")
        };
        let mut last = "";
        for known in self.files.keys() {
            let Some(rest) = known.strip_prefix(&inside) else {
                continue;
            };
            let name = rest.split('/').next().unwrap_or_default();
            if name != last && !take(name) {
                break;
            }
            last = name;
        }
        Ok(())
    }

    fn write(&mut self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> Result<(), FileFault> {
        self.check(path, directory);
        self.files.insert(path.to_owned(), bytes.to_vec());
        Ok(())
    }

    fn remove(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        self.check(path, directory);
        self.files.remove(path).map(drop).ok_or(FileFault::NotFound)
    }

    fn make_directory(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        self.check(path, directory);
        self.directories.insert(path.to_owned());
        Ok(())
    }
}
