//! The one way in on this side of the store: bundles and wires hand shared facts over here.
//!
//! **Always holds.** Each batch is one transaction, and its audit line is part of it. A delivery ends with what follows
//! from it, whoever brought it: acknowledgements of my own feed are heeded, a home that was set back is mended, and the
//! faces hear what is decided otherwise now. No other place calls `Store::ingest`.
//!
//! **Failure.** Batches before the one that failed stay; the same delivery goes on from there.

use serde_json::{Value, json};

use crate::record::CircleId;
use crate::store::{Batch, Receipt, Source};

use super::clock::now;
use super::{Event, Failure, Handle};

/// On what occasion something comes in: what the audit trail says of it.
pub(super) enum Occasion {
    /// A bundle of this circle, or the built-in shelf, signed by somebody.
    Bundle { circle: String, from: String },
    /// Statements and records of this circle, by a session with somebody.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Exchange { circle: String, from: String },
    /// An acknowledgement, by a session.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Acknowledgement,
    /// The circle that a ticket led to.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    Join,
}

/// A delivery on its way in: one batch or several.
pub(super) struct Admission {
    circle: CircleId,
    source: Source,
    road: &'static str,
    occasion: Occasion,
    records: usize,
    blobs: usize,
    of_mine: bool,
    receipt: Receipt,
}

/// The outcome of a delivery.
pub(super) struct Admitted {
    pub receipt: Receipt,
    /// It showed that this home was set back; its own feed goes on in a new one.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    pub mended: bool,
}

impl Admission {
    /// Nothing has come in yet. `road`: `usb`, `lan`, `iroh` or `builtin`.
    pub fn new(circle: CircleId, source: Source, road: &'static str, occasion: Occasion) -> Self {
        Self {
            circle,
            source,
            road,
            occasion,
            records: 0,
            blobs: 0,
            of_mine: false,
            receipt: Receipt::default(),
        }
    }

    /// Takes in one batch. Returns whether everything at hand was folded anew, which costs as much as the circle is large.
    pub fn take(&mut self, node: &mut Handle, batch: Batch, last: bool) -> Result<bool, Failure> {
        self.records += batch.records.len();
        self.blobs += batch.blobs.len();
        self.of_mine |= node.any_of_mine(&batch.records)?;
        let batch = Batch {
            audit: if last { self.line() } else { None },
            road: self.road,
            ..batch
        };
        let receipt = node
            .store
            .ingest(self.circle, batch, self.source, node.root, now())?;
        let folded = receipt.folded;
        self.receipt.add(receipt);
        Ok(folded)
    }

    /// Takes in a delivery of one batch.
    #[cfg_attr(
        not(feature = "lan"),
        expect(dead_code, reason = "only a network brings it")
    )]
    pub fn whole(mut self, node: &mut Handle, batch: Batch) -> Result<Admitted, Failure> {
        self.take(node, batch, true)?;
        self.finish(node)
    }

    /// Does what follows from a delivery that is complete.
    pub fn finish(self, node: &mut Handle) -> Result<Admitted, Failure> {
        let circle = self.circle;
        match self.occasion {
            Occasion::Bundle { .. } | Occasion::Acknowledgement => node.heed(&circle)?,
            Occasion::Exchange { .. } | Occasion::Join => {}
        }
        let mended = self.of_mine && node.mend_if_set_back(&circle)?;
        if !self.receipt.changed.is_empty() {
            let changes = self.receipt.changed.clone();
            (node.sink)(Event::DecisionChanged { circle, changes });
        }
        Ok(Admitted {
            receipt: self.receipt,
            mended,
        })
    }

    /// The receipt of a rehearsal: nothing follows from it.
    pub fn rehearsed(self) -> Receipt {
        self.receipt
    }

    fn line(&self) -> Option<Value> {
        let (records, blobs, road) = (self.records, self.blobs, self.road);
        match &self.occasion {
            Occasion::Bundle { circle, from } => Some(json!({
                "what": "import", "state": "done", "circle": circle, "road": road,
                "from": from, "records": records, "blobs": blobs,
            })),
            // Statements alone are what everybody tells everybody.
            Occasion::Exchange { circle, from } => (records > 0).then(|| {
                json!({
                    "what": "sync", "state": "done", "circle": circle, "from": from,
                    "records": records, "road": road,
                })
            }),
            Occasion::Acknowledgement => None,
            Occasion::Join => {
                Some(json!({"what": "join", "state": "done", "circle": self.circle, "road": road}))
            }
        }
    }
}
