//! The courier: one call that does all that a medium is good for, again and again, without a person.
//!
//! import what is for me -> for each circle, write what the other members lack -> clear what was collected -> carry
//! sealed bundles of third parties on. Each step may fail and the next is tried: the report says what happened to each.
//!
//! Again and again: what lies on the medium already and would be the same is not written anew, and what it holds less
//! of than a new bundle goes once the new one is there. A medium that cannot be written is read, and the report says
//! what should have been written.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

use serde_json::json;

use crate::carrier::media::medium::{self, Medium, Scan};
use crate::carrier::media::read::{Source, inspect};
use crate::carrier::media::relay_store::{Limits, Moved, RelayStore};
use crate::carrier::media::write::Written;
use crate::record::{CircleId, Role, RootKey};
use crate::store::{CircleView, Sent, Standing};

use super::export::Export;
use super::export_target::Target;
use super::intake::{ImportOptions, ImportReport};
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// The folder of carried bundles in a home.
const CARRIED: &str = "carried";
/// Bundles that may be carried at once.
const MOST_CARRIED: usize = 1_024;

/// How a courier shall act.
#[derive(Debug, Clone, Copy, Default)]
pub struct CourierOptions {
    pub dry_run: bool,
    /// Leave a medium alone that has no folder `okibi` yet.
    pub only_prepared: bool,
}

/// What was written for one circle, or was there already.
#[derive(Debug, Clone)]
pub struct Delivery {
    pub circle: String,
    /// Names of the members it is for.
    pub to: Vec<String>,
    pub export: Export,
    /// The same lies on the medium already.
    pub there: bool,
}

/// What a courier did at one medium.
#[derive(Debug, Default)]
pub struct CourierReport {
    pub import: ImportReport,
    pub deliveries: Vec<Delivery>,
    /// Why something was not written, by circle where it belongs to one.
    pub failures: Vec<Failure>,
    /// Bundles of mine that went: collected, acknowledged, or replaced by a later one.
    pub cleared: usize,
    /// Sealed bundles of others: from the medium into the home, and onto the medium.
    pub carried_in: Moved,
    pub carried_out: Moved,
    /// Carried bundles that went: their recipients have them, or they were here too long.
    pub delivered: usize,
    /// Members that nothing could be written for, by name: nothing can be encrypted to their keys.
    pub left_out: Vec<String>,
    /// The medium cannot be written.
    pub read_only: bool,
    /// Not prepared, and so left alone.
    pub skipped: bool,
}

impl Handle {
    /// Does both directions at one medium.
    pub fn courier(
        &mut self,
        path: &Path,
        options: CourierOptions,
    ) -> Result<CourierReport, Failure> {
        let mut report = CourierReport::default();
        let data = std::fs::metadata(path);
        if data.as_ref().is_ok_and(|data| !data.is_dir()) {
            return Err(Failure::new("courier-no-folder", Exit::Usage).with("path", path.display()));
        }
        if options.only_prepared && data.is_ok() && !path.join(medium::FOLDER).is_dir() {
            report.skipped = true;
            return Ok(report);
        }
        let import = ImportOptions {
            dry_run: options.dry_run,
            ..ImportOptions::default()
        };
        report.import = self.import_path(path, import)?;
        let medium = match options.dry_run {
            true => None,
            false => match self.writable(path) {
                Ok(medium) => Some(medium),
                Err(failure) if is_read_only(&failure) => {
                    report.read_only = true;
                    None
                }
                Err(failure) => return Err(failure),
            },
        };
        if let Some(medium) = &medium {
            report.cleared += self.prune(medium)?;
        }
        for circle in self.store.circles()? {
            if circle.standing != Standing::Member || !circle.state.is_active(&self.root) {
                continue;
            }
            if let Err(failure) = self.deliver(&circle, medium.as_ref(), path, &mut report) {
                report.failures.push(failure);
            }
        }
        if !options.dry_run {
            let carried = self.carry(path, medium.as_ref(), &mut report);
            report.failures.extend(carried.err());
        }
        Ok(report)
    }

    /// The medium, held for writing, if it can be written at all.
    fn writable(&self, path: &Path) -> Result<Medium, Failure> {
        let files = self.files(path);
        let medium = Medium::take(&files)?;
        // A folder that is there already says nothing about whether files can be made in it.
        let probe = Path::new(medium::FOLDER).join("write.tmp");
        let probed = files
            .remove_all(&probe)
            .and_then(|()| files.create(&probe).map(drop))
            .and_then(|()| files.remove(&probe));
        probed.map_err(|error| Failure::io(&files.path(&probe), error))?;
        Ok(medium)
    }

