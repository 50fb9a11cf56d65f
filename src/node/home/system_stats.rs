//! Statistics of the machine, memory and disk, and all that the monitor shows together.
//!
//! **Always holds.** Everything is taken at one moment. A number that the system does not tell is
//! 0, and a stick that cannot be read is shown without a number of bundles; only the store can
//! fail.

use crate::carrier::media::medium;

use crate::node::{AuditLine, Failure, Handle, Missing, Status};

/// Memory and disk, in bytes; 0 where the system does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemStats {
    /// Resident memory of this process.
    pub resident: u64,
    /// Memory of the machine, and how much of it is available.
    pub memory: u64,
    pub available: u64,
    /// The disk that the home lies on, and how much of it is free.
    pub disk: u64,
    pub free: u64,
}

/// All that a monitor shows, taken at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Overview {
    pub status: Status,
    pub system: SystemStats,
    /// Removable media that are mounted now.
    pub sticks: Vec<Stick>,
    /// Content that members share and this node does not have yet.
    pub missing: Vec<Missing>,
    /// The newest lines of the audit trail, oldest first.
    pub audit: Vec<AuditLine>,
    /// Milliseconds since 1970.
    pub at: u64,
}

/// A removable medium.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stick {
    /// Its mount point.
    pub path: String,
    /// Bundles on it, for whomever; none: it cannot be read.
    pub bundles: Option<usize>,
}

/// Lines of the audit trail that an overview has.
const LINES: usize = 100;

impl Handle {
    /// Looks at everything.
    pub fn overview(&self) -> Result<Overview, Failure> {
        let max_age = self.config.stale_hours.saturating_mul(3_600_000);
        let mut audit = self.store.audit_lines()?;
        let old = audit.len().saturating_sub(LINES);
        audit.drain(..old);
        Ok(Overview {
            status: self.status(max_age)?,
            system: self.system_stats(),
            sticks: self.sticks(),
            missing: self.missing()?,
            audit,
            at: crate::node::clock::now(),
        })
    }

    /// The removable media that are mounted now. Folders are listed, nothing is opened.
    fn sticks(&self) -> Vec<Stick> {
        let stick = |path: std::path::PathBuf| Stick {
            bundles: medium::scan(&path).ok().map(|scan| scan.bundles.len()),
            path: path.display().to_string(),
        };
        self.removable().into_iter().map(stick).collect()
    }

    /// Memory and disk.
    pub fn system_stats(&self) -> SystemStats {
        let kib = |file: &str, key: &str| -> u64 {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix(key));
            let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
            number.unwrap_or(0) * 1_024
        };
        let space = rustix::fs::statvfs(self.store.home());
        let (disk, free) = space.map_or((0, 0), |space| {
            (
                space.f_blocks.saturating_mul(space.f_frsize),
                space.f_bavail.saturating_mul(space.f_frsize),
            )
        });
        SystemStats {
            resident: kib("/proc/self/status", "VmRSS:"),
            memory: kib("/proc/meminfo", "MemTotal:"),
            available: kib("/proc/meminfo", "MemAvailable:"),
            disk,
            free,
        }
    }
}
