//! Files in memory, with links, and with a directory or file at several places as hard links and mounts make
//! them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use clawft_tools::{Decision, FileFault, Files, Host, Identity, Kind, Outcome, Settings, Stat, Toolbox};
use clawft_types::{
    ToolCall, ToolResult,
    json::{self, Node as Json},
};
use serde_json::Value;

/// An inode.
#[derive(Debug, Clone)]
enum Node {
    File(Vec<u8>),
    Directory(BTreeMap<String, usize>),
    Link(String),
    Pipe,
}

/// A disk, on which nodes have several names.
#[derive(Debug, Clone)]
pub(crate) struct Disk(Arc<Mutex<Vec<Node>>>);

impl Disk {
    pub(crate) fn new() -> Disk {
        Disk(Arc::new(Mutex::new(vec![Node::Directory(BTreeMap::new())])))
    }

    /// Makes a file and the directories above it.
    pub(crate) fn file(&self, path: &str, content: impl AsRef<[u8]>) -> &Disk {
        self.add(path, Node::File(content.as_ref().to_vec()))
    }

    /// Makes a directory if there is none.
    pub(crate) fn directory(&self, path: &str) -> &Disk {
        match self.find(0, path, false) {
            Some(_) => self,
            None => self.add(path, Node::Directory(BTreeMap::new())),
        }
    }

    pub(crate) fn link(&self, path: &str, target: &str) -> &Disk {
        self.add(path, Node::Link(target.to_owned()))
    }

    pub(crate) fn pipe(&self, path: &str) -> &Disk {
        self.add(path, Node::Pipe)
    }

    /// Gives `from` a second name: a hard link, or a mount.
    pub(crate) fn again(&self, from: &str, to: &str) -> &Disk {
        let inode = self.find(0, from, false).unwrap();
        self.enter(to, inode)
    }

    /// Returns the content of a file; `None` if there is none.
    pub(crate) fn content(&self, path: &str) -> Option<String> {
        let inode = self.find(0, path, false)?;
        match &self.0.lock().unwrap()[inode] {
            Node::File(content) => Some(String::from_utf8(content.clone()).unwrap()),
            _ => None,
        }
    }

    /// Returns the files below a directory.
    pub(crate) fn mounted(&self, path: &str) -> MemoryFiles {
        MemoryFiles {
            disk: self.clone(),
            root: self.find(0, path, false).unwrap(),
            ignores_case: false,
            has_identities: true,
        }
    }

    pub(crate) fn identity(&self, path: &str) -> Identity {
        Identity(7, self.find(0, path, false).unwrap() as u64)
    }

    fn add(&self, path: &str, node: Node) -> &Disk {
        let inode = {
            let mut nodes = self.0.lock().unwrap();
            nodes.push(node);
            nodes.len() - 1
        };
        self.enter(path, inode)
    }

    fn enter(&self, path: &str, inode: usize) -> &Disk {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if self.find(0, parent, false).is_none() {
            self.directory(parent);
        }
        let parent = self.find(0, parent, false).unwrap();
        match &mut self.0.lock().unwrap()[parent] {
            Node::Directory(names) => names.insert(name.to_owned(), inode),
            other => panic!("{path}: {other:?}"),
        };
        self
    }

    fn find(&self, root: usize, path: &str, ignores_case: bool) -> Option<usize> {
        let nodes = self.0.lock().unwrap();
        let mut at = root;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            assert!(name != "." && name != "..", "{path} is not resolved");
            let Node::Directory(names) = &nodes[at] else {
                return None;
            };
            let same = |other: &str| other == name || (ignores_case && other.eq_ignore_ascii_case(name));
            at = *names.iter().find(|(other, _)| same(other))?.1;
        }
        Some(at)
    }
}

/// The files below a directory of a disk.
pub(crate) struct MemoryFiles {
    disk: Disk,
    root: usize,
    pub(crate) ignores_case: bool,
    pub(crate) has_identities: bool,
}

impl MemoryFiles {
    fn inode(&self, path: &str) -> Result<usize, FileFault> {
        self.disk
            .find(self.root, path, self.ignores_case)
            .ok_or(FileFault::NotFound)
    }

    fn node(&self, path: &str) -> Result<Node, FileFault> {
        let inode = self.inode(path)?;
        Ok(self.disk.0.lock().unwrap()[inode].clone())
    }

    /// Changes the names in the directory of `path`, which has this identity.
    fn names_of_parent<T>(
        &mut self,
        path: &str,
        directory: &Option<Identity>,
        change: impl FnOnce(&mut BTreeMap<String, usize>, &str) -> T,
    ) -> Result<T, FileFault> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if directory.is_some() {
            assert_eq!(self.stat(parent)?.identity, *directory);
        }
        let parent = self.inode(parent)?;
        match &mut self.disk.0.lock().unwrap()[parent] {
            Node::Directory(names) => Ok(change(names, name)),
            _ => Err(FileFault::NotFound),
        }
    }
}

