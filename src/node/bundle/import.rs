//! Taking one bundle in, from wherever it comes (`intake` finds it), by the same steps.
//!
//! read HEAD, its signature and `trust/` -> fold trust over what is here as a *candidate* -> is the signer a
//! member under the candidate, does the circle know me? -> stage everything, durably -> take it (`apply`), in
//! transactions of bounded size -> shelves -> acknowledge.
//!
//! Content is judged by each record's own signature, never by HEAD's signer. A record that does not decode or
//! verify is counted and left out; the rest goes on.

use crate::carrier::media::Small;
use crate::carrier::media::keyring::Secret;
use crate::carrier::media::read::{Front, Source as Stream, stage_what_is_there};
use crate::fold::{self, History, State};
use crate::identity::{Verified, fingerprint, verify};
use crate::record::{CircleId, Claim, Kind, Record, Role, RootKey, Signed, Statement};
use crate::store::{Consent, OfferRow as Offer, Receipt};

use super::authority_closure::AuthorityClosure;
use super::intake::ImportOptions;
use crate::node::circle::offers::Left;
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

/// What one bundle brought.
#[derive(Debug, Clone)]
pub struct Imported {
    pub circle: CircleId,
    pub circle_name: String,
    /// The circle was not known here before.
    pub joined: bool,
    pub founder: Option<RootKey>,
    pub signer: RootKey,
    pub signer_name: String,
    pub sequence: u64,
    pub receipt: Receipt,
    /// Records that did not decode or verify.
    pub refused: usize,
    /// An earlier import of this bundle was broken off before it could tell anything: what it took in is counted here.
    pub resumed: bool,
    /// Documents, models and members that are new, by name; of documents and models so many as `store::NAMED`.
    pub documents: Vec<String>,
    pub models: Vec<String>,
    /// Documents and models that are new beside those.
    pub unnamed: usize,
    pub members: Vec<String>,
    pub suspended: Vec<String>,
    /// Whose suspension was lifted, who became an admin, what became current, what was taken back; by name.
    pub lifted: Vec<String>,
    pub admins: Vec<String>,
    pub current: Vec<String>,
    pub withdrawn: Vec<String>,
    /// The circle decides in another way now.
    pub policy: bool,
    /// What was left out of a damaged bundle (salvage), by member, and why; empty if it was whole.
    pub skipped: Vec<String>,
    pub skipped_why: Option<String>,
    /// Contents that this node's settings keep out; they stay wanted.
    pub held_back: usize,
    /// A later bundle of this signer was taken in before: its number.
    pub older_than: Option<u64>,
    /// Bundles of this signer that did not come here while it has records that are not here, by number, from one to another.
    pub missing: Vec<(u64, u64)>,
    /// Members with a feed that is forked, and was not before.
    pub forked: Vec<String>,
    /// Some feed of the circle is forked.
    pub has_forks: bool,
    /// Members who say that they hold records of my own feed that are not here.
    pub set_back: Vec<String>,
    /// Its folder on the medium.
    pub handle: Option<String>,
    /// An acknowledgement was written to the medium.
    pub acknowledged: bool,
    /// The medium cannot be written; the acknowledgement goes with the next export.
    pub ack_failed: bool,
}

/// What became of a bundle that may speak.
#[derive(Debug)]
pub(in crate::node) enum Taken {
    /// It was taken in; the token that a receipt reveals.
    In(Box<Imported>, [u8; 16]),
    /// Of a circle that nobody here joined: nothing of it was kept.
    Offered(Offer),
    /// Left alone, because a person here said so.
    Left(Left),
}

/// What `trust/` and HEAD come to.
pub(super) struct Judged {
    pub circle: CircleId,
    pub signer: RootKey,
    pub statements: Vec<Verified<Statement>>,
    pub records: Vec<Verified<Record>>,
    pub refused: usize,
    /// The state under the candidate.
    pub candidate: State,
}

/// By whose word a bundle is taken.
#[derive(Clone, Copy)]
pub(in crate::node) enum Policy {
    /// A member's bundle, addressed to me.
    Member,
    /// The starter bundle: this genesis, as a read-only shelf.
    Pinned(CircleId),
}

impl Handle {
    /// Takes one bundle in, if this node belongs to its circle or a person accepted it.
    pub(super) fn import_one(
        &mut self,
        source: Stream<'_>,
        secrets: &[Secret],
        policy: Policy,
        how: ImportOptions,
    ) -> Result<Taken, Failure> {
        // Until the transaction is through: nobody takes staged files or new blobs for rubbish meanwhile.
        let _work = self.store.work()?;
        let files = self.files(self.store.home());
        let folder = self.workplace(&files, "import")?;
        let (mut judged, mut otherwise) = (None, None);
        let place = (&files, folder.as_path());
        let staged = stage_what_is_there(source, secrets, place, how.salvage, |front, trust| {
            let candidate = self.judge(front, trust, policy)?;
            if let Policy::Member = policy {
                otherwise = self.unasked(&candidate, how.accept)?;
            }
            judged = Some(candidate);
            match otherwise {
                // Nothing behind `trust/` is staged or looked at.
                Some(_) => Err(Failure::new("nothing-for-me", Exit::NothingForMe)),
                None => Ok(()),
            }
        });
        let imported = match otherwise {
            Some(taken) => Ok(taken),
            None => staged.and_then(|staged| {
                let judged = judged.ok_or_else(|| Failure::new("bundle-refused", Exit::Refused))?;
                let imported = self.apply(judged, &staged, &files, policy, how.dry_run)?;
                Ok(Taken::In(Box::new(imported), staged.front.token))
            }),
        };
        // What was to be kept has been moved away; what cannot be removed now goes with the next work here.
        let _ = files.remove_all(&folder);
        imported
    }

