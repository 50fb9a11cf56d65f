//! How much memory this process may take.
//!
//! The least of what the system says is free and what the control groups above this process still allow. Only
//! Linux tells; elsewhere nothing is known.

use std::fs;
use std::path::Path;

/// Bytes that can be taken without swapping, as far as is known.
pub fn available() -> Option<u64> {
    let system = fs::read_to_string("/proc/meminfo").ok();
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = in_groups(&groups, &|path| fs::read_to_string(path).ok());
    let system = system.and_then(|text| field(&text, "MemAvailable:")?.checked_mul(1024));
    [system, group].into_iter().flatten().min()
}

/// The first number behind a word at the beginning of a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// What the control groups (version 2, then 1) leave, by `/proc/self/cgroup`.
fn in_groups(groups: &str, read: &dyn Fn(&Path) -> Option<String>) -> Option<u64> {
    let mut least = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':');
        let (_, kinds, path) = (parts.next(), parts.next()?, parts.next()?);
        let (root, limit, used) = match kinds {
            "" => ("/sys/fs/cgroup", "memory.max", "memory.current"),
            kinds if kinds.split(',').any(|kind| kind == "memory") => (
                "/sys/fs/cgroup/memory",
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
            ),
            _ => continue,
        };
        // In a container the path may be another's; then only the root is there.
        let below = Path::new(path.trim_start_matches('/'));
        for folder in below.ancestors() {
            let file = |name: &str| read(&Path::new(root).join(folder).join(name));
            let number = |name: &str| file(name)?.trim().parse::<u64>().ok();
            let Some(limit) = number(limit) else { continue };
            // The group's cache of files gives way when memory is wanted.
            let stat = file("memory.stat").unwrap_or_default();
            let cache = field(&stat, "inactive_file ").unwrap_or(0);
            let used = number(used).unwrap_or(0).saturating_sub(cache);
            let left = limit.saturating_sub(used);
            least = Some(least.map_or(left, |least: u64| least.min(left)));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn the_tightest_group_counts() {
        let files = HashMap::from([
            ("/sys/fs/cgroup/a/b/memory.max", "max\n"),
            ("/sys/fs/cgroup/a/memory.max", "1000\n"),
            ("/sys/fs/cgroup/a/memory.current", "700\n"),
            (
                "/sys/fs/cgroup/a/memory.stat",
                "anon 500\ninactive_file 100\n",
            ),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "5000"),
        ]);
        let read = |path: &Path| Some(files.get(path.to_str()?)?.to_string());
        assert_eq!(in_groups("0::/a/b\n", &read), Some(400));
        assert_eq!(in_groups("5:cpu,memory:/x\n0::/none\n", &read), Some(5000));
        assert_eq!(in_groups("0::/none\nrubbish\n", &read), None);
        assert_eq!(in_groups("", &read), None);
        assert_eq!(
            field("A: 1\nMemAvailable:  12 kB\n", "MemAvailable:"),
            Some(12)
        );
    }
}
