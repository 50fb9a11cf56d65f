//! Real strangers at the door of a real node, more than it has room for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use okibi::carrier::lan::Lan;

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
