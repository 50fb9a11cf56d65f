//! Threat 28: real FAT and exFAT. `tests/media/story.sh` does what a person does, on file systems that are really mounted: vfat
//! inside of a user-mode Linux (its kernel brings the file system, whatever this machine's has), exFAT over a loop
//! device and exfat-fuse. Both need root and tools of the system; without them they say so loudly, and where `CI`
//! is set they fail, but for what a machine cannot do at all (no loop device, no FUSE, another processor).
//!
//! `OKIBI_4GIB=1` adds a bundle beyond 4 GiB on vfat: it writes and reads 13 GB and takes some minutes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::homes::Place;

const STORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/media");

/// Steps that a story must say at least: a script that breaks off early is no success.
const STEPS: usize = 40;

fn installed(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .collect();
    let missing: Vec<_> = tools
        .iter()
        .filter(|tool| !folders.iter().any(|folder| folder.join(tool).is_file()))
        .collect();
    if missing.is_empty() {
        return true;
    }
    assert!(
        std::env::var_os("CI").is_none(),
        "not installed: {missing:?}"
    );
    eprintln!("SKIPPED: not installed: {missing:?}");
    false
}

fn root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED: mounting needs root");
    }
    root
}

fn run(program: &str, args: &[&str]) -> Output {
    let output = Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {args:?}: {output:?}");
    output
}

/// An image of so many bytes.
fn image(place: &Place, name: &str, bytes: u64) -> PathBuf {
    let path = place.path(name);
    fs::File::create(&path).unwrap().set_len(bytes).unwrap();
    path
}

fn judge(result: &str) {
    let bad: Vec<_> = result
        .lines()
        .filter(|line| line.starts_with("not ok"))
        .collect();
    let good = result
        .lines()
        .filter(|line| line.starts_with("ok "))
        .count();
    assert!(bad.is_empty(), "{result}");
    assert!(
        good >= STEPS && result.ends_with("end\n"),
        "{good} steps: {result}"
    );
}

#[test]
fn threat_28_a_story_on_vfat() {
    if !installed(&["linux.uml", "mkfs.vfat", "python3", "cc"]) || !root() {
        return;
    }
    if !cfg!(target_arch = "x86_64") {
        eprintln!("SKIPPED: user-mode Linux is for x86-64 here");
        return;
    }
    let place = Place::new();
    let (large, small) = (if big() { 9 << 30 } else { 48 << 20 }, 1200 << 10);
    let mut disks = Vec::new();
    for (name, bytes) in [
        ("a.img", large),
        ("b.img", small),
        ("c.img", small),
        ("d.img", small),
    ] {
        let path = image(&place, name, bytes);
        let text = path.to_str().unwrap();
        let bits = if bytes > 40 << 20 { "32" } else { "12" };
        run("mkfs.vfat", &["-F", bits, "-n", "MY - STICK", text]);
        disks.push(format!("ubd{}={text}", &name[..1]));
    }
    let model = big().then(|| {
        // Homes on a disk of their own; the toy model with 4.2 GiB of nothing behind it.
        let path = image(&place, "e.img", 24 << 30);
        run("mkfs.ext4", &["-q", path.to_str().unwrap()]);
        disks.push(format!("ubde={}", path.display()));
        let model = place.path("big.gguf");
        fs::copy(
            concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/fixtures/ember/ember-q8_0.gguf"
            ),
            &model,
        )
        .unwrap();
        fs::File::options()
            .write(true)
            .open(&model)
            .unwrap()
            .set_len(4300 << 20)
            .unwrap();
        model
    });
    // What the processor has and user-mode Linux does not know.
    let shim = place.path("xstate.so");
    let source = format!("{STORY}/xstate.c");
    run(
        "cc",
        &[
            "-shared",
            "-fPIC",
            "-O1",
            "-o",
            shim.to_str().unwrap(),
            &source,
            "-ldl",
        ],
    );
    let result = place.path("result");
    let output = Command::new("linux.uml")
        .args(&disks)
        .args([
            "rootfstype=hostfs",
            "rootflags=/",
            "rw",
            "mem=768M",
            "con=null",
            "con0=null,fd:1",
            "quiet",
        ])
        .arg(format!("init={STORY}/init.py"))
        .arg(format!("okibi_result={}", result.display()))
        .arg(format!("okibi_mnt={}", place.stick("mnt")))
        .arg(format!("okibi_story={STORY}/story.sh"))
        .arg(format!("okibi_program={}", env!("CARGO_BIN_EXE_okibi")))
        .arg(format!(
            "okibi_big={}",
            model.map_or(String::new(), |path| path.display().to_string())
        ))
        .env("LD_PRELOAD", &shim)
        .env("HOME", place.path(""))
        .env("TMPDIR", place.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = fs::read_to_string(&result).unwrap_or_default();
    assert!(
        !said.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    judge(&said);
}

fn big() -> bool {
    std::env::var_os("OKIBI_4GIB").is_some()
}

/// A loop device and its mount, undone when dropped.
struct Mounted {
    device: String,
    at: PathBuf,
}

impl Mounted {
    fn exfat(image: &Path, at: PathBuf) -> Option<Self> {
        let found = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(image)
            .output()
            .unwrap();
        if !found.status.success() {
            eprintln!("SKIPPED: no loop device: {found:?}");
            return None;
        }
        let device = String::from_utf8(found.stdout).unwrap().trim().to_owned();
        fs::create_dir(&at).unwrap();
        let mounted = Self { device, at };
        mounted.mount(&[]).then_some(mounted)
    }

    fn mount(&self, options: &[&str]) -> bool {
        let output = Command::new("mount.exfat-fuse")
            .args(options)
            .arg(&self.device)
            .arg(&self.at)
            .output()
            .unwrap();
        if !output.status.success() {
            eprintln!("SKIPPED: exfat cannot be mounted: {output:?}");
        }
        output.status.success()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).output();
        let _ = Command::new("losetup")
            .args(["--detach", &self.device])
            .output();
    }
}

#[test]
fn threat_28_a_story_on_exfat() {
    if !installed(&["mkfs.exfat", "mount.exfat-fuse", "losetup"]) || !root() {
        return;
    }
    let place = Place::new();
    let mut mounts = Vec::new();
    for (name, label, bytes) in [
        ("a.img", "MY - STICK", 48 << 20),
        ("b.img", "one -", 1400 << 10),
        ("c.img", "-two", 1400 << 10),
        ("d.img", "t h r e e", 1400 << 10),
    ] {
        let path = image(&place, name, bytes);
        run(
            "mkfs.exfat",
            &[
                "-b",
                "64K",
                "-c",
                "4K",
                "-L",
                "MY - STICK",
                path.to_str().unwrap(),
            ],
        );
        let Some(mounted) = Mounted::exfat(&path, place.path(label)) else {
            return;
        };
        mounts.push(mounted);
    }
    let work = PathBuf::from(place.stick("work"));
    let remount = format!(
        "#!/bin/sh\numount '{at}' && exec mount.exfat-fuse -o \"$1\" '{device}' '{at}'\n",
        at = mounts[0].at.display(),
        device = mounts[0].device,
    );
    let script = place.file("work/remount", remount);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(script, mode).unwrap();
    let output = Command::new("/bin/sh")
        .arg(format!("{STORY}/story.sh"))
        .arg(env!("CARGO_BIN_EXE_okibi"))
        .arg(&work)
        .args(mounts.iter().map(|mounted| &mounted.at))
        .args(["no", "-"])
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .output()
        .unwrap();
    judge(&String::from_utf8(output.stdout).unwrap());
}
