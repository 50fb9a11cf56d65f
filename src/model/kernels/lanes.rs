//! What a kernel asks of an instruction set: vectors of 32-bit lanes, one lane for each row of the weights.
//!
//! The formats and the products are written once, in terms of [`Lanes`], and compiled for each instruction set. A value
//! of a type that implements `Lanes` is the proof that the machine has the set: it is only made after the machine was
//! asked. So its methods are safe; what is unsafe stands in the files of the sets.
//!
//! Every set gives the same integers and, because each float step is one fused multiply-add (or exact), the same floats to
//! the bit.

/// So many rows of packed weights, one after the other: the lanes of a vector.
#[derive(Clone, Copy)]
pub(super) struct Tile<'w> {
    bytes: &'w [u8],
    stride: usize,
}

impl<'w> Tile<'w> {
    /// `bytes` holds `rows` rows of `stride` bytes each; `None` if it is shorter.
    pub(super) fn new(bytes: &'w [u8], rows: usize, stride: usize) -> Option<Self> {
        let bytes = bytes.get(..rows.checked_mul(stride)?)?;
        Some(Self { bytes, stride })
    }

    /// The place of byte `at` of the first row and the distance between rows, such that `len` bytes from there lie inside of
    /// each of the `rows` rows.
    #[inline(always)]
    pub(super) fn place(self, at: usize, len: usize, rows: usize) -> (*const u8, usize) {
        assert!(at + len <= self.stride && rows * self.stride <= self.bytes.len());
        (self.bytes[at..].as_ptr(), self.stride)
    }

    /// The place behind the last row.
    pub(super) fn end(self) -> *const u8 {
        self.bytes.as_ptr_range().end
    }

    /// Bytes `at..at + 4` of a row.
    #[inline(always)]
    pub(super) fn word(self, row: usize, at: usize) -> u32 {
        assert!(at + 4 <= self.stride);
        let word = self.bytes[row * self.stride + at..].first_chunk::<4>();
        u32::from_le_bytes(*word.unwrap_or(&[0; 4]))
    }
}

/// Something to be compiled for an instruction set. `run` must be `#[inline(always)]`.
pub(super) trait Task<L> {
    fn run(self, lanes: L);
}

/// An instruction set that the machine has.
pub(super) trait Lanes: Copy + Send + Sync {
    /// Lanes of 32 bits, or of four bytes.
    type I: Copy;
    /// Lanes of `f32`.
    type F: Copy;

    /// Number of lanes.
    const COUNT: usize;
    /// Rows of activations that a product takes at a time: as many as there are registers for their sums.
    const ROWS: usize;
    /// What [`Lanes::signed`] adds to a byte.
    const SIGNED_OFFSET: i32;

    /// Runs a task in a function that is compiled for the set.
    fn enter<T: Task<Self>>(self, task: T);

    fn splat(self, x: u32) -> Self::I;
    fn splat_float(self, x: f32) -> Self::F;
    fn and(self, a: Self::I, b: Self::I) -> Self::I;
    fn or(self, a: Self::I, b: Self::I) -> Self::I;
    fn plus(self, a: Self::I, b: Self::I) -> Self::I;
    /// Shifts of each lane by fewer than 32 bits; `sar` keeps the sign.
    fn shl(self, x: Self::I, bits: u32) -> Self::I;
    fn shr(self, x: Self::I, bits: u32) -> Self::I;
    fn sar(self, x: Self::I, bits: u32) -> Self::I;

    /// Bytes `at..at + 16` of each row as four vectors of four bytes.
    fn columns(self, tile: Tile<'_>, at: usize) -> [Self::I; 4];
    /// Bytes `at..at + 4` of each row.
    fn words(self, tile: Tile<'_>, at: usize) -> Self::I;
    /// Bit `i` of the lowest four of each lane at `0x10` of its byte `i`.
    fn spread(self, x: Self::I) -> Self::I;
    /// Looks each byte, which must be below 16, up in a table.
    fn look_up(self, table: &[u8; 16], x: Self::I) -> Self::I;

    /// Signed bytes as `dot::<true>` wants them: with [`Lanes::SIGNED_OFFSET`] added.
    fn signed(self, x: Self::I) -> Self::I;
    /// Adds to each lane of `sums` the products of the lane's four bytes of weights with four signed bytes of activations
    /// (never -128). Weights are below 64, or `WIDE` and made by [`Lanes::signed`].
    fn dot<const WIDE: bool>(self, sums: Self::I, weights: Self::I, x: Self::I) -> Self::I;

    /// The lowest byte of each lane.
    fn narrow(self, x: Self::I, to: &mut [u8]);
    /// The sum of all lanes.
    fn total(self, x: Self::I) -> i32;
    /// Signed integers as floats.
    fn number(self, x: Self::I) -> Self::F;
    /// The lower 16 bits of each lane are an `f16`.
    fn half(self, x: Self::I) -> Self::F;
    /// The bits of each lane are an `f32`.
    fn float(self, x: Self::I) -> Self::F;
    /// The bits of each lane.
    fn bits(self, x: Self::F) -> Self::I;
    /// `value`, or zero where `x < least`.
    fn zero_below(self, x: Self::F, least: f32, value: Self::F) -> Self::F;
    fn mul(self, a: Self::F, b: Self::F) -> Self::F;
    /// `a * b + c`, rounded once.
    fn fma(self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The first [`Lanes::COUNT`] numbers; zeros where there are fewer.
    fn load(self, from: &[f32]) -> Self::F;
    /// As many lanes as there is room for.
    fn store(self, x: Self::F, to: &mut [f32]);

    /// Asks for `len` bytes that will be read soon. A hint: the address may be any.
    fn prefetch(self, from: *const u8, len: usize);
}
