use super::*;

fn medium() -> (tempfile::TempDir, Medium) {
    let root = tempfile::tempdir().unwrap();
    let medium = Medium::take(&Files::new(root.path())).unwrap();
    (root, medium)
}

const HANDLE: &str = "0123456789abcdef";

fn put(medium: &Medium, handle: &str, bytes: &[u8], edit: impl FnOnce(&mut Sums)) {
    let folder = Medium::folder(handle);
    medium.files().mkdir(&folder).unwrap();
    medium
        .files()
        .write_new_synced(folder.join("000.age"), bytes)
        .unwrap();
    let mut sums = Sums {
        first: 0,
        last: true,
        tokens: vec![token_hash(&[1; 16]), token_hash(&[2; 16])],
        slices: vec![Sha256::digest(bytes).into()],
        parity: vec![],
    };
    edit(&mut sums);
    medium.commit(handle, &sums).unwrap();
}

#[test]
fn a_medium_is_found_by_root_folder_bundle_and_file() {
    let (root, medium) = medium();
    assert!(scan(root.path()).unwrap().bundles.is_empty());
    put(&medium, HANDLE, b"slice", |_| ());
    let slice = root.path().join("okibi").join(HANDLE).join("000.age");
    for path in [
        root.path().to_owned(),
        root.path().join("okibi"),
        root.path().join("okibi").join(HANDLE),
        slice,
    ] {
        let scan = scan(&path).unwrap();
        assert_eq!(scan.bundles.len(), 1, "{}", path.display());
        let mut read = String::new();
        scan.bundles[0]
            .open()
            .unwrap()
            .read_to_string(&mut read)
            .unwrap();
        assert_eq!(read, "slice");
    }
    let nowhere = scan(&root.path().join("nowhere"));
    assert!(matches!(nowhere, Err(MediaError::NoMedium(_))));
    let readme = fs::read_to_string(root.path().join("okibi/README.txt")).unwrap();
    assert_eq!(readme, README);
    assert!(README.contains("cat STICK/okibi/HANDLE/[0-9]*.age | age -d -i key.txt | tar -xf -\n"));
}

#[test]
fn slices_that_are_not_here_are_named() {
    let (root, medium) = medium();
    put(&medium, HANDLE, b"slice", |_| ());
    let found = || scan(root.path()).unwrap().bundles.remove(0);
    assert_eq!(found().missing(), None);
    assert_eq!(found().damaged().unwrap(), None);
    let slice = root.path().join("okibi").join(HANDLE).join("000.age");
    fs::write(&slice, b"Slice").unwrap();
    assert_eq!(
        found().damaged().unwrap(),
        Some(format!("{HANDLE}/000.age"))
    );
    fs::remove_file(&slice).unwrap();
    assert_eq!(found().missing(), Some(format!("{HANDLE}/000.age")));
    assert!(matches!(
        found().open(),
        Err(MediaError::SliceMissing { .. })
    ));
    put(&medium, "00000000000000aa", b"x", |sums| sums.last = false);
    assert_eq!(found().missing(), Some("00000000000000aa/001.age".into()));
    put(&medium, "00000000000000a0", b"x", |sums| sums.first = 3);
    assert_eq!(found().missing(), Some("00000000000000a0/000.age".into()));
}

#[test]
fn a_second_process_is_told_that_it_is_busy() {
    let (root, medium) = medium();
    let second = Medium::take(&Files::new(root.path()));
    assert!(matches!(second, Err(MediaError::Busy(_))));
    drop(medium);
    Medium::take(&Files::new(root.path())).unwrap();
    let nowhere = Medium::take(&Files::new(root.path().join("nowhere")));
    assert!(matches!(nowhere, Err(MediaError::NoMedium(_))));
}

#[test]
fn unfinished_and_damaged_folders_are_no_bundles() {
    let (root, medium) = medium();
    let unfinished = Medium::folder("00000000000000aa");
    medium.files().mkdir(&unfinished).unwrap();
    medium
        .files()
        .write_new_synced(unfinished.join("000.age"), b"x")
        .unwrap();
    put(&medium, HANDLE, b"x", |_| ());
    let marker = root.path().join("okibi").join(HANDLE).join("SUMS");
    let whole = fs::read(&marker).unwrap();
    fs::write(&marker, &whole[..whole.len() - 1]).unwrap();
    let scan = scan(root.path()).unwrap();
    assert_eq!(
        (
            scan.bundles.len(),
            scan.unfinished.len(),
            scan.damaged.len()
        ),
        (0, 1, 1)
    );
    assert_eq!(medium.sweep().unwrap(), 1);
    assert!(!root.path().join("okibi/00000000000000aa").exists());
    medium.discard(HANDLE).unwrap();
    assert!(!root.path().join("okibi").join(HANDLE).exists());
    medium.discard(HANDLE).unwrap();
    assert!(medium.discard("../../x").is_err());
}

#[test]
fn receipts_gather() {
    let (root, medium) = medium();
    put(&medium, HANDLE, b"x", |_| ());
    let collected = || scan(root.path()).unwrap().bundles[0].collected();
    assert_eq!(collected(), [false, false]);
    medium.acknowledge(HANDLE, [2; 16]).unwrap();
    assert_eq!(collected(), [false, true]);
    medium.acknowledge(HANDLE, [2; 16]).unwrap();
    medium.acknowledge(HANDLE, [1; 16]).unwrap();
    assert_eq!(collected(), [true, true]);
    medium.acknowledge(HANDLE, [3; 16]).unwrap();
    assert_eq!(collected(), [true, true]);
    assert!(medium.acknowledge("x", [3; 16]).is_err());
}

