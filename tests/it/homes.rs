//! Homes in a temporary folder, driven through the real binary: no terminal, no standard input, nothing of the
//! environment of whoever runs the tests.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use okibi::config::Config;
use okibi::node::{
    CircleView, Decision, Exit, Export, Failure, Handle, ImportOptions, ImportReport, Label, Target,
};
use okibi::store::Consent;
use serde_json::Value;
use tempfile::TempDir;

/// What `doctor` finds in any young home: no model, few admins; and what it finds on a full machine.
const YOUNG: [&str; 5] = [
    // Copies that tests make have the modes of whoever runs them.
    "doctor-open-home",
    "doctor-no-model",
    "doctor-one-admin",
    "doctor-two-trunks",
    "doctor-disk",
];

/// The folder that a test's homes and sticks lie in.
pub struct Place {
    root: TempDir,
}

/// One node.
#[derive(Clone)]
pub struct Home {
    pub path: PathBuf,
    world: PathBuf,
}

/// What a command came to.
#[derive(Debug)]
pub struct Run {
    pub status: ExitStatus,
    pub out: String,
    pub err: String,
}

/// A home's states of circles, as `status --json` tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hashes(Vec<(String, String, String)>);

impl Place {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        Self { root }
    }

    /// A place in memory, where the system has one: for many thousand imports, none of which may last.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        match tempfile::tempdir_in(memory) {
            Ok(root) => Self { root },
            Err(_) => Self::new(),
        }
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// A home, made by its first command.
    pub fn home(&self, name: &str) -> Home {
        Home {
            path: self.path(name),
            world: self.root.path().to_owned(),
        }
    }

    /// An empty stick.
    pub fn stick(&self, name: &str) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(&path).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A file with this content.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        // Some hold passphrases, which are refused where others can read them.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// Alice, who founded the circle `hearth`, and Bob, whom she admitted.
    pub fn alice_and_bob(&self) -> (Home, Home) {
        let (alice, bob) = (self.home("alice"), self.home("bob"));
        alice.ok(["circle", "found", "hearth", "--as", "alice"]);
        alice.admit(&bob, "bob");
        (alice, bob)
    }
}

impl Home {
    /// A command on this home, with nothing to read.
    pub fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_okibi"));
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.world)
            .env("OKIBI_HOME", &self.path)
            .current_dir(&self.world)
            .stdin(Stdio::null());
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let output = self.command(args).output().unwrap();
        Run {
            status: output.status,
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must succeed.
    pub fn ok<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        let run = self.run(args);
        assert!(run.status.success(), "{run:#?}");
        run
    }

    /// Runs a command that must succeed with `--json`, and returns its facts of type `kind`.
    pub fn facts<S: AsRef<OsStr>>(
        &self,
        kind: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Vec<Value> {
        let run = self.ok_json(args);
        run.into_iter()
            .filter(|fact| fact["type"] == kind)
            .collect()
    }

    /// Its only fact of type `kind`.
    pub fn fact<S: AsRef<OsStr>>(&self, kind: &str, args: impl IntoIterator<Item = S>) -> Value {
        let mut facts = self.facts(kind, args);
        assert_eq!(facts.len(), 1, "{kind}: {facts:#?}");
        facts.remove(0)
    }

    fn ok_json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Vec<Value> {
        let args: Vec<_> = args
            .into_iter()
            .map(|arg| arg.as_ref().to_owned())
            .collect();
        let run = self.ok(args
            .iter()
            .map(|arg| arg.as_os_str())
            .chain([OsStr::new("--json")]));
        run.json()
    }

    /// Admits the owner of another home, who wants that: it joins with the first bundle that comes.
    pub fn admit(&self, other: &Home, name: &str) {
        self.admit_unasked(other, name);
        for circle in self.facts("circle", ["circle", "list"]) {
            other.accept(circle["circle"].as_str().unwrap());
        }
    }

    /// Admits the owner of another home, who knows nothing of it.
    pub fn admit_unasked(&self, other: &Home, name: &str) {
        let card = other.ok(["key", "card"]).out;
        self.ok(["circle", "admit", card.trim(), "--name", name, "--yes"]);
    }

    /// Says yes to a circle, before its bundle comes or after; one that it belongs to already stays.
    pub fn accept(&self, circle: &str) {
        let run = self.run(["circle", "accept", circle, "--yes", "--json"]);
        let joined = run.json().iter().any(|it| it["code"] == "offer-joined");
        assert!(run.status.success() || joined, "{run:#?}");
    }

    /// The circles that it belongs to: name, set hash, state hash.
    pub fn hashes(&self) -> Hashes {
        let status = self.fact("status", ["status"]);
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        let circles = status["circles"].as_array().unwrap().iter();
        let circles = circles.filter(|circle| circle["shelf"] == false);
        Hashes(
            circles
                .map(|it| {
                    (
                        word(&it["name"]),
                        word(&it["set_hash"]),
                        word(&it["state_hash"]),
                    )
                })
                .collect(),
        )
    }

    /// Adds a document and shares it.
    pub fn share_document(&self, title: &str, path: &str) {
        self.ok(["library", "add", path, "--title", title]);
        self.ok(["library", "share", title]);
    }

    /// Names of what `doctor` finds wrong, but for what any young home lacks: a model, more admins.
    pub fn ails(&self) -> Vec<String> {
        let findings = self.facts("finding", ["doctor"]);
        let bad = findings.iter().filter(|it| it["good"] == false);
        let codes = bad.map(|it| it["code"].as_str().unwrap().to_owned());
        codes
            .filter(|code| !YOUNG.contains(&code.as_str()))
            .collect()
    }

    /// Every file and folder in the folder that commands work in.
    pub fn staged(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        for folder in ["staging", "spool"] {
            let Ok(entries) = std::fs::read_dir(self.path.join(folder)) else {
                continue;
            };
            found.extend(entries.map(|entry| entry.unwrap().path()));
        }
        found
    }

    /// Copies the whole home to `to`, which must not exist.
    pub fn copy(&self, to: &Path) {
        copy(&self.path, to);
    }
}

