use std::fs;
use std::process::Command;

use proptest::prelude::*;

use super::*;

fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (name, bytes) in members {
        writer.member(name, bytes).unwrap();
    }
    writer.finish().unwrap()
}

fn sample() -> Vec<u8> {
    archive(&[
        ("00-HEAD", b"head"),
        ("trust/0000-a.cose", &[7; 512]),
        ("trust/0001-b.cose", &[8; 513]),
        ("99-PAD", b""),
    ])
}

#[test]
fn an_archive_survives() {
    let found = list(&sample()).unwrap();
    let seen: Vec<_> = found
        .iter()
        .map(|m| (m.name.as_str(), m.size, m.offset))
        .collect();
    assert_eq!(
        seen,
        [
            ("00-HEAD", 4, 512),
            ("trust/0000-a.cose", 512, 1536),
            ("trust/0001-b.cose", 513, 2560),
            ("99-PAD", 0, 4096),
        ]
    );
}

#[test]
fn every_truncation_and_addition_is_refused() {
    let bytes = sample();
    for cut in 0..bytes.len() {
        assert!(list(&bytes[..cut]).is_err(), "{cut}");
    }
    assert!(list(&[&bytes[..], b"\0"].concat()).is_err());
    assert!(list(&[&bytes[..], &[0; 512]].concat()).is_err());
}

#[test]
fn every_flip_outside_of_the_data_is_refused() {
    let bytes = sample();
    let data = [512..516, 1536..2048, 2560..3073];
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let inside = data.iter().any(|range| range.contains(&at));
        assert_eq!(list(&changed).is_ok(), inside, "{at}");
    }
}

/// A header with one field changed and the checksum put right.
fn forged(edit: impl FnOnce(&mut [u8; 512])) -> Vec<u8> {
    let mut block = header("trust/0000-a.cose", 0).unwrap();
    edit(&mut block);
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    [&block[..], &[0; 1024]].concat()
}

#[test]
fn forged_headers_are_refused() {
    assert_eq!(list(&forged(|_| ())).unwrap().len(), 1);
    let name = |name: &[u8]| {
        let name = name.to_vec();
        let refused = list(&forged(|b| {
            b[..100].fill(0);
            b[..name.len()].copy_from_slice(&name);
        }));
        assert!(refused.is_err(), "{name:?}");
    };
    name(b"/etc/passwd");
    name(b"../00-HEAD");
    name(b"trust/../../x");
    name(b"trust/CON");
    name(b"Trust/0000-a.cose");
    name(b"trust/0000-a\xff");
    name(b"trust/0000-a\0b");
    name(&[b'a'; 100]);
    name(b"");
    for kind in 0..=255u8 {
        // Links, devices, directories, FIFOs, GNU and pax extensions, the old "\0".
        assert_eq!(
            list(&forged(|b| b[156] = kind)).is_ok(),
            kind == b'0',
            "{kind}"
        );
    }
    assert!(list(&forged(|b| b[157] = b'x')).is_err(), "link name");
    assert!(list(&forged(|b| b[345] = b'x')).is_err(), "prefix");
    assert!(list(&forged(|b| b[103] = b'7')).is_err(), "mode");
    assert!(list(&forged(|b| b[114] = b'1')).is_err(), "uid");
    assert!(list(&forged(|b| b[146] = b'1')).is_err(), "time");
    assert!(list(&forged(|b| b[265] = b'r')).is_err(), "user name");
    assert!(list(&forged(|b| b[263] = b' ')).is_err(), "GNU magic");
    assert!(list(&forged(|b| b[124] = 0x80)).is_err(), "base-256 size");
    assert!(list(&forged(|b| b[124..136].copy_from_slice(b"77777777777\0"))).is_err());
    assert!(list(&forged(|b| b[124..136].copy_from_slice(b"          0\0"))).is_err());
    assert!(list(&forged(|b| b[511] = 1)).is_err());
}

#[test]
fn order_counts() {
    for wrong in [
        ["trust/0000-a", "00-HEAD"],
        ["00-HEAD", "00-HEAD"],
        ["trust/0001-a", "trust/0000-a"],
        ["99-PAD", "trust/0000-a"],
    ] {
        let bytes = archive(&[(wrong[0], b""), (wrong[1], b"")]);
        assert!(list(&bytes).is_err(), "{wrong:?}");
    }
}

#[test]
fn the_writer_keeps_its_word() {
    let mut writer = Writer::new(Vec::new());
    assert!(writer.begin("../x", 0).is_err());
    assert!(writer.begin("00-HEAD", 8 << 30).is_err());
    writer.begin("00-HEAD", 2).unwrap();
    assert!(writer.write(b"abc").is_err());
    writer.write_all(b"a").unwrap();
    assert!(writer.begin("99-PAD", 0).is_err());
    assert!(writer.finish().is_err());
}

#[test]
fn limits_hold_in_memory() {
    let bytes = archive(&[("00-HEAD", &[0; 100])]);
    let mut reader = Reader::new(&bytes[..]);
    reader.next().unwrap();
    assert!(reader.whole(99).is_err());
    assert!(reader.next().is_err(), "unread data is not skipped");
    assert_eq!(reader.whole(100).unwrap().len(), 100);
}

/// The same members through GNU tar give the same bytes, and GNU tar lists ours.
#[test]
fn gnu_tar_writes_the_same_bytes() {
    let is_gnu = Command::new("tar")
        .arg("--version")
        .output()
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).contains("GNU tar"));
    if !is_gnu {
        assert!(std::env::var_os("CI").is_none(), "GNU tar is not installed");
        eprintln!("SKIPPED: GNU tar is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let members: [(&str, &[u8]); 4] = [
        ("00-HEAD", b"head\n"),
        ("trust/0000-a.cose", &[7; 512]),
        ("trust/0001-b.cose", &[8; 70_000]),
        ("99-PAD", b""),
    ];
    fs::create_dir(folder.path().join("trust")).unwrap();
    for (name, bytes) in members {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let theirs = Command::new("tar")
        .current_dir(folder.path())
        .args([
            "--format=ustar",
            "--owner=0",
            "--group=0",
            "--numeric-owner",
        ])
        .args(["--mtime=@0", "--mode=0644", "-b1", "-cf", "-"])
        .args(members.map(|(name, _)| name))
        .output()
        .unwrap();
    assert!(theirs.status.success());
    let ours = archive(&members);
    assert_eq!(theirs.stdout, ours);
    assert_eq!(list(&theirs.stdout).unwrap().len(), 4);
}

proptest! {
    #[test]
    fn any_members_round_trip(
        sizes in proptest::collection::vec(0usize..2000, 0..8),
        fill in any::<u8>(),
    ) {
        let names: Vec<_> = (0..sizes.len()).map(|i| format!("trust/{i:04}-x")).collect();
        let bytes: Vec<_> = sizes.iter().map(|&size| vec![fill; size]).collect();
        let members: Vec<_> = names.iter().zip(&bytes).map(|(n, b)| (n.as_str(), &b[..])).collect();
        let made = archive(&members);
        let mut reader = Reader::new(&made[..]);
        for (name, bytes) in members {
            let member = reader.next().unwrap().unwrap();
            prop_assert_eq!(&member.name, name);
            prop_assert_eq!(reader.whole(2000).unwrap(), bytes);
        }
        prop_assert!(reader.next().unwrap().is_none());
        prop_assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..2048)) {
        let _ = list(&bytes);
    }
}
