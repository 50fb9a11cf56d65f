//! What a power cut leaves. A recording is a list of operations over a tree of files and folders, each
//! with a present state and a durable one: fsync of a file makes its bytes durable, fsync of a folder
//! makes its names durable, and nothing else does (POSIX promises no more). `rebuild` plays a prefix
//! and writes out what survived.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::{Log, Operation, lock};

/// What a power cut lets survive of operations that no fsync made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Nothing: the worst that POSIX allows.
    Synced,
    /// Names and folders, but no bytes of them: a rename or creation outran its data.
    Names,
    /// Everything: the process died, the machine did not.
    All,
}

impl Survival {
    /// All of them.
    pub const EACH: [Self; 3] = [Self::Synced, Self::Names, Self::All];
}

/// A recording in progress or at its end.
#[derive(Debug, Clone)]
pub struct Recording {
    base: Tree,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Clone)]
enum Node {
    File {
        now: Vec<u8>,
        durable: Vec<u8>,
    },
    Folder {
        now: BTreeMap<OsString, usize>,
        durable: BTreeMap<OsString, usize>,
    },
}

/// Nodes by number; 0 is the root.
#[derive(Debug, Clone)]
struct Tree {
    nodes: Vec<Node>,
    files: BTreeMap<u64, usize>,
}

impl Recording {
    pub(super) fn new(root: &Path, log: Arc<Mutex<Log>>) -> io::Result<Self> {
        let mut base = Tree {
            nodes: Vec::new(),
            files: BTreeMap::new(),
        };
        base.load(root)?;
        Ok(Self { base, log })
    }

    /// The operations so far.
    pub fn operations(&self) -> Vec<Operation> {
        lock(&self.log).operations.clone()
    }

    /// How many operations were tried so far: the indices that a `Fault` can name.
    pub fn attempts(&self) -> u64 {
        lock(&self.log).attempts
    }

    /// Writes into the existing empty folder `into` what is left if the power fails right after the
    /// first `prefix` operations.
    pub fn rebuild(&self, prefix: usize, survival: Survival, into: &Path) -> io::Result<()> {
        let mut tree = self.base.clone();
        for operation in lock(&self.log).operations.iter().take(prefix) {
            tree.play(operation)?;
        }
        tree.store(0, survival, into)
    }
}

impl Tree {
    /// Takes a folder of the disk over as durable; returns its number.
    fn load(&mut self, path: &Path) -> io::Result<usize> {
        let number = self.nodes.len();
        self.nodes.push(folder());
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let child = if entry.file_type()?.is_dir() {
                self.load(&entry.path())?
            } else {
                let bytes = fs::read(entry.path())?;
                self.nodes.push(Node::File {
                    now: bytes.clone(),
                    durable: bytes,
                });
                self.nodes.len() - 1
            };
            names.insert(entry.file_name(), child);
        }
        self.nodes[number] = Node::Folder {
            now: names.clone(),
            durable: names,
        };
        Ok(number)
    }

    fn play(&mut self, operation: &Operation) -> io::Result<()> {
        match operation {
            Operation::Create { file, path } => {
                self.nodes.push(Node::File {
                    now: Vec::new(),
                    durable: Vec::new(),
                });
                let number = self.nodes.len() - 1;
                self.files.insert(*file, number);
                self.name(path, number)?;
            }
            Operation::Mkdir { path } => {
                self.nodes.push(folder());
                self.name(path, self.nodes.len() - 1)?;
            }
            Operation::Write {
                file,
                offset,
                bytes,
            } => {
                if let Node::File { now, .. } = self.file(*file)? {
                    let start = usize::try_from(*offset).map_err(|_| lost())?;
                    let end = start + bytes.len();
                    now.resize(now.len().max(end), 0);
                    now[start..end].copy_from_slice(bytes);
                }
            }
            Operation::Sync { file } => {
                if let Node::File { now, durable } = self.file(*file)? {
                    durable.clone_from(now);
                }
            }
            Operation::Rename { from, to } => {
                let number = self.unname(from)?;
                self.name(to, number)?;
            }
            Operation::Remove { path } | Operation::RemoveDir { path } => {
                self.unname(path)?;
            }
            Operation::SyncDir { path } => {
                let number = self.find(path)?;
                if let Node::Folder { now, durable } = &mut self.nodes[number] {
                    durable.clone_from(now);
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, file: u64) -> io::Result<&mut Node> {
        let number = *self.files.get(&file).ok_or_else(lost)?;
        Ok(&mut self.nodes[number])
    }

    fn find(&self, path: &Path) -> io::Result<usize> {
        let mut number = 0;
        for part in path {
            let Node::Folder { now, .. } = &self.nodes[number] else {
                return Err(lost());
            };
            number = *now.get(part).ok_or_else(lost)?;
        }
        Ok(number)
    }

    fn names(&mut self, path: &Path) -> io::Result<(&mut BTreeMap<OsString, usize>, OsString)> {
        let name = path.file_name().ok_or_else(lost)?.to_owned();
        let number = self.find(super::parent(path))?;
        match &mut self.nodes[number] {
            Node::Folder { now, .. } => Ok((now, name)),
            Node::File { .. } => Err(lost()),
        }
    }

    fn name(&mut self, path: &Path, number: usize) -> io::Result<()> {
        let (names, name) = self.names(path)?;
        names.insert(name, number);
        Ok(())
    }

    fn unname(&mut self, path: &Path) -> io::Result<usize> {
        let (names, name) = self.names(path)?;
        names.remove(&name).ok_or_else(lost)
    }

    fn store(&self, number: usize, survival: Survival, at: &Path) -> io::Result<()> {
        let Node::Folder { now, durable } = &self.nodes[number] else {
            return Err(lost());
        };
        let names = match survival {
            Survival::Synced => durable,
            Survival::Names | Survival::All => now,
        };
        for (name, &child) in names {
            let path: PathBuf = at.join(name);
            match &self.nodes[child] {
                Node::File { now, durable } => {
                    let bytes = match survival {
                        Survival::All => now,
                        Survival::Synced | Survival::Names => durable,
                    };
                    fs::write(path, bytes)?;
                }
                Node::Folder { .. } => {
                    fs::create_dir(&path)?;
                    self.store(child, survival, &path)?;
                }
            }
        }
        Ok(())
    }
}

fn folder() -> Node {
    Node::Folder {
        now: BTreeMap::new(),
        durable: BTreeMap::new(),
    }
}

/// A recording that does not hold together: something was changed beside the layer.
fn lost() -> io::Error {
    io::Error::other("the recording speaks of a file that it does not know")
}
