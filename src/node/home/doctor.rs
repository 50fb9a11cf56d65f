//! Checks of identity, files, database, blobs and circles: each fault with its remedy.

use crate::record::Role;

use super::identity::ROTATION_TROUBLE;
use super::unlock::RootLock;
use crate::node::{Failure, Handle};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Key of the message catalogue; `CODE.hint` says what to do.
    pub code: &'static str,
    pub good: bool,
    /// Not as good as it could be, and no fault: a young home is full of these.
    pub advice: bool,
    pub about: Vec<(&'static str, String)>,
}

/// Findings that could be better and are no faults.
const ADVICE: [&str; 9] = [
    "doctor-bundles-missing",
    "doctor-no-model",
    "doctor-one-admin",
    "doctor-two-admins",
    "doctor-two-trunks",
    "doctor-no-spare",
    "doctor-spare",
    "doctor-open-home",
    "doctor-offers",
];

impl Finding {
    pub(in crate::node) fn new(code: &'static str, good: bool) -> Self {
        Self {
            code,
            good,
            advice: ADVICE.contains(&code),
            about: Vec::new(),
        }
    }

    pub(in crate::node) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.about.push((name, value.to_string()));
        self
    }
}

/// Numbers for people: `7, 9 to 12`.
pub fn ranges(ranges: &[(u64, u64)]) -> String {
    let words = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Below this much free space imports begin to fail: 256 MiB.
const LITTLE_SPACE: u64 = 256 << 20;

impl Handle {
    /// Looks at everything that can be looked at without a network.
    pub fn doctor(&self) -> Result<Vec<Finding>, Failure> {
        let mut examination = Examination {
            node: self,
            findings: Vec::new(),
        };
        examination.check_keys()?;
        examination.check_disk();
        examination.check_modes()?;
        examination.check_store()?;
        examination.check_circles()?;
        examination.check_choices()?;
        Ok(examination.findings)
    }
}

/// One look at everything, and what was found.
struct Examination<'a> {
    node: &'a Handle,
    findings: Vec<Finding>,
}