fn other<T>(cause: &'static str) -> Result<T, FileFault> {
    Err(FileFault::Other(cause))
}

impl Files for MemoryFiles {
    fn stat(&mut self, path: &str) -> Result<Stat, FileFault> {
        let inode = self.inode(path)?;
        let (kind, size) = match self.node(path)? {
            Node::File(content) => (Kind::File, content.len()),
            Node::Directory(_) => (Kind::Directory, 0),
            Node::Link(target) => (Kind::Link, target.len()),
            Node::Pipe => (Kind::Other, 0),
        };
        Ok(Stat {
            kind,
            size: size as u64,
            identity: self.has_identities.then_some(Identity(7, inode as u64)),
        })
    }

    fn link_target(&mut self, path: &str) -> Result<String, FileFault> {
        match self.node(path)? {
            Node::Link(target) => Ok(target),
            _ => other("not a link"),
        }
    }

    fn read(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        start: u64,
        most: usize,
    ) -> Result<Vec<u8>, FileFault> {
        assert_eq!(self.stat(path)?.identity, identity);
        match self.node(path)? {
            Node::File(content) => Ok(content.into_iter().skip(start as usize).take(most).collect()),
            other => panic!("{path} is {other:?}"),
        }
    }

    fn names(
        &mut self,
        path: &str,
        identity: Option<Identity>,
        take: &mut dyn FnMut(&str) -> bool,
    ) -> Result<(), FileFault> {
        assert_eq!(self.stat(path)?.identity, identity);
        let Node::Directory(names) = self.node(path)? else {
            return other("not a directory");
        };
        // In another order than the sorted one.
        for name in names.keys().rev() {
            if !take(name) {
                break;
            }
        }
        Ok(())
    }

    fn write(&mut self, path: &str, directory: &Option<Identity>, bytes: &[u8]) -> Result<(), FileFault> {
        let inode = {
            let mut nodes = self.disk.0.lock().unwrap();
            nodes.push(Node::File(bytes.to_vec()));
            nodes.len() - 1
        };
        self.names_of_parent(path, directory, |names, name| {
            names.insert(name.to_owned(), inode)
        })
        .map(drop)
    }

    fn remove(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        self.names_of_parent(path, directory, |names, name| names.remove(name))?
            .map(drop)
            .ok_or(FileFault::NotFound)
    }

    fn make_directory(&mut self, path: &str, directory: &Option<Identity>) -> Result<(), FileFault> {
        assert!(self.inode(path).is_err());
        let inode = {
            let mut nodes = self.disk.0.lock().unwrap();
            nodes.push(Node::Directory(BTreeMap::new()));
            nodes.len() - 1
        };
        self.names_of_parent(path, directory, |names, name| {
            names.insert(name.to_owned(), inode)
        })
        .map(drop)
    }
}

pub(crate) fn settings(tools: &Value) -> Result<Settings, String> {
    let text = serde_json::json!({ "tools": tools }).to_string();
    let document = json::parse(text.as_bytes()).unwrap();
    Settings::read(Json::root(&document).get("tools")).map_err(|error| error.to_string())
}

/// Returns all tools for files on the directory `/work`, and nothing confidential.
pub(crate) fn workspace(disk: &Disk) -> Toolbox {
    disk.directory("work");
    let host = Host {
        workspace: Some(Box::new(disk.mounted("work"))),
        root: "/work".to_owned(),
        ..Host::default()
    };
    Toolbox::new(
        settings(&serde_json::json!({"files": {"write": true}})).unwrap(),
        host,
    )
}

pub(crate) fn call(name: &str, arguments: &Value) -> ToolCall {
    ToolCall {
        id: "call-1".to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_string(),
        extra: String::new(),
    }
}

/// Performs a call that is over at once.
pub(crate) fn run(toolbox: &mut Toolbox, name: &str, arguments: Value) -> ToolResult {
    match toolbox.start(&call(name, &arguments)) {
        Outcome::Done(result) => {
            assert_eq!(result.id, "call-1");
            result
        }
        other => panic!("{other:?}"),
    }
}

/// Returns the text of a successful call.
pub(crate) fn done(toolbox: &mut Toolbox, name: &str, arguments: Value) -> String {
    let result = run(toolbox, name, arguments);
    assert!(!result.is_error, "{}", result.content);
    result.content
}

/// Returns the error message of a call.
pub(crate) fn refused(toolbox: &mut Toolbox, name: &str, arguments: Value) -> String {
    let result = run(toolbox, name, arguments);
    assert!(result.is_error, "{}", result.content);
    result.content
}

/// Returns the preview of a call that the user is asked about.
pub(crate) fn preview(toolbox: &mut Toolbox, name: &str, arguments: Value) -> String {
    match toolbox.check(&call(name, &arguments)) {
        Decision::Ask(preview) => preview,
        other => panic!("{other:?}"),
    }
}