    /// Writes for the members of a circle what they lack, in bundles of as many recipients as HEAD names; and for those
    /// who lack nothing, but do not know what I have by now, an acknowledgement alone.
    fn deliver(
        &mut self,
        circle: &CircleView,
        medium: Option<&Medium>,
        path: &Path,
        report: &mut CourierReport,
    ) -> Result<(), Failure> {
        let (lacking, unaware) = self.needy(circle, medium.is_some(), &mut report.left_out)?;
        let before = self.left_here(circle, path)?;
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let most = crate::bundle::limits::RECIPIENTS;
        // Who says that it holds records of mine that are not here gets a bundle of its own, without my feed.
        let said = self.store.said_of_mine(&circle.id, &self.root)?;
        let (strange, lacking): (Vec<RootKey>, Vec<RootKey>) = lacking
            .into_iter()
            .partition(|root| said.iter().any(|it| it.from == *root));
        let groups = lacking
            .chunks(most)
            .chain(strange.chunks(1))
            .chain(unaware.chunks(most));
        for to in groups {
            let mut shipment = self.shipment(circle, to, false, None)?;
            let names: Vec<String> = to.iter().map(|root| self.name_of(circle, root)).collect();
            if medium.is_some() {
                self.acknowledge(&circle.id, &mut shipment.acks)?;
            }
            let digest = shipment.digest(to);
            let mut delivery = Delivery {
                circle: circle.state.name.clone(),
                to: names.clone(),
                export: shipment.report(),
                there: false,
            };
            if let Some((sent, _)) = before
                .iter()
                .find(|(sent, whole)| *whole && !sent.is_ack() && sent.digest == digest)
            {
                kept.insert(sent.handle.clone());
                delivery.there = true;
            } else if let Some(medium) = medium {
                let receive = self.receive_keys_of(circle, to)?;
                let target = Target::Held(medium);
                let written = self.ship(circle, shipment, &receive, target, &names, "export")?;
                self.remember(&written, to, &digest)?;
                kept.extend(written.handle.clone());
                delivery.export.written = Some(written);
            }
            report.deliveries.push(delivery);
        }
        let Some(medium) = medium else {
            return Ok(());
        };
        let served: BTreeSet<&RootKey> = lacking.iter().chain(&strange).chain(&unaware).collect();
        for (sent, _) in before
            .iter()
            .filter(|(sent, _)| !kept.contains(&sent.handle))
        {
            // Its recipients lack nothing any more, or a later bundle is for them. An acknowledgement alone is never
            // acknowledged: it goes only for a later one.
            if !sent.is_ack() || sent.to.iter().all(|root| served.contains(root)) {
                medium.discard(&sent.handle)?;
                report.cleared += 1;
            }
        }
        Ok(())
    }

    /// What this courier left on a medium for a circle, and whether it is still whole there.
    fn left_here(&self, circle: &CircleView, path: &Path) -> Result<Vec<(Sent, bool)>, Failure> {
        let mut before = Vec::new();
        for found in &medium::scan(path)?.bundles {
            if let Some(handle) = &found.handle
                && let Some(sent) = self.store.sent(&circle.id, handle)?
            {
                // A damaged one helps nobody: it is read to its end and, if need be, written anew.
                let whole = found.missing().is_none() && matches!(found.damaged(), Ok(None));
                before.push((sent, whole));
            }
        }
        Ok(before)
    }

    /// The members who lack something, and those who only do not know yet what I have.
    fn needy(
        &self,
        circle: &CircleView,
        writes: bool,
        left_out: &mut Vec<String>,
    ) -> Result<(Vec<RootKey>, Vec<RootKey>), Failure> {
        let directory = self.store.directory()?;
        let active = circle.state.active().map(|(root, _)| *root);
        let mut others: Vec<RootKey> = active
            .filter(|root| *root != self.root)
            .filter(|root| directory.current(root, Role::Receive).is_some())
            .collect();
        let blocked = self.store.blocked()?;
        others.retain(|root| !blocked.contains(root));
        let (others, mut names) = self.reachable(circle, &others)?;
        left_out.append(&mut names);
        let (hash, _) = self.store.circle_statements(&circle.id)?;
        let (mut lacking, mut unaware) = (Vec::new(), Vec::new());
        for root in others {
            let ack = self.store.ack(&circle.id, &root, &self.root)?;
            let lacks = match &ack {
                None => true,
                Some(ack) => {
                    let ack = ack.value();
                    ack.statements != hash || !self.store.gaps(circle, &ack.frontier)?.is_empty()
                }
            };
            if lacks {
                lacking.push(root);
                continue;
            }
            // Rare and cheap from here on: what it asked for by id, and whether it knows what I have.
            let shipment = self.shipment(circle, &[root], false, None)?;
            if !shipment.is_bare() {
                lacking.push(root);
            } else if shipment.news && writes {
                unaware.push(root);
            }
        }
        Ok((lacking, unaware))
    }

