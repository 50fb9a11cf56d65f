//! Size buckets: who finds a stick learns the bundle's size only roughly. The whole tar is padded to
//! `bucket(size)` with the zeros of `99-PAD`, its last member.
//!
//! The function is Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
//! Communication with PURBs", PoPETs 2019, section 4), with a granularity of at least 4 KiB and at
//! most 4 GiB: at most about 12 % is added beyond the first 4 KiB, and one member always holds it.
//!
//! ```text
//! E = floor(log2(size)), S = floor(log2(max(E, 1))) + 1          (size 0 counts as 1)
//! granularity = 2^(E - S), at least 4,096 and at most 2^32      
//! bucket(size) = size rounded up to a multiple of granularity
//! end = where the padded data of the last listed member ends
//! zeros in 99-PAD = bucket(end + 1,536) - (end + 1,536)          1,536: its header and the two last blocks
//! ```

use super::limits;

/// Least granularity, in bytes: a file system's block.
pub const LEAST: u64 = 4 * 1024;

/// The bucket of a tar of `size` bytes: the least size of its class that is not smaller.
pub fn bucket(size: u64) -> u64 {
    let size = size.max(1);
    let exponent = size.ilog2();
    let kept = exponent.max(1).ilog2() + 1;
    let granularity = (1u64 << exponent.saturating_sub(kept)).clamp(LEAST, 4 << 30);
    size.next_multiple_of(granularity)
}

/// Bytes of zeros in `99-PAD`, if everything before its header ends at `end`, so that header, zeros
/// and the two closing blocks end at the bucket.
pub fn zeros(end: u64) -> u64 {
    let least = end + 3 * super::tar::BLOCK;
    bucket(least) - least
}

/// The greatest `99-PAD`: ustar's size field holds up to 8 GiB.
pub const MOST: u64 = 4 << 30;

const _: () = assert!(limits::MEMBER_BYTES < MOST);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn buckets_of_known_sizes() {
        for (size, expected) in [
            (0, 4096),
            (1, 4096),
            (4096, 4096),
            (4097, 8192),
            (100_000, 102_400),
            (1 << 20, 1 << 20),
            ((1 << 20) + 1, (1 << 20) + (1 << 15)),
            ((1 << 30) + 1, (1 << 30) + (1 << 25)),
            ((1 << 45) + 1, (1 << 45) + (4 << 30)),
        ] {
            assert_eq!(bucket(size), expected, "{size}");
        }
    }

    proptest! {
        #[test]
        fn a_bucket_is_close_and_stable(size in 1u64..1 << 50) {
            let found = bucket(size);
            prop_assert!(found >= size);
            prop_assert!(found - size < LEAST || (found - size) * 100 <= size * 12);
            prop_assert_eq!(bucket(found), found);
            prop_assert!(bucket(size + 1) >= found);
            let end = size.next_multiple_of(512);
            prop_assert!(zeros(end) <= MOST);
            prop_assert_eq!((end + zeros(end) + 1536) % LEAST, 0);
        }
    }
}
