//! Functions that are claims: `cargo bench`. Medians of one run; nothing is held against a time.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark stops where its input is wrong"
)]

mod learn;

use candle_core::quantized::k_quants::{self, GgmlType};
use okibi::fold::{History, evaluate};
use okibi::identity::{Signer, SigningSecret, verify_all};
use okibi::library::text;
use okibi::model::file::ModelFile;
use okibi::model::gguf::DType;
use okibi::model::product;
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

/// Numbers and rows of a layer's matrix: the feed-forward part of a model of a billion parameters.
const K: usize = 2048;
const N: usize = 5632;

/// A block of packed weights, and its type.
trait Packed: GgmlType {
    const TYPE: DType;
}

macro_rules! packed {
    ($($block:ident $dtype:ident),*) => {
        $(impl Packed for k_quants::$block {
            const TYPE: DType = DType::$dtype;
        })*
    };
}

packed!(
    BlockQ4_0 Q4_0, BlockQ4_1 Q4_1, BlockQ5_0 Q5_0, BlockQ5_1 Q5_1, BlockQ8_0 Q8_0,
    BlockQ2K Q2_K, BlockQ3K Q3_K, BlockQ4K Q4_K, BlockQ5K Q5_K, BlockQ6K Q6_K
);

/// Weights, `m` rows of activations and room for the results; and what is counted: operations of a prompt, bytes of weights of a
/// single token.
fn matrices<B: Packed>(m: usize) -> (Vec<B>, Vec<f32>, Vec<f32>, divan::counter::BytesCount) {
    let noise = |n: usize| (0..n).map(|i| ((i * 7919 % 1000) as f32) / 500.0 - 1.0);
    // The same few rows again and again: what they hold makes no difference in time.
    let some: Vec<f32> = noise(8 * K).collect();
    let mut few = vec![B::zeros(); 8 * K / B::BLCK_SIZE];
    B::from_float(&some, &mut few);
    let blocks: Vec<B> = few
        .iter()
        .cycle()
        .take(N * K / B::BLCK_SIZE)
        .cloned()
        .collect();
    let counted = match m {
        1 => size_of_val(blocks.as_slice()),
        _ => 2 * m * K * N,
    };
    let counter = divan::counter::BytesCount::new(counted);
    (blocks, noise(m * K).collect(), vec![0.0; m * N], counter)
}

/// The kernels: GB/s of weights for one token, thousand millions of operations a second for 512.
#[divan::bench(args = [1, 512], types = [k_quants::BlockQ4_0, k_quants::BlockQ4_1, k_quants::BlockQ5_0, k_quants::BlockQ5_1,
    k_quants::BlockQ8_0, k_quants::BlockQ2K, k_quants::BlockQ3K, k_quants::BlockQ4K, k_quants::BlockQ5K, k_quants::BlockQ6K])]
fn kernels<B: Packed>(bencher: divan::Bencher<'_, '_>, m: usize) {
    let (blocks, x, mut out, counter) = matrices::<B>(m);
    // SAFETY: blocks are plain integers and halves without padding, of which every byte is initialised.
    let bytes = unsafe {
        std::slice::from_raw_parts(blocks.as_ptr().cast::<u8>(), size_of_val(blocks.as_slice()))
    };
    bencher
        .counter(counter)
        .bench_local(|| product(B::TYPE, [m, K, N], bytes, &x, &mut out).unwrap());
}

/// The same by candle-core.
#[divan::bench(args = [1, 512], sample_count = 5, types = [k_quants::BlockQ4_0, k_quants::BlockQ4_1, k_quants::BlockQ5_0, k_quants::BlockQ5_1,
    k_quants::BlockQ8_0, k_quants::BlockQ2K, k_quants::BlockQ3K, k_quants::BlockQ4K, k_quants::BlockQ5K, k_quants::BlockQ6K])]
fn kernels_of_candle<B: Packed>(bencher: divan::Bencher<'_, '_>, m: usize) {
    let (blocks, x, mut out, counter) = matrices::<B>(m);
    bencher
        .counter(counter)
        .bench_local(|| k_quants::matmul((m, K, N), &x, &blocks, &mut out).unwrap());
}
