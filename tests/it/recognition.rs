//! Who recognises whom over a real connection: real processes on loopback.

use crate::homes::{Home, Place};
use crate::wire::{report, serve, sync, two};

/// Carol, who has what alice has.
fn admitted(place: &Place, alice: &Home, before: impl FnOnce()) -> Home {
    let carol = place.home("carol");
    alice.admit(&carol, "carol");
    before();
    let bundle = place.path("carol.okb");
    let bundle = bundle.to_str().unwrap();
    alice.ok(["export-bundle", "--to", "carol", "-o", bundle]);
    carol.ok(["import-bundle", bundle]);
    carol
}

fn members(home: &Home) -> usize {
    home.facts("member", ["circle", "members"]).len()
}

/// A suspended member lies in wait at the address where it always was. Who dials it and knows of the suspension says
/// nothing to it: no name, no decision, no reason.
#[test]
fn a_former_member_that_is_dialled_learns_nothing() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let carol = admitted(&place, &alice, || {
        alice.ok(["circle", "suspend", "bob", "--yes"]);
    });
    let before = (bob.hashes(), members(&bob));
    let (node, address) = serve(&bob);
    let output = sync(&carol, &[address]).wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("\"in_step\":true"), "{said}");
    drop(node);
    assert_eq!((bob.hashes(), members(&bob)), before);
    // Nor does it by dialling.
    let (node, address) = serve(&carol);
    let output = sync(&bob, &[address]).wait_with_output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(!said.contains("\"in_step\":true"), "{said}");
    drop(node);
    assert_eq!((bob.hashes(), members(&bob)), before);
}

/// Bob has not heard that alice admitted carol. She shows him the way on which she came, and he takes her in.
#[test]
fn who_was_admitted_elsewhere_introduces_itself() {
    let place = Place::new();
    let (alice, bob) = two(&place);
    let carol = admitted(&place, &alice, || ());
    assert_eq!(members(&bob), 2);
    let (node, address) = serve(&bob);
    let report = report(sync(&carol, &[address]));
    assert_eq!(report["peers"][0]["in_step"], true, "{report}");
    drop(node);
    assert_eq!(bob.hashes(), carol.hashes());
    assert_eq!(members(&bob), 3);
}
