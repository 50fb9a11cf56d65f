//! Which removable media are mounted: `sys/block` says what can be taken out, `proc/self/mountinfo` where its file
//! systems are. Nothing is mounted, opened or written here.
//!
//! A disk counts as removable if the kernel says so (`removable`), if it hangs on USB (many sticks and all USB
//! disks call themselves fixed), or if it is an SD card. Optical drives do not.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// Folders where removable media are mounted, each medium once, in the order of the mount table. `root` holds `sys`
/// and `proc`; what cannot be read there counts as not there.
pub fn mounted(root: &Path) -> Vec<PathBuf> {
    let devices = removable(&root.join("sys/block"));
    let table = fs::read(root.join("proc/self/mountinfo")).unwrap_or_default();
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    for line in table.split(|&byte| byte == b'\n') {
        let Some((device, path)) = mount(line) else {
            continue;
        };
        if devices.contains(&device) && seen.insert(device) {
            found.push(path);
        }
    }
    found
}

/// `major:minor` of every removable disk and of its partitions.
fn removable(block: &Path) -> BTreeSet<String> {
    let mut devices = BTreeSet::new();
    for disk in fs::read_dir(block).into_iter().flatten().flatten() {
        let path = disk.path();
        let name = disk.file_name();
        if name.as_encoded_bytes().starts_with(b"sr") || !is_removable(&path) {
            continue;
        }
        devices.extend(word(&path.join("dev")));
        for part in fs::read_dir(&path).into_iter().flatten().flatten() {
            if part.path().join("partition").exists() {
                devices.extend(word(&part.path().join("dev")));
            }
        }
    }
    devices
}

fn is_removable(disk: &Path) -> bool {
    let says = |file: &str, yes: &str| word(&disk.join(file)).is_some_and(|word| word == yes);
    let link = fs::read_link(disk).unwrap_or_default();
    let usb = |part: &std::ffi::OsStr| part.as_encoded_bytes().starts_with(b"usb");
    says("removable", "1") || says("device/type", "SD") || link.iter().any(usb)
}

fn word(path: &Path) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Device and mount point of a line of mountinfo (proc(5)), if a whole file system is mounted there.
fn mount(line: &[u8]) -> Option<(String, PathBuf)> {
    let mut fields = line.split(|&byte| byte == b' ');
    let device = fields.nth(2)?;
    if fields.next()? != b"/" {
        return None;
    }
    let path = OsString::from_vec(unescaped(fields.next()?)?);
    Some((String::from_utf8(device.to_vec()).ok()?, path.into()))
}

/// Blanks, tabs, line feeds and backslashes stand as three octal digits behind a backslash.
fn unescaped(field: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = field;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        let (digits, after) = rest.split_at_checked(3)?;
        let digits = std::str::from_utf8(digits).ok()?;
        bytes.push(u8::from_str_radix(digits, 8).ok()?);
        rest = after;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    #[test]
    fn sticks_are_told_from_disks() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        put(root, "sys/block/sda/removable", "0\n");
        put(root, "sys/block/sda/sda1/partition", "1\n");
        put(root, "sys/block/sda/sda1/dev", "8:1\n");
        put(root, "sys/block/sdb/removable", "1\n");
        put(root, "sys/block/sdb/dev", "8:16\n");
        put(root, "sys/block/sdb/sdb1/partition", "1\n");
        put(root, "sys/block/sdb/sdb1/dev", "8:17\n");
        put(root, "sys/block/sr0/removable", "1\n");
        put(root, "sys/block/sr0/dev", "11:0\n");
        put(root, "sys/block/mmcblk0/device/type", "SD\n");
        put(root, "sys/block/mmcblk0/dev", "179:0\n");
        put(root, "sys/devices/pci0/usb2/2-1/sdc/removable", "0\n");
        put(root, "sys/devices/pci0/usb2/2-1/sdc/dev", "8:32\n");
        let link = "../devices/pci0/usb2/2-1/sdc";
        std::os::unix::fs::symlink(link, root.join("sys/block/sdc")).unwrap();
        let table = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n\
                     40 22 8:17 / /media/A\\040-\\040B\\134c rw - vfat /dev/sdb1 rw\n\
                     41 22 8:17 / /mnt/again rw - vfat /dev/sdb1 rw\n\
                     42 22 8:32 /inner /mnt/inner rw - ext4 /dev/sdc rw\n\
                     43 22 8:32 / /mnt/disk rw shared:1 - ext4 /dev/sdc rw\n\
                     44 22 179:0 / /mnt/card ro - exfat /dev/mmcblk0 ro\n\
                     45 22 11:0 / /mnt/cd ro - iso9660 /dev/sr0 ro\n\
                     rubbish\n";
        put(root, "proc/self/mountinfo", table);
        let expected = ["/media/A - B\\c", "/mnt/disk", "/mnt/card"];
        assert_eq!(mounted(root), expected.map(PathBuf::from));
        assert_eq!(mounted(&root.join("nowhere")), [] as [PathBuf; 0]);
    }
}