impl Examination<'_> {
    /// Things that wait for a person's choice.
    fn check_choices(&mut self) -> Result<(), Failure> {
        let offers = self.node.offers()?.len();
        if offers > 0 {
            self.findings
                .push(Finding::new("doctor-offers", false).with("count", offers));
        }
        if self.node.store.models()?.iter().all(|model| model.toy) {
            self.findings.push(Finding::new("doctor-no-model", false));
        }
        Ok(())
    }

    fn check_keys(&mut self) -> Result<(), Failure> {
        self.findings
            .push(match self.node.root_at_rest().lock_state() {
                RootLock::Plain => Finding::new("doctor-root-plain", true),
                RootLock::Passphrase => Finding::new("doctor-root-locked", true),
                RootLock::Plugin(name) => {
                    Finding::new("doctor-root-plugin", true).with("name", name)
                }
                RootLock::Missing => Finding::new("doctor-key-missing", false).with("role", "root"),
            });
        for path in self.node.keys.exposed() {
            self.findings
                .push(Finding::new("doctor-key-exposed", false).with("path", path.display()));
        }
        let directory = self.node.store.directory()?;
        if self.node.identity().sign_key().is_err() {
            self.findings
                .push(Finding::new("doctor-key-missing", false).with("role", "sign"));
        }
        for role in [Role::Transport, Role::Receive] {
            let Some((_, public)) = directory.current(&self.node.root, role) else {
                self.findings
                    .push(Finding::new("doctor-key-missing", false).with("role", role.name()));
                continue;
            };
            if self.node.keys.read(role.name(), &public).is_err() {
                self.findings
                    .push(Finding::new("doctor-key-missing", false).with("role", role.name()));
            }
        }
        if directory
            .standing(&self.node.root, Role::Spare)
            .next()
            .is_none()
        {
            self.findings.push(Finding::new("doctor-no-spare", false));
        }
        match self.node.store.meta("stopped")?.as_deref() {
            None => {}
            Some(b"restored") => self
                .findings
                .push(Finding::new("doctor-home-restored", false)),
            Some(_) => self.findings.push(Finding::new("doctor-home-moved", false)),
        }
        if self.node.identity().spare_signs()? {
            self.findings.push(Finding::new("doctor-spare", false));
        }
        Ok(())
    }

    fn check_disk(&mut self) {
        if let Ok(space) = rustix::fs::statvfs(self.node.store.home()) {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let finding = Finding::new("doctor-disk", free >= LITTLE_SPACE);
            self.findings.push(finding.with("mib", free >> 20));
        }
        if let Ok(file_system) = rustix::fs::statfs(self.node.store.home()) {
            // Magic numbers of statfs(2): FAT, exFAT, NFS, SMB2, CIFS keep no modes or break SQLite's WAL.
            let bad = [0x4d44, 0x2011_bab0, 0x6969, 0xfe53_4d42, 0xff53_4d42];
            if bad.contains(&(i128::from(file_system.f_type) & 0xffff_ffff)) {
                self.findings
                    .push(Finding::new("doctor-file-system", false));
            }
        }
    }

    /// Whether the file system keeps what the home relies on: modes, and the database's log.
    fn check_modes(&mut self) -> Result<(), Failure> {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| {
            std::fs::metadata(path).map_or(0, |data| data.permissions().mode() & 0o077)
        };
        let keys = self.node.store.home().join("keys");
        // Keys are made 0600 in a folder 0700; where neither holds, the file system knows no modes.
        if mode(&keys) != 0 && !self.node.keys.exposed().is_empty() {
            self.findings.push(Finding::new("doctor-no-modes", false));
        } else if mode(self.node.store.home()) != 0 {
            self.findings.push(Finding::new("doctor-open-home", false));
        }
        let journal = self.node.store.journal()?;
        if journal != "wal" {
            self.findings
                .push(Finding::new("doctor-no-wal", false).with("mode", journal));
        }
        Ok(())
    }

    fn check_store(&mut self) -> Result<(), Failure> {
        let sound = self.node.store.soundness(false)?;
        self.findings
            .push(Finding::new("doctor-database", sound == "ok").with("error", sound));
        let mut lost = 0;
        for blob in self.node.store.blobs()? {
            let found = std::fs::metadata(self.node.store.blob_path(&blob.blake3));
            lost += usize::from(!found.is_ok_and(|data| data.len() == blob.size));
        }
        self.findings
            .push(Finding::new("doctor-blobs", lost == 0).with("count", lost));
        self.findings.push(match self.node.store.audit_break()? {
            None => Finding::new("doctor-audit", true),
            Some(line) => Finding::new("doctor-audit-broken", false).with("line", line),
        });
        if let Some(circles) = self.node.store.meta(ROTATION_TROUBLE)? {
            let circles = String::from_utf8_lossy(&circles).into_owned();
            self.findings
                .push(Finding::new("doctor-rotation", false).with("circles", circles));
        }
        Ok(())
    }

    fn check_circles(&mut self) -> Result<(), Failure> {
        for circle in self
            .node
            .status(u64::MAX)?
            .circles
            .iter()
            .filter(|circle| !circle.shelf)
        {
            let name = &circle.name;
            for exposure in self.node.store.circle(&circle.id)?.state.exposures() {
                let code = match exposure {
                    "no-admin" => "doctor-no-admin",
                    "one-admin" => "doctor-one-admin",
                    "two-admins" => "doctor-two-admins",
                    _ => "doctor-two-trunks",
                };
                self.findings
                    .push(Finding::new(code, false).with("circle", name));
            }
            for member in circle.members.iter().filter(|member| member.future) {
                let finding = Finding::new("doctor-future", false);
                self.findings
                    .push(finding.with("circle", name).with("name", &member.name));
            }
            if !circle.forked.is_empty() {
                self.findings
                    .push(Finding::new("doctor-fork", false).with("circle", name));
            }
            if !circle.set_back.is_empty() {
                let finding = Finding::new("doctor-set-back", false);
                let names = circle.set_back.join(", ");
                self.findings
                    .push(finding.with("circle", name).with("names", names));
            }
            if circle.waiting > 0 {
                let finding = Finding::new("doctor-waiting", false);
                self.findings
                    .push(finding.with("circle", name).with("count", circle.waiting));
            }
            for member in circle.members.iter().filter(|it| !it.missing.is_empty()) {
                let finding = Finding::new("doctor-bundles-missing", false);
                self.findings.push(
                    finding
                        .with("circle", name)
                        .with("signer", &member.name)
                        .with("numbers", ranges(&member.missing)),
                );
            }
            if circle.newer {
                self.findings
                    .push(Finding::new("doctor-newer", false).with("circle", name));
            }
        }
        Ok(())
    }
}
