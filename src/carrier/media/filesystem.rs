//! The file system below a path: how large a file may be there, which device it is on, and whether
//! reading a file back asks the medium or only this machine's memory.
//!
//! **Always holds.** Nothing here can fail: a property that cannot be found out is taken as
//! unknown, and then nothing is promised: a file that is read back may come from memory.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// FAT's longest file is 4 GiB less one byte; a slice ends one cluster (64 KiB) below.
pub const FAT_SLICE: u64 = (4 << 30) - (64 << 10);
/// Elsewhere a slice ends here: no file system that sticks are formatted with refuses such a file, and a
/// thousand of them are 62 TiB.
pub const SLICE: u64 = 64 << 30;

/// Magic numbers of statfs(2) and `linux/magic.h`.
const MSDOS: u64 = 0x4d44;
/// File systems on a block device of this machine, whose pages the kernel drops when asked to: ext2-4, XFS,
/// btrfs, FAT, exFAT, F2FS, NTFS, UDF, HFS+. Others (tmpfs, FUSE, network, overlays) may answer from memory.
const BLOCK_DEVICES: [u64; 9] = [
    0xef53,
    0x5846_5342,
    0x9123_683e,
    MSDOS,
    0x2011_bab0,
    0xf2f5_2010,
    0x7366_746e,
    0x1501_3346,
    0x482b,
];

/// The known properties of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filesystem {
    /// Bytes that a slice may have here.
    pub slice: u64,
    /// A file that is read back comes from the medium.
    pub rereads: bool,
    /// Number of the device: two paths on one share its space.
    pub device: u64,
}

impl Filesystem {
    /// Looks at the file system of an existing path; what cannot be found out is taken as unknown.
    pub fn of(path: &Path) -> Self {
        let magic = magic(path);
        Self {
            slice: if magic == Some(MSDOS) {
                FAT_SLICE
            } else {
                SLICE
            },
            rereads: magic.is_some_and(|magic| BLOCK_DEVICES.contains(&magic)),
            device: std::fs::metadata(path).map_or(0, |found| found.dev()),
        }
    }

    /// Bytes that a plain file (`-o FILE`) may have here.
    pub fn file(self) -> u64 {
        if self.slice == FAT_SLICE {
            u64::from(u32::MAX)
        } else {
            u64::MAX
        }
    }
}

#[cfg(target_os = "linux")]
fn magic(path: &Path) -> Option<u64> {
    let magic = rustix::fs::statfs(path).ok()?.f_type as u64 & 0xffff_ffff;
    Some(magic)
}

#[cfg(not(target_os = "linux"))]
fn magic(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_told_from_a_medium() {
        assert!(!Filesystem::of(Path::new("/proc")).rereads);
        assert_eq!(Filesystem::of(Path::new("/proc")).file(), u64::MAX);
        let fat = Filesystem {
            slice: FAT_SLICE,
            rereads: true,
            device: 0,
        };
        assert!(fat.file() < 4 << 30 && fat.slice < fat.file());
    }
}