    pub(super) fn remember(
        &self,
        written: &Written,
        to: &[RootKey],
        digest: &[u8; 32],
    ) -> Result<(), Failure> {
        if let Some(handle) = &written.handle {
            self.store.mark_sent(handle, to, digest)?;
        }
        Ok(())
    }

    /// Carries sealed bundles of third parties.
    fn carry(
        &mut self,
        path: &Path,
        medium: Option<&Medium>,
        report: &mut CourierReport,
    ) -> Result<(), Failure> {
        let limits = Limits {
            bytes: self.config.courier.carry_mib.saturating_mul(1 << 20),
            count: MOST_CARRIED,
            age: self.config.courier.carry_days.saturating_mul(86_400_000),
        };
        let root = self.store.home().join(CARRIED);
        if limits.bytes == 0 && !root.exists() {
            return Ok(());
        }
        // Nobody takes away what is read here.
        let held = match medium {
            Some(_) => None,
            None => self.hold(&medium::scan(path)?)?,
        };
        let shelf = RelayStore::open(&self.files(&root))?;
        let scan = medium::scan(path)?;
        shelf.share_receipts(&scan, medium)?;
        report.delivered += shelf.tidy(limits, now())?;
        let mine = self.handles_written(&scan)?;
        // What was for me alone needs no courier, even where the receipt could not be left.
        let imported = report.import.imported.iter();
        let opened: BTreeSet<String> = imported.filter_map(|it| it.handle.clone()).collect();
        // Of a circle that nobody here accepted, or that was forgotten: what is for me there goes no further by me.
        let unasked = &report.import.unasked;
        shelf.drop_bundles(|found| found.handle.as_ref().is_some_and(|it| unasked.contains(it)))?;
        let skip = |handle: &str, recipients: usize| {
            mine.contains(handle)
                || unasked.contains(handle)
                || (recipients == 1 && opened.contains(handle))
        };
        report.carried_in = shelf.take_in(&scan, skip, limits)?;
        if let Some(medium) = medium {
            // Read anew: receipts were added.
            let scan = medium::scan(path)?;
            report.delivered += shelf.clear(&scan, medium)?;
            report.carried_out = shelf.put_out(&scan, medium)?;
        }
        drop(held);
        let (inward, outward) = (report.carried_in, report.carried_out);
        if inward.count + outward.count > 0 {
            let line = json!({
                "what": "carry", "state": "done", "road": "usb", "place": path.display().to_string(),
                "in": inward.count, "in_bytes": inward.bytes,
                "out": outward.count, "out_bytes": outward.bytes,
            });
            self.store.audit(now(), &line)?;
        }
        Ok(())
    }

    /// Drops what is carried of a circle that a person here forgets, as far as it is for this node, too.
    pub(in crate::node) fn carry_no_more(&self, circle: &CircleId) -> Result<(), Failure> {
        let root = self.store.home().join(CARRIED);
        if !root.exists() {
            return Ok(());
        }
        let secrets = self.identity().receive_keys()?;
        let shelf = RelayStore::open(&self.files(&root))?;
        shelf.drop_bundles(|found| {
            let front = inspect(Source::Found(found), &secrets);
            front.is_ok_and(|front| front.head.circle == circle.0)
        })?;
        Ok(())
    }

    /// Which of a medium's bundles this home wrote.
    fn handles_written(&self, scan: &Scan) -> Result<BTreeSet<String>, Failure> {
        let mut mine = BTreeSet::new();
        for handle in scan
            .bundles
            .iter()
            .filter_map(|found| found.handle.as_ref())
        {
            if self.store.wrote_handle(handle)? {
                mine.insert(handle.clone());
            }
        }
        Ok(mine)
    }
}

/// A medium that nobody can write: its switch, its file system, or this user's rights.
fn is_read_only(failure: &Failure) -> bool {
    matches!(
        failure.io_kind(),
        Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied)
    )
}
