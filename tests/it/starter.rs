//! The committed starter bundle holds what its sources hold: the decoded content is compared, not the bytes,
//! since every making of it has other keys. A failure here means: run `just starter`, build again, commit.

use std::collections::BTreeMap;
use std::path::Path;

use okibi::config::Config;
use okibi::library::manual;
use okibi::node::Handle;
use okibi::store::{CircleView, Standing};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shelf of a fresh home, which took the built-in bundle in.
fn shelf(home: &Path) -> (Handle, CircleView) {
    let config = Config::load(Some(home), |_| None).unwrap();
    let node = Handle::open(config, Box::new(|_| {})).unwrap();
    let mut shelves = node.store().circles().unwrap();
    shelves.retain(|circle| circle.standing == Standing::Shelf);
    assert_eq!(shelves.len(), 1, "one shelf");
    let shelf = shelves.remove(0);
    (node, shelf)
}

#[test]
fn the_starter_holds_what_its_sources_hold() {
    let home = tempfile::tempdir().unwrap();
    let (node, shelf) = shelf(home.path());
    let pin = std::fs::read_to_string(root().join("bundles/starter.pin")).unwrap();
    assert_eq!(shelf.id.to_string(), pin.trim(), "the pinned circle");
    assert!(!shelf.state.is_active(&node.root()), "nobody's own circle");

    let mut sources = BTreeMap::new();
    for entry in std::fs::read_dir(root().join("bundles/starter/manual")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        sources.insert(manual::parse(&text).unwrap().title, text);
    }
    let mut held = BTreeMap::new();
    for shared in node.store().shelf(&shelf.id).unwrap().contents.values() {
        let Some(it) = shared.content.as_document() else {
            continue;
        };
        let path = node.store().blob_path(&it.blob.blake3);
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.len() as u64, it.blob.size, "{}", it.title);
        assert_eq!(it.media_type, "text/markdown");
        assert_eq!(it.licence, "MIT OR Apache-2.0");
        held.insert(it.title.clone(), text);
    }
    // Titles first: a whole manual is a poor message.
    let titles = |texts: &BTreeMap<String, String>| texts.keys().cloned().collect::<Vec<_>>();
    assert_eq!(titles(&held), titles(&sources), "run `just starter`");
    for (title, text) in &sources {
        assert!(held[title] == *text, "{title} differs: run `just starter`");
    }
}

#[test]
fn the_starters_model_is_the_committed_toy() {
    let home = tempfile::tempdir().unwrap();
    let (node, shelf) = shelf(home.path());
    let shelf = node.store().shelf(&shelf.id).unwrap();
    let mut models = shelf
        .contents
        .values()
        .filter_map(|it| it.content.as_model());
    let (model, None) = (models.next().unwrap(), models.next()) else {
        panic!("more than one model");
    };
    let bytes = std::fs::read(root().join("fixtures/ember/ember-q8_0.gguf")).unwrap();
    assert_eq!(model.blob.size, bytes.len() as u64);
    assert_eq!(model.blob.blake3.0, *blake3::hash(&bytes).as_bytes());
    let held = std::fs::read(node.store().blob_path(&model.blob.blake3)).unwrap();
    assert!(held == bytes, "the blob is the file");
    assert_eq!((model.name.as_str(), model.toy), ("ember", true));
    assert_eq!(model.licence, "MIT OR Apache-2.0");
    let attribution = std::fs::read_to_string(root().join("bundles/starter/ember-attribution.txt"));
    assert_eq!(model.source, attribution.unwrap());
}
