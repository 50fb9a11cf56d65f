//! Consent: a circle that admits this node is an *offer* until a person says yes. Founding a circle, joining by a ticket,
//! the starter shelf and a backup of one's own are a person's yes as well.
//!
//! Of an offer one bounded row is kept (`store::offers`). Nothing else of its bundle enters this node, nothing is
//! acknowledged, and whoever offers cannot see that the offer arrived.

use std::path::Path;

use serde_json::json;

use crate::identity::fingerprint;
use crate::record::Foreign;
use crate::record::{CircleId, RootKey};
use crate::store::Consent;

use crate::node::bundle::import::Taken;
use crate::node::bundle::intake::{ImportOptions, ImportReport};
use crate::node::clock::now;
use crate::node::{Exit, Failure, Handle};

pub use crate::store::OfferRow as Offer;

/// Why a bundle was left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// Who signed it, who founded its circle, or who admitted this node to it is blocked here.
    Blocked { root: RootKey, name: String },
    /// A person forgot its circle.
    Forgotten { circle: CircleId, name: String },
}

/// A circle that a person said yes to.
#[derive(Debug)]
pub struct Accepted {
    pub circle: CircleId,
    /// As the offer called it; none where there was no offer.
    pub name: Option<String>,
    /// What its bundle brought, where it still lay in its place.
    pub report: Option<ImportReport>,
}

impl Handle {
    /// Circles that admit this node and that nobody here joined; not those of people who are blocked.
    pub fn offers(&self) -> Result<Vec<Offer>, Failure> {
        let mut shown = Vec::new();
        for offer in self.store.offers()? {
            let mut blocked = false;
            for root in offer.founder.iter().chain([&offer.signer, &offer.sponsor]) {
                blocked |= self.store.opinion(root)?.blocked;
            }
            if !blocked {
                shown.push(offer);
            }
        }
        Ok(shown)
    }

    /// The circle that a person means to accept: an offer by the beginning of its id, its name or its founder's
    /// fingerprint, the only offer where nothing is named; a forgotten circle by the beginning of its id or its name; any
    /// circle by its whole id. A fingerprint goes before a name, and an id before both.
    pub fn find_offer(&self, name: Option<&str>) -> Result<(CircleId, Option<Offer>), Failure> {
        let offers = self.offers()?;
        let Some(name) = name else {
            return match <[Offer; 1]>::try_from(offers) {
                Ok([only]) => Ok((only.circle, Some(only))),
                Err(none) if none.is_empty() => Err(Failure::new("no-offer", Exit::Failed)),
                Err(several) => Err(ambiguous(several.iter())),
            };
        };
        let long = name.len() >= 4;
        let by_id = |it: &&Offer| long && it.circle.to_string().starts_with(name);
        let by_founder = |it: &&Offer| {
            long && it
                .founder
                .is_some_and(|root| fingerprint(&root).starts_with(name))
        };
        let by_name = |it: &&Offer| it.name == name;
        for fits in [&by_id as &dyn Fn(&&Offer) -> bool, &by_founder, &by_name] {
            let found: Vec<&Offer> = offers.iter().filter(fits).collect();
            match found.as_slice() {
                [] => {}
                [only] => return Ok((only.circle, Some((*only).clone()))),
                several => return Err(ambiguous(several.iter().copied())),
            }
        }
        let forgotten = self.store.forgotten()?;
        let by_id = |it: &&(CircleId, String)| long && it.0.to_string().starts_with(name);
        let by_name = |it: &&(CircleId, String)| it.1 == name;
        for fits in [&by_id as &dyn Fn(&&(CircleId, String)) -> bool, &by_name] {
            let found: Vec<&(CircleId, String)> = forgotten.iter().filter(fits).collect();
            match found.as_slice() {
                [] => {}
                [(circle, _)] => return Ok((*circle, None)),
                several => {
                    let named = several.iter();
                    let named = named.map(|(id, name)| choice(name, id));
                    let named = named.collect::<Vec<_>>().join(", ");
                    return Err(Failure::new("offer-ambiguous", Exit::Usage).with("offers", named));
                }
            }
        }
        let id = name.parse::<CircleId>();
        let id = id.map_err(|_| Failure::new("offer-unknown", Exit::Failed).with("name", name))?;
        if self.store.belongs(&id)? {
            return Err(Failure::new("offer-joined", Exit::Failed).with("name", name));
        }
        Ok((id, None))
    }

    /// A person says yes to a circle. Its bundle is taken in at once where it still lies in its place.
    pub fn accept(&mut self, circle: CircleId, offer: Option<&Offer>) -> Result<Accepted, Failure> {
        self.store.set_consent(&circle, &Consent::Accepted)?;
        let name = offer.map(|offer| offer.name.clone());
        let line = json!({
            "what": "accept", "state": "done", "circle": circle, "name": name,
            "founder": offer.and_then(|offer| offer.founder),
        });
        self.store.audit(now(), &line)?;
        let place = offer.and_then(|offer| offer.place.as_ref());
        let place = place.map(Path::new).filter(|place| place.exists());
        // Whatever is wrong with the medium by now: the yes stands, and the next import says what is wrong.
        let report = place.and_then(|place| self.import_path(place, ImportOptions::default()).ok());
        let came = |report: &ImportReport| report.imported.iter().any(|it| it.circle == circle);
        let report = report.filter(came).map(|report| ImportReport {
            // What else lies there is another question.
            offers: Vec::new(),
            left: Vec::new(),
            ..report
        });
        Ok(Accepted {
            circle,
            name,
            report,
        })
    }

    /// Keeps what is to be kept of a bundle that was not taken in.
    pub(in crate::node) fn note(
        &self,
        taken: Taken,
        place: Option<&Path>,
        dry: bool,
        report: &mut ImportReport,
    ) -> Result<(), Failure> {
        match taken {
            Taken::In(..) => {}
            Taken::Left(left) => report.left.push(left),
            Taken::Offered(mut offer) => {
                let place = place.and_then(|place| std::path::absolute(place).ok());
                offer.place = place.and_then(|place| place.to_str().map(str::to_owned));
                if !dry {
                    self.store.note_offer(&offer)?;
                }
                // Several bundles of one circle on a medium are one offer.
                if !report.offers.iter().any(|it| it.circle == offer.circle) {
                    report.offers.push(offer);
                }
            }
        }
        Ok(())
    }
}

/// A name that a stranger chose: on one line, cut, and in quotes that are not its own.
pub fn quoted_name(name: &str) -> String {
    let short = Foreign::name(name).bare();
    let short = short.replace(['"', '\u{201c}', '\u{201d}'], "'");
    format!("\"{short}\"")
}

fn choice(name: &str, circle: &CircleId) -> String {
    format!("{} ({})", quoted_name(name), circle.short())
}

fn ambiguous<'a>(offers: impl Iterator<Item = &'a Offer>) -> Failure {
    let named = offers.map(|offer| choice(&offer.name, &offer.circle));
    let named = named.collect::<Vec<_>>().join(", ");
    Failure::new("offer-ambiguous", Exit::Usage).with("offers", named)
}