impl Run {
    /// Its standard output as JSON lines.
    pub fn json(&self) -> Vec<Value> {
        let parse = |line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{self:#?}"));
        self.out.lines().map(parse).collect()
    }
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// An open home without the starter shelf, for what would take too many processes.
pub fn open(home: &Path) -> Handle {
    let config = Config::load(Some(home), |_| None).unwrap();
    Handle::open_bare(config, Box::new(|_| {})).unwrap()
}

/// The only circle of an open home.
pub fn circle(node: &Handle) -> CircleView {
    node.find_circle(None).unwrap()
}

/// Set hash and state hash of the only circle; none where there is no circle yet.
pub fn state(node: &Handle) -> Option<([u8; 32], [u8; 32])> {
    let circle = node.find_circle(None).ok()?;
    let store = node.store();
    let state = store.state(&circle.id).unwrap();
    Some((store.set_hash(&circle.id).unwrap(), state.state_hash()))
}

/// Adds a text and shares it.
pub fn share(node: &mut Handle, place: &Place, title: &str, text: &str) {
    let path = place.file(&format!("{title}.txt"), text);
    let (document, _) = node.add_document(path.as_ref(), &Label::default()).unwrap();
    let circle = circle(node);
    node.share_document(&circle, &document, &Label::default())
        .unwrap();
}

/// Calls again while a lock is held. Another test's new process holds the locks of this one between fork and
/// exec; okibi itself starts no processes.
pub fn patiently<T>(mut call: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    loop {
        match call() {
            Err(failure) if failure.exit == Exit::Busy => std::thread::yield_now(),
            other => return other,
        }
    }
}

/// Writes onto a medium what one member lacks.
pub fn onto(node: &mut Handle, to: &str, medium: &Path) -> Result<Export, Failure> {
    patiently(|| export(node, to, Target::Medium(medium)))
}

/// Writes what one member lacks.
pub fn export(node: &mut Handle, to: &str, target: Target<'_>) -> Result<Export, Failure> {
    let circle = circle(node);
    let to = node.find_member(&circle, to).unwrap();
    node.export(&circle, &[to], target, false, false)
}

/// Imports a file or a medium, and nothing may fail.
pub fn import(node: &mut Handle, path: &Path) -> ImportReport {
    let report = try_import(node, path).unwrap();
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    report
}

pub fn try_import(node: &mut Handle, path: &Path) -> Result<ImportReport, Failure> {
    let options = ImportOptions {
        dry_run: false,
        acknowledge: true,
        ..ImportOptions::default()
    };
    patiently(|| node.import_path(path, options))
}

/// Codes of what `doctor` finds wrong, but for what any young home lacks.
pub fn ails(node: &Handle) -> Vec<&'static str> {
    let findings = node.doctor().unwrap().into_iter();
    let codes = findings.filter(|it| !it.good).map(|it| it.code);
    codes.filter(|code| !YOUNG.contains(code)).collect()
}

/// Decides something, with effect.
pub fn decide(node: &mut Handle, decision: Decision) {
    let circle = circle(node);
    let effect = node.decide(&circle, &decision).unwrap();
    assert_eq!(effect.without, None);
}

/// Admits the owner of another open home.
pub fn admit(node: &mut Handle, other: &Handle, name: &str) {
    let (card, name) = (other.card().unwrap(), name.to_owned());
    decide(node, Decision::Admit { card, name });
    // Who is admitted wants it: it joins with the first bundle that comes.
    let (store, circle) = (other.store(), circle(node).id);
    if !store.belongs(&circle).unwrap() {
        store.set_consent(&circle, &Consent::Accepted).unwrap();
    }
}
