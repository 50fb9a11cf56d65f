use super::*;
use proptest::prelude::*;

#[test]
fn shapes_of_known_sizes() {
    let shape = |total, percent| Shape::of(total, percent);
    let found = shape(1, 10);
    assert_eq!((found.block, found.blocks, found.stripes), (4_096, 1, 1));
    assert_eq!((found.data, found.parity), (1, 1));
    let found = shape(2 << 30, 10);
    assert_eq!((found.block, found.blocks), (64 * 1024, 32_768));
    assert_eq!((found.stripes, found.data, found.parity), (164, 200, 20));
    let found = shape((100 << 30) + 1, 100);
    assert_eq!(found.block, 4 << 20);
    assert_eq!(found.data, found.parity);
}

proptest! {
    #[test]
    fn all_blocks_stand_in_some_stripe(total in 1u64..1 << 42, percent in 1u8..=100) {
        let shape = Shape::of(total, percent);
        prop_assert!(shape.blocks * shape.block >= total);
        prop_assert!(shape.blocks <= BLOCKS.max(total.div_ceil(LEAST_BLOCK).min(BLOCKS)));
        prop_assert!(shape.data <= WIDTH && shape.data * shape.stripes >= shape.blocks);
        prop_assert!((1..=shape.data).contains(&shape.parity));
        prop_assert!(shape.parity * 100 >= shape.data * u64::from(percent));
        let cost = size(total, 1_000, percent);
        let least = shape.stripes * shape.parity * shape.block;
        prop_assert!(cost > least && cost - least < 4 << 20);
    }

    #[test]
    fn room_is_what_fits(free in 0u64..1 << 40, percent in 0u8..=100) {
        let room = room(free, percent);
        prop_assert!(room + size(room, 1_000, percent) <= free);
        let more = room + 1;
        prop_assert!(percent == 0 || free == 0 || more + size(more, 1_000, percent) > free);
    }
}

/// The field of the code as docs/bundle-format.md states it: numbers of 16 bits are sums of basis elements of
/// GF(2)[x] / (x^16 + x^5 + x^3 + x^2 + 1).
mod field {
    const BASIS: [u32; 16] = [
        0x0001, 0xACCA, 0x3C0E, 0x163E, 0xC582, 0xED2E, 0x914C, 0x4012, 0x6C98, 0x10D8, 0x6A72,
        0xB900, 0xFDB8, 0xFB34, 0xFF38, 0x991E,
    ];

    pub fn element(label: u16) -> u32 {
        let bits = (0..16).filter(|bit| label >> bit & 1 == 1);
        bits.fold(0, |sum, bit| sum ^ BASIS[bit])
    }

    pub fn times(mut a: u32, mut b: u32) -> u32 {
        let mut product = 0;
        while b > 0 {
            if b & 1 == 1 {
                product ^= a;
            }
            a <<= 1;
            if a & 0x10000 != 0 {
                a ^= 0x1002D;
            }
            b >>= 1;
        }
        product
    }
}

/// The definition that the document gives: parity at the points 0.., data from the next power of two on, and the sums of
/// c(p) p^j over all points p vanish for every j below that power of two (with the parity that is not kept).
#[test]
fn the_code_is_the_one_of_the_document() {
    for (data, parity) in [(1, 1), (5, 2), (7, 4), (200, 20), (200, 200), (3, 3)] {
        // All parity up to the power of two, so that the sums are whole.
        let points = usize::next_power_of_two(parity);
        let whole = encoded(data, points);
        for j in 0..points {
            let mut sum = 0;
            for (label, symbol) in whole.1.iter().enumerate() {
                sum ^= field::times(symbol_value(symbol), power(label, j));
            }
            for (row, symbol) in whole.0.iter().enumerate() {
                sum ^= field::times(symbol_value(symbol), power(points + row, j));
            }
            assert_eq!(sum, 0, "{data} {parity} {j}");
        }
        // Fewer rows of parity are the first of them.
        assert_eq!(encoded(data, parity).1, whole.1[..parity]);
    }
}