    /// What becomes of a bundle that a person here did not ask for; none: it is taken in.
    fn unasked(&self, judged: &Judged, accept: bool) -> Result<Option<Taken>, Failure> {
        let called = |root: &RootKey| {
            let member = judged.candidate.members.get(root);
            named(member.map_or("", |member| member.name.as_str()), root)
        };
        let blocked = |root: &RootKey| {
            let opinion = self.store.opinion(root)?;
            Ok::<_, Failure>(opinion.blocked.then(|| {
                Taken::Left(Left::Blocked {
                    root: *root,
                    name: called(root),
                })
            }))
        };
        if let Some(left) = blocked(&judged.signer)? {
            return Ok(Some(left));
        }
        if self.store.belongs(&judged.circle)? {
            return Ok(None);
        }
        let me = judged.candidate.members.get(&self.root);
        let sponsor = me.map_or(judged.signer, |member| member.sponsor);
        for root in judged.candidate.founder.iter().chain([&sponsor]) {
            if let Some(left) = blocked(root)? {
                return Ok(Some(left));
            }
        }
        match self.store.consent(&judged.circle)? {
            Some(Consent::Accepted) => return Ok(None),
            Some(Consent::Forgotten(name)) => {
                let circle = judged.circle;
                return Ok(Some(Taken::Left(Left::Forgotten { circle, name })));
            }
            None if accept => return Ok(None),
            None => {}
        }
        Ok(Some(Taken::Offered(Offer {
            circle: judged.circle,
            name: judged.candidate.name.clone(),
            founder: judged.candidate.founder,
            signer: judged.signer,
            called: called(&judged.signer),
            sponsor,
            first: now(),
            place: None,
        })))
    }

    /// Folds `trust/` over what is here and decides whether this bundle may speak.
    fn judge(&self, front: &Front, trust: &[Small], policy: Policy) -> Result<Judged, Failure> {
        let refuse = |why: &str| Failure::new("bundle-refused", Exit::Refused).with("error", why);
        let mut members = AuthorityClosure::read(trust)?;
        let certificate = Signed::<Statement>::decode(&front.head.certificate)
            .map_err(|_| refuse("HEAD carries no certificate"))?;
        let certificate =
            verify(certificate).map_err(|_| refuse("the signer's certificate is forged"))?;
        let signer = match certificate.value().claim {
            Claim::Certificate {
                role: Role::Sign | Role::Spare,
                key,
                ..
            } if key == front.signer => certificate.value().root,
            _ => return Err(refuse("the signer's certificate is for another key")),
        };
        members.statements.push(certificate);
        let circle = self.circle_of(front, &members).ok_or_else(|| {
            refuse(
                "it belongs to a circle that is not known here, and does not bring its beginning",
            )
        })?;
        let known = self.store.circle(&circle).ok();
        if known.is_some() {
            // Every bundle brings the beginning; here it is no news, and asks for no answer.
            let beginning = circle.into();
            members.records.retain(|record| record.id() != beginning);
        }
        let candidate = match known {
            // Most bundles bring no news of who decides what: then nothing is folded.
            Some(view) if self.store.holds(&members.statements, &members.records)? => {
                State::from(view.state)
            }
            known => {
                let mut history = match known {
                    Some(_) => self.store.history(&circle)?,
                    None => History::new(circle),
                };
                for statement in &members.statements {
                    history.add_statement(statement.clone());
                }
                for record in &members.records {
                    history.add_record(record.clone());
                }
                fold::evaluate(&history).1
            }
        };
        match policy {
            Policy::Pinned(pin) if circle == pin => {}
            Policy::Pinned(_) => return Err(refuse("it is not the starter bundle of this okibi")),
            Policy::Member => {
                if !candidate.is_active(&signer) {
                    return Err(refuse("its signer is no active member of the circle"));
                }
                if !candidate.members.contains_key(&self.root) {
                    return Err(refuse("this node was never admitted to the circle"));
                }
                self.not_revoked(&members.statements, &signer, &front.signer, &circle)?;
            }
        }
        Ok(Judged {
            circle,
            signer,
            statements: members.statements,
            records: members.records,
            refused: members.refused,
            candidate,
        })
    }

    /// A key that its root took back, here or in the bundle itself, signs nothing any more.
    fn not_revoked(
        &self,
        brought: &[Verified<Statement>],
        root: &RootKey,
        key: &[u8; 32],
        circle: &CircleId,
    ) -> Result<(), Failure> {
        let directory = self.store.directory_of(root)?;
        let revoked = directory.of(*root).chain(brought).any(|statement| {
            statement.value().root == *root
                && matches!(
                    &statement.value().claim,
                    Claim::Revocation { key: taken, circle: within, .. }
                        if taken == key && within.is_none_or(|id| id == *circle)
                )
        });
        if revoked {
            let why = "its signer's key was revoked";
            return Err(Failure::new("bundle-refused", Exit::Refused).with("error", why));
        }
        Ok(())
    }

    /// The circle that HEAD names, where it is known here or its beginning comes along.
    pub(super) fn circle_of(&self, front: &Front, trust: &AuthorityClosure) -> Option<CircleId> {
        let circle = CircleId(front.head.circle);
        let brought = trust.records.iter().any(|record| {
            record.value().kind == Kind::GENESIS && CircleId::from(record.id()) == circle
        });
        (brought || self.store.circle(&circle).is_ok()).then_some(circle)
    }
}

/// What a person calls somebody.
pub(in crate::node) fn named(name: &str, root: &RootKey) -> String {
    if name.is_empty() {
        fingerprint(root)
    } else {
        name.to_owned()
    }
}
