//! Being admitted is an offer: nothing of a circle enters a node before a person says yes, and nothing says that the offer
//! arrived. What was forgotten or blocked stays away by every road.

use serde_json::Value;

use crate::homes::{Home, Place};

/// The files of a folder and their bytes.
fn files(folder: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![std::path::PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push((path.clone(), std::fs::read(&path).unwrap())),
            }
        }
    }
    found.sort();
    found
}

/// A stranger, who has a victim's key card and leaves a bundle of a circle of their own on a stick.
fn scene() -> (Place, Home, Home, String) {
    let place = Place::new();
    let (stranger, victim) = (place.home("stranger"), place.home("victim"));
    stranger.ok(["circle", "found", "garden", "--as", "alice"]);
    stranger.admit_unasked(&victim, "victim");
    stranger.share_document("Lies", &place.file("lies.md", "# Lies\n\nAll of them.\n"));
    let model = place.path("wise.gguf");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join("fixtures/ember/ember-f32.gguf"), &model).unwrap();
    stranger.ok(["model", "add", model.to_str().unwrap()]);
    stranger.ok(["model", "share", "wise", "--licence", "MIT"]);
    let stick = place.stick("stick");
    stranger.ok(["export-bundle", "--to", "victim", &stick]);
    (place, stranger, victim, stick)
}

fn circles(home: &Home) -> usize {
    home.facts("circle", ["circle", "list"]).len()
}

#[test]
fn an_offer_waits_for_a_person() {
    let (_place, stranger, victim, stick) = scene();
    let before = (files(&stick), victim.fact("status", ["status"]));
    // Unattended nothing is said, nothing is written, nothing enters.
    let run = victim.ok(["courier", "-q", &stick]);
    assert_eq!((run.out.as_str(), run.err.as_str()), ("", ""));
    assert_eq!(files(&stick), before.0);
    assert_eq!(victim.staged(), [] as [&std::path::Path; 0]);
    assert_eq!(circles(&victim), 0);
    let status = victim.fact("status", ["status"]);
    assert_eq!(status["offers"], 1);
    for field in ["models", "documents", "blob_bytes"] {
        assert_eq!(status[field], before.1[field], "{field}");
    }
    // A person who imports it is told what to compare, and a script that something waits.
    let run = victim.run(["import-bundle", &stick]);
    assert_eq!(run.status.code(), Some(17), "{run:#?}");
    let founder = stranger.fact("key", ["key", "show"])["fingerprint"].clone();
    let founder = founder.as_str().unwrap();
    assert!(run.out.contains("called \"garden\""), "{}", run.out);
    let own = |line: &str| line.trim() == format!("founder  {founder}");
    assert!(run.out.lines().any(own), "{}", run.out);
    assert!(run.err.contains("okibi circle accept"), "{}", run.err);
    assert_eq!(files(&stick), before.0);
    let offer = victim.fact("offer", ["circle", "offers"]);
    assert_eq!(offer["founder_fingerprint"], founder);
    assert_eq!(offer["place"], stick.as_str());
    let told = victim.facts("finding", ["doctor"]);
    assert!(told.iter().any(|it| it["code"] == "doctor-offers"));

    // Commands that name no circle have no second one to take for it.
    victim.ok(["circle", "found", "hearth", "--as", "me"]);
    victim.ok(["circle", "members"]);
    // Without a terminal and without --yes nothing is decided.
    assert_eq!(victim.run(["circle", "accept"]).status.code(), Some(1));
    assert_eq!(circles(&victim), 1);
    let run = victim.ok(["circle", "accept", &founder[..9], "--yes", "--json"]);
    assert!(
        run.json().iter().any(|it| it["type"] == "import"),
        "{run:#?}"
    );
    assert_eq!(circles(&victim), 2);
    assert_ne!(files(&stick), before.0);
    assert_eq!(victim.fact("status", ["status"])["offers"], 0);
}

