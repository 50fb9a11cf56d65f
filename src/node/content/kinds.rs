//! The table of content kinds: one row holds everything that differs from kind to kind, except the
//! effect on the shelves, which stands in `reconcile`.

use crate::bundle::Kind as UnitKind;
use crate::config::Contents;
use crate::record::ContentKind;

/// One kind of content.
pub(in crate::node) struct Traits {
    /// As what a bundle carries it.
    pub unit: UnitKind,
    /// Whether somebody else's is taken unasked.
    pub unasked: fn(&Contents) -> bool,
}

/// The row of a kind.
pub(in crate::node) const fn traits(kind: ContentKind) -> Traits {
    match kind {
        ContentKind::Document => Traits {
            unit: UnitKind::Document,
            unasked: |_| true,
        },
        ContentKind::Model => Traits {
            unit: UnitKind::Blob,
            unasked: |settings| settings.models,
        },
    }
}

/// Whether a member of a bundle is content: of these kinds, or of one that a newer okibi has.
pub(in crate::node) fn is_content(unit: UnitKind) -> bool {
    unit == UnitKind::Adapter
        || ContentKind::ALL
            .iter()
            .any(|kind| traits(*kind).unit == unit)
}