fn power(label: usize, exponent: usize) -> u32 {
    let point = field::element(u16::try_from(label).unwrap());
    (0..exponent).fold(1, |product, _| field::times(product, point))
}

/// The symbol of a 64-byte shard: low byte at 0, high byte at 32.
fn symbol_value(shard: &[u8]) -> u32 {
    field::element(u16::from(shard[0]) | u16::from(shard[32]) << 8)
}

fn encoded(data: usize, parity: usize) -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let mut encoder = Encoder::new(data, parity, 64, DefaultEngine::new(), None).unwrap();
    let shard = |row: usize| blake3::hash(&row.to_le_bytes()).as_bytes().repeat(2);
    let shards: Vec<Vec<u8>> = (0..data)
        .map(|row| {
            let mut shard = shard(row);
            shard[32] = shard[1];
            shard
        })
        .collect();
    for shard in &shards {
        encoder.add_original_shard(shard).unwrap();
    }
    let made = encoder.encode().unwrap();
    let parity = made.recovery_iter().map(<[u8]>::to_vec).collect();
    (shards, parity)
}

/// A block may be coded piece by piece.
#[test]
fn pieces_code_like_the_whole() {
    let shard = |row: usize, length: usize| -> Vec<u8> {
        let mut bytes = vec![0; length];
        let mut reader = blake3::Hasher::new()
            .update(&row.to_le_bytes())
            .finalize_xof();
        reader.fill(&mut bytes);
        bytes
    };
    let code = |from: usize, to: usize| {
        let mut encoder = Encoder::new(9, 3, to - from, DefaultEngine::new(), None).unwrap();
        for row in 0..9 {
            encoder
                .add_original_shard(&shard(row, 8_192)[from..to])
                .unwrap();
        }
        let made = encoder.encode().unwrap();
        made.recovery_iter().map(<[u8]>::to_vec).collect::<Vec<_>>()
    };
    let (whole, first, second) = (code(0, 8_192), code(0, 4_096), code(4_096, 8_192));
    for (row, bytes) in whole.iter().enumerate() {
        assert_eq!(bytes, &[&first[row][..], &second[row][..]].concat());
    }
}

#[test]
fn an_index_survives_and_nothing_else_is_taken() {
    let shape = Shape::of(10_000, 40);
    let mut index = Index::new(3, vec![4_096, 5_904], 1 << 20, shape);
    index.set_data(2, &[7; HASH]);
    index.set_parity(1, &[8; HASH]);
    let bytes = index.encode();
    assert_eq!(Index::decode(&bytes), Some(index.clone()));
    assert_eq!(index.data(2), Some([7; HASH]));
    assert_eq!((index.data(3), index.parity(2)), (None, None));
    for at in 0..bytes.len() {
        assert_eq!(Index::decode(&bytes[..at]), None);
        let mut bent = bytes.clone();
        bent[at] ^= 0x10;
        if let Some(found) = Index::decode(&bent) {
            assert_eq!(found.encode(), bent, "{at}");
        }
    }
    for (slices, cut) in [
        (vec![], 1),
        (vec![0, 10_000], 1),
        (vec![10_000], 0),
        (vec![u64::MAX, 2], 1),
    ] {
        assert_eq!(
            Index::decode(&Index::new(0, slices, cut, shape).encode()),
            None
        );
    }
}

/// 548 bytes of a stranger's, whose index named blocks of a tebibyte, were hashed for hours: zeros stand behind the end
/// of a run. The size of a block follows from the run's.
#[test]
fn a_block_is_no_larger_than_the_run_asks_for() {
    for total in [100, 10_000, 1 << 30] {
        let own = Shape::of(total, 10).block;
        for block in [own / 2, own * 2, 1 << 34, 1 << 40] {
            let blocks = total.div_ceil(block);
            let stripes = blocks.div_ceil(WIDTH);
            let shape = Shape {
                block,
                blocks,
                stripes,
                data: blocks.div_ceil(stripes),
                parity: 1,
            };
            let index = Index::new(0, vec![total], 1 << 62, shape);
            assert_eq!(Index::decode(&index.encode()), None, "{total} {block}");
        }
    }
}