/// Links, FIFOs and folders in the place of files are neither followed nor waited for.
#[test]
fn a_hostile_medium_leads_nowhere() {
    use std::os::unix::fs::symlink;
    let outside = tempfile::tempdir().unwrap();
    let (other, medium) = medium();
    put(&medium, HANDLE, b"secret", |_| ());
    let real = other.path().join("okibi").join(HANDLE);

    // A link to a whole bundle's folder.
    let root = outside.path();
    fs::create_dir(root.join("okibi")).unwrap();
    symlink(&real, root.join("okibi").join(HANDLE)).unwrap();
    assert!(scan(root).unwrap().bundles.is_empty());

    // Links to a real SUMS and a real slice.
    let copy = root.join("okibi/00000000000000aa");
    fs::create_dir(&copy).unwrap();
    symlink(real.join("SUMS"), copy.join("SUMS")).unwrap();
    assert_eq!(scan(root).unwrap().damaged.len(), 1);
    fs::remove_file(copy.join("SUMS")).unwrap();
    fs::copy(real.join("SUMS"), copy.join("SUMS")).unwrap();
    symlink(real.join("000.age"), copy.join("000.age")).unwrap();
    let found = scan(root).unwrap().bundles.remove(0);
    assert!(matches!(found.open(), Err(MediaError::Refused(_))));

    // A folder and a FIFO as slices.
    fs::remove_file(copy.join("000.age")).unwrap();
    fs::create_dir(copy.join("000.age")).unwrap();
    assert!(matches!(found.open(), Err(MediaError::Refused(_))));
    fs::remove_dir(copy.join("000.age")).unwrap();
    let fifo = std::process::Command::new("mkfifo")
        .arg(copy.join("000.age"))
        .status();
    if fifo.is_ok_and(|status| status.success()) {
        assert!(matches!(found.open(), Err(MediaError::Refused(_))));
    }

    // The folder okibi itself as a link: writing does not go through it.
    let third = tempfile::tempdir().unwrap();
    symlink(other.path().join("okibi"), third.path().join("okibi")).unwrap();
    assert!(Medium::take(&Files::new(third.path())).is_err());
    assert!(scan(third.path()).unwrap().bundles.is_empty());

    // SUMS of a huge size.
    fs::write(copy.join("SUMS"), vec![b'#'; 200_000]).unwrap();
    assert_eq!(scan(root).unwrap().damaged.len(), 1);
}

#[test]
fn a_crowded_medium_is_cut_by_name_and_says_so() {
    let (root, medium) = medium();
    for number in 0..5 {
        put(
            &medium,
            &format!("000000000000000{number}"),
            b"slice",
            |_| (),
        );
    }
    let found = scan_at_most(root.path(), 3).unwrap();
    assert_eq!((found.bundles.len(), found.unseen), (3, 2));
    let handles: Vec<_> = found
        .bundles
        .iter()
        .filter_map(|it| it.handle.clone())
        .collect();
    assert_eq!(handles.last().unwrap(), "0000000000000002");
    assert_eq!(scan(root.path()).unwrap().unseen, 0);
}

#[test]
fn what_is_wrong_with_one_folder_is_wrong_with_it_alone() {
    let (root, medium) = medium();
    put(&medium, HANDLE, b"slice", |_| ());
    for (number, kind) in ["socket", "folder", "link", "large"].iter().enumerate() {
        let handle = format!("000000000000000{number}");
        let folder = root.path().join("okibi").join(&handle);
        fs::create_dir(&folder).unwrap();
        let marker = folder.join("SUMS");
        match *kind {
            "socket" => rustix::fs::mknodat(
                rustix::fs::CWD,
                &marker,
                rustix::fs::FileType::Socket,
                rustix::fs::Mode::RUSR,
                0,
            )
            .unwrap(),
            "folder" => fs::create_dir(&marker).unwrap(),
            "link" => std::os::unix::fs::symlink("/dev/zero", &marker).unwrap(),
            _ => File::create(&marker).unwrap().set_len(1 << 40).unwrap(),
        }
    }
    let found = scan(root.path()).unwrap();
    assert_eq!((found.bundles.len(), found.damaged.len()), (1, 4));
}

/// A file of holes is no slice, however long it says it is, and nobody reads it through.
#[test]
fn a_hole_is_damage() {
    let (root, medium) = medium();
    put(&medium, HANDLE, b"slice", |_| ());
    let slice = root.path().join("okibi").join(HANDLE).join("000.age");
    let file = OpenOptions::new().write(true).open(&slice).unwrap();
    file.set_len(1 << 42).unwrap();
    if !has_hole(&File::open(&slice).unwrap()) {
        println!("this file system knows no holes");
        return;
    }
    let found = scan(root.path()).unwrap().bundles.remove(0);
    assert_eq!(found.damaged().unwrap(), Some(format!("{HANDLE}/000.age")));
    assert_eq!(found.weight(), (1 << 42, true));
}

#[test]
fn times_on_a_medium_tell_nothing() {
    use std::os::unix::fs::MetadataExt;
    let (root, medium) = medium();
    put(&medium, HANDLE, b"slice", |_| ());
    medium.acknowledge(HANDLE, [1; 16]).unwrap();
    let okibi = root.path().join("okibi");
    let bundle = okibi.join(HANDLE);
    let files = [
        okibi.join("README.txt"),
        okibi.join(format!("{HANDLE}.done")),
        bundle.join("SUMS"),
        bundle.join("000.age"),
        okibi,
        bundle,
    ];
    for path in files {
        let data = fs::metadata(&path).unwrap();
        assert_eq!(
            (data.mtime(), data.mtime_nsec()),
            (crate::carrier::media::files::BLANK, 0),
            "{path:?}"
        );
    }
}
