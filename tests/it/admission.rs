//! Real strangers at the door of a real node, more than it has room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use okibi::carrier::lan::Lan;
use okibi::sync::Frame;
use serde_json::json;

use crate::homes::Place;
use crate::wire::{Pipe, report, serve, sync, two};

/// More than a node has sessions.
const CROWD: usize = 300;

/// Somebody opens connection after connection and says nothing in them but a first byte. A member at another address
/// comes into step in its first round. (Before there was a door, all sessions were taken, and it was turned away.)
#[test]
fn one_address_does_not_shut_members_out() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    alice.share_document("short", &place.file("short.txt", "A few words.\n"));
    let (node, address) = serve(&alice);
    let pipe = Pipe::between("127.0.0.2", address);
    let (knocked, over) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (count, stop) = (knocked.clone(), over.clone());
    let crowd = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let lan = Lan::open(0, &[3; 32]).unwrap();
            let mut silent = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                if let Ok(mut link) = lan.dial(pipe.address).await
                    && link.write(&[1]).await.is_ok()
                {
                    count.fetch_add(1, Ordering::Relaxed);
                    silent.push(link);
                }
            }
            lan.close().await;
        });
    });
    node.until("the crowd is there", || {
        knocked.load(Ordering::Relaxed) > CROWD
    });
    let report = report(sync(&bob, &[address]));
    over.store(true, Ordering::Relaxed);
    crowd.join().unwrap();
    assert_eq!(report["peers"][0]["in_step"], true, "{report}");
    assert_eq!(bob.hashes(), alice.hashes());
}

/// Resident KiB of a process, and how many files it has open.
fn held(process: u32) -> (u64, usize) {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let kib = line.unwrap().split_whitespace().nth(1).unwrap();
    let files = std::fs::read_dir(format!("/proc/{process}/fd")).unwrap();
    (kib.parse().unwrap(), files.count())
}

/// Strangers come one after the other, greet, and are turned away: connections, tasks and all that go with them. After the
/// first few the process does not grow. `OKIBI_GUESTS=20000` takes longer.
#[test]
fn who_comes_and_goes_leaves_nothing() {
    let guests: usize = std::env::var("OKIBI_GUESTS").map_or(600, |text| text.parse().unwrap());
    let place = Place::new();
    let (alice, _bob) = two(&place);
    let (node, address) = serve(&alice);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let come = |count: usize| {
        runtime.block_on(async {
            let lan = Lan::open(0, &[5; 32]).unwrap();
            for number in 0..count {
                let tags = vec![[number as u8; 16]; 16];
                let hello = Frame::Hello { version: 1, tags }.encode();
                let mut link = lan.dial(address).await.unwrap();
                link.write(&hello).await.unwrap();
                // Who is not recognised introduces itself, or pretends to.
                let said = Frame::Introduce(vec![0; okibi::sync::limits::INTRODUCTION]);
                link.write(&said.encode()).await.unwrap();
                let mut buffer = [0; 4_096];
                while let Ok(1..) = link.read(&mut buffer).await {}
            }
            lan.close().await;
        });
        assert_eq!(node.ask().unwrap()["connections"], json!([]));
        held(node.child.id())
    };
    let (before, _) = come(300);
    let (after, files) = come(guests);
    println!("{before} KiB after 300 strangers, {after} KiB after {guests} more");
    assert!(after < before + 2_048, "{before} KiB, then {after} KiB");
    // Sockets, the database, standard streams: nothing for each guest.
    assert!(files < 64, "{files} files are open");
}