#[test]
fn a_person_who_compared_before_says_so_at_once() {
    let (_place, stranger, victim, stick) = scene();
    let dry = victim.run(["import-bundle", "--dry-run", "--json", &stick]);
    assert_eq!(dry.status.code(), Some(17));
    assert_eq!(victim.fact("status", ["status"])["offers"], 0);
    let would = victim.fact("import", ["import-bundle", "--dry-run", "--accept", &stick]);
    assert_eq!(would["joined"], true);
    victim.ok(["import-bundle", "--accept", &stick]);
    assert_eq!(victim.hashes(), stranger.hashes());
    // By a pipe nothing lies anywhere; the yes stands for what comes.
    let other = stranger.facts("circle", ["circle", "list"])[0]["circle"].clone();
    let again = victim.run(["circle", "accept", other.as_str().unwrap(), "--yes"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(again.err.contains("already"), "{}", again.err);
}

/// Somebody else's model answers only when it is named, and says whose it is; its name gives way to one's own.
#[test]
fn a_model_of_others_never_answers_unasked() {
    let (place, _stranger, victim, stick) = scene();
    victim.ok(["import-bundle", "--accept", &stick]);
    let run = victim.ok(["chat", "How do I start?"]);
    assert!(
        run.out.starts_with("No language model is loaded."),
        "{run:#?}"
    );
    let ask = ["chat", "-m", "wise", "--max-tokens", "4", "Once"];
    let run = victim.ok(ask);
    assert!(
        run.err
            .contains("was shared by others: \"alice in garden\""),
        "{run:#?}"
    );
    let run = victim.ok(ask.iter().chain(&["--json"]));
    assert!(
        run.json()
            .iter()
            .any(|it| it["origin"] == "alice in garden"),
        "{run:#?}"
    );
    let own = place.path("own.gguf");
    std::fs::copy(place.path("wise.gguf"), &own).unwrap();
    victim.ok(["model", "add", own.to_str().unwrap(), "--name", "wise"]);
    let run = victim.ok(["chat", "--max-tokens", "4", "Once"]);
    assert!(!run.err.contains("shared by others"), "{run:#?}");
    let models = victim.facts("model", ["model", "list"]);
    let names: Vec<&str> = models
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ember", "wise", "wise-2"]);
}

#[test]
fn what_is_named_must_be_clear() {
    let (place, stranger, victim, stick) = scene();
    let run = victim.run(["circle", "accept", "--yes"]);
    assert_eq!(run.status.code(), Some(1), "{run:#?}");
    let other = place.home("other");
    other.ok(["circle", "found", "garden", "--as", "alice"]);
    other.admit_unasked(&victim, "victim");
    other.ok(["export-bundle", "--to", "victim", &stick]);
    victim.ok(["courier", "-q", &stick]);
    for args in [
        &["circle", "accept", "--yes"][..],
        &["circle", "accept", "garden", "--yes"],
    ] {
        let run = victim.run(args);
        assert_eq!(run.status.code(), Some(2), "{run:#?}");
        assert_eq!(run.err.matches("\"garden\" (").count(), 2, "{}", run.err);
    }
    let id = stranger.facts("circle", ["circle", "list"])[0]["circle"].clone();
    victim.ok(["circle", "accept", &id.as_str().unwrap()[..12], "--yes"]);
    assert_eq!(victim.hashes(), stranger.hashes());
    assert_eq!(victim.fact("status", ["status"])["offers"], 1);
}

#[test]
fn what_was_forgotten_stays_away() {
    let (place, stranger, victim, stick) = scene();
    victim.ok(["import-bundle", "--accept", &stick]);
    victim.ok(["circle", "forget", "garden", "--yes"]);
    let fresh = place.stick("fresh");
    stranger.ok(["export-bundle", "--full", "--to", "victim", &fresh]);
    let before = files(&fresh);
    victim.ok(["courier", "-q", &fresh]);
    let run = victim.run(["import-bundle", "--accept", &fresh]);
    assert_eq!(run.status.code(), Some(10), "{run:#?}");
    assert!(run.err.contains("was forgotten here"), "{}", run.err);
    assert_eq!((circles(&victim), files(&fresh)), (0, before));
    assert!(victim.facts("offer", ["circle", "offers"]).is_empty());
    // Until a person takes that back.
    victim.ok(["circle", "accept", "garden", "--yes"]);
    victim.ok(["courier", "-q", &fresh]);
    assert_eq!(victim.hashes(), stranger.hashes());
}

#[test]
fn who_is_blocked_is_left_alone_by_every_road() {
    let (place, stranger, victim, stick) = scene();
    victim.ok(["import-bundle", "--accept", &stick]);
    victim.ok(["peer", "block", "alice"]);
    let card = |home: &Home| home.fact("key", ["key", "show"])["fingerprint"].clone();
    stranger.share_document("More", &place.file("more.md", "# More\n\nOf them.\n"));
    let next = place.stick("next");
    stranger.ok(["export-bundle", "--to", "victim", &next]);
    let run = victim.run(["import-bundle", &next]);
    assert_eq!(run.status.code(), Some(10), "{run:#?}");
    assert!(
        run.err.contains(card(&stranger).as_str().unwrap()),
        "{}",
        run.err
    );
    let before = files(&next);
    victim.share_document("Mine", &place.file("mine.md", "# Mine\n\nTo keep.\n"));
    victim.ok(["courier", "-q", &next]);
    assert_eq!(files(&next), before);
    let titles = |home: &Home| -> Vec<Value> {
        let all = home.facts("document", ["library", "list"]);
        all.into_iter().map(|it| it["title"].clone()).collect()
    };
    assert!(!titles(&victim).contains(&"More".into()));
    let run = victim.run(["export-bundle", "--to", "alice", &next]);
    assert_eq!(run.status.code(), Some(1), "{run:#?}");
    // Another circle of the same root is no offer either.
    stranger.ok(["circle", "found", "orchard", "--as", "alice"]);
    let key = victim.ok(["key", "card"]).out;
    let admit = ["circle", "admit", key.trim(), "--name", "victim"];
    stranger.ok(admit.iter().chain(&["--circle", "orchard", "--yes"]));
    let third = place.stick("third");
    stranger.ok([
        "export-bundle",
        "--circle",
        "orchard",
        "--to",
        "victim",
        &third,
    ]);
    victim.ok(["courier", "-q", &third]);
    assert_eq!(victim.fact("status", ["status"])["offers"], 0);
    victim.ok(["peer", "unblock", "alice"]);
    victim.ok(["import-bundle", &next]);
    assert!(titles(&victim).contains(&"More".into()));
}

/// The name of a circle cannot say anything in okibi's own voice.
#[test]
fn an_offers_name_is_quoted_and_cut() {
    let place = Place::new();
    let (stranger, victim) = (place.home("stranger"), place.home("victim"));
    let name = format!("garden\", founded by {}; compare it", "abcd-".repeat(12));
    stranger.ok(["circle", "found", &name, "--as", "alice"]);
    stranger.admit_unasked(&victim, "victim");
    let stick = place.stick("stick");
    stranger.ok(["export-bundle", "--to", "victim", &stick]);
    let run = victim.run(["import-bundle", &stick]);
    assert_eq!(run.status.code(), Some(17));
    assert!(
        run.out.contains("called \"garden', founded by …\""),
        "{}",
        run.out
    );
}

#[test]
fn contents_beyond_the_settings_are_left_out() {
    let (_place, _stranger, victim, stick) = scene();
    let small = |setting: &str, value: &str| {
        let mut command = victim.command(["--json", "import-bundle", "--accept", &stick]);
        let run = command.env(setting, value).output().unwrap();
        let lines = String::from_utf8(run.stdout).unwrap();
        let facts = lines
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap());
        let facts: Vec<Value> = facts.filter(|it| it["type"] == "import").collect();
        facts.first().map(|it| it["held_back"].clone())
    };
    // One document and one model: both are too large, then the model is of a kind that is not wanted.
    assert_eq!(small("OKIBI_LARGEST_MIB", "0"), Some(2.into()));
    assert_eq!(victim.facts("document", ["library", "list"]).len(), 0);
    assert_eq!(small("OKIBI_FETCH_MODELS", "false"), Some(1.into()));
    assert_eq!(victim.facts("document", ["library", "list"]).len(), 1);
    // What was left out is wanted, and comes once the settings let it.
    assert_eq!(small("OKIBI_FETCH_MODELS", "true"), Some(0.into()));
    let models = victim.facts("model", ["model", "list"]);
    assert!(models.iter().any(|it| it["name"] == "wise"));
}
