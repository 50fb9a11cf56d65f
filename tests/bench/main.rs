//! Functions that are claims: `cargo bench`. Medians of one run; nothing is held against a time.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where its input is wrong"
)]

use okibi::fold::{History, evaluate};
use okibi::identity::{Signer, SigningSecret, verify_all};
use okibi::library::text;
use okibi::model::file::ModelFile;
use okibi::model::tokenizer::Tokenizer;
use okibi::record::{
    Body, CircleId, FeedKey, Hlc, Kind, Previous, Record, RecordId, Signed, StatementId,
};

fn main() {
    divan::main();
}

/// A chain of records of one key, each signed; it need not belong to any circle.
fn chain(length: u64) -> Vec<Signed<Record>> {
    let secret = SigningSecret::from_bytes(&[7; 32]);
    let mut previous = Previous::Certificate(StatementId([0; 32]));
    let mut all = Vec::new();
    for height in 0..length {
        let record = Record {
            circle: Some(CircleId([1; 32])),
            feed: FeedKey(secret.public()),
            height,
            previous,
            time: Hlc(height),
            kind: Kind::MERGE,
            seen: vec![],
            cut: vec![],
            body: Body::Merge.encode(),
        };
        let signed = Signed::build(record, |message| secret.sign(message));
        previous = Previous::Record(RecordId(signed.raw_id()));
        all.push(signed);
    }
    all
}

/// `verify_strict` over all cores.
#[divan::bench(args = [1_000])]
fn verify(bencher: divan::Bencher<'_, '_>, records: u64) {
    let records = chain(records);
    bencher
        .counter(divan::counter::ItemsCount::new(records.len()))
        .with_inputs(|| records.clone())
        .bench_values(verify_all);
}

#[divan::bench(args = [1_000])]
fn decode(bencher: divan::Bencher<'_, '_>, records: u64) {
    let records = chain(records);
    bencher
        .counter(divan::counter::ItemsCount::new(records.len()))
        .bench(|| {
            let read = records
                .iter()
                .map(|it| Signed::<Record>::decode(it.bytes()));
            read.filter(Result::is_ok).count()
        });
}

/// Membership and state of a random history of authority.
#[divan::bench(args = [60, 600])]
fn fold(bencher: divan::Bencher<'_, '_>, records: usize) {
    use okibi::fold::testing::random::history;
    let world = history(1, 8, records);
    let mut pool = History::new(world.circle);
    world
        .statements
        .iter()
        .for_each(|it| pool.add_statement(it.clone()));
    world
        .records
        .iter()
        .for_each(|it| pool.add_record(it.clone()));
    bencher.bench(|| evaluate(&pool));
}

const MANUAL: &str = include_str!("../../bundles/starter/manual/06-bundles.md");

#[divan::bench]
fn terms(bencher: divan::Bencher<'_, '_>) {
    bencher
        .counter(divan::counter::BytesCount::of_str(MANUAL))
        .bench(|| text::terms(MANUAL));
}

#[divan::bench]
fn tokenize(bencher: divan::Bencher<'_, '_>) {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/ember/ember-q8_0.gguf"
    );
    let file = ModelFile::open(path.as_ref()).unwrap();
    let tokenizer = Tokenizer::from_gguf(&file.gguf().unwrap()).unwrap();
    let counter = divan::counter::BytesCount::of_str(MANUAL);
    bencher
        .counter(counter)
        .bench(|| tokenizer.encode(MANUAL, false));
}
