//! `okibi circle offers` and `okibi circle accept`: circles that admit this node and that nobody here joined.

use serde_json::json;

use crate::identity::fingerprint;
use crate::messages::say;
use crate::node::{Exit, Failure, Handle, Left, Offer, quoted_name as quoted};

use super::args::Sure;
use super::out::{Out, broken, line, printable};
use crate::present::time;

use super::{Outcome, circle, decide, stick};

/// `okibi circle offers`
pub fn list(out: &Out, node: &Handle) -> Outcome {
    let offers = node.offers()?;
    for offer in &offers {
        tell(out, offer)?;
    }
    let code = match offers.is_empty() {
        true => "offers-none",
        false => "offers-how",
    };
    out.note(code, &[]).map_err(|error| broken(&error))?;
    Ok(Exit::Done)
}

/// Prints an offer: facts first, the founder's fingerprint on a line of its own, names in quotes.
pub fn tell(out: &Out, offer: &Offer) -> Result<(), Failure> {
    out.fact("offer", value(offer), || printable(&words(offer)))
        .map_err(|error| broken(&error))
}

fn value(offer: &Offer) -> serde_json::Value {
    json!({
        "circle": offer.circle, "name": offer.name, "founder": offer.founder,
        "founder_fingerprint": offer.founder.map(|root| fingerprint(&root)),
        "signer": offer.signer, "signer_name": offer.called,
        "signer_fingerprint": fingerprint(&offer.signer),
        "sponsor": offer.sponsor, "sponsor_fingerprint": fingerprint(&offer.sponsor),
        "first_seen": offer.first, "place": offer.place,
    })
}

/// An offer in words, line by line.
fn words(offer: &Offer) -> String {
    let founder = offer.founder.map(|root| fingerprint(&root));
    let place = offer.place.as_deref().map(line);
    let about = [
        ("id", offer.circle.short()),
        ("name", quoted(&offer.name)),
        ("founder", founder.unwrap_or_else(|| "?".to_owned())),
        ("fingerprint", fingerprint(&offer.signer)),
        ("called", quoted(&offer.called)),
        ("date", time::date(offer.first)),
        ("place", place.map_or_else(|| "-".to_owned(), String::from)),
    ];
    let codes = [
        "offer-here",
        "offer-circle",
        "offer-founder",
        "offer-signer",
        "offer-seen",
    ];
    codes.map(|code| say(code, &about)).join("\n")
}

/// Says why a bundle was left alone.
pub fn tell_left(out: &Out, left: &Left) -> Result<(), Failure> {
    let said = match left {
        Left::Blocked { root, name } => {
            let about = [("name", quoted(name)), ("fingerprint", fingerprint(root))];
            out.note("bundle-blocked", &about)
        }
        Left::Forgotten { circle, name } => {
            let about = [("name", quoted(name)), ("id", circle.short())];
            out.note("bundle-forgotten", &about)
        }
    };
    said.map_err(|error| broken(&error))
}

/// `okibi circle accept`
pub fn accept(out: &Out, node: &mut Handle, name: Option<&str>, sure: &Sure) -> Outcome {
    let (id, offer) = node.find_offer(name)?;
    match &offer {
        Some(offer) => tell(out, offer)?,
        None => {
            let about = [("id", id.to_string())];
            out.note("accept-unseen", &about)
                .map_err(|error| broken(&error))?;
        }
    }
    if sure.dry_run || !(sure.yes || decide::confirmed(out)?) {
        return decide::undecided(sure);
    }
    let accepted = node.accept(id, offer.as_ref())?;
    let value = json!({
        "circle": accepted.circle, "name": accepted.name, "joined": accepted.report.is_some(),
    });
    let about = [("id", id.short())];
    circle::said(out, "accepted", value, "accepted", &about)?;
    match &accepted.report {
        Some(report) => stick::tell_report(out, report, false),
        None => {
            out.note("accepted-waits", &about)
                .map_err(|error| broken(&error))?;
            Ok(Vec::new())
        }
    }
    .map(|exits| Exit::first(&exits))
}
