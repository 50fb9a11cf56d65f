//! Pairing with a ticket: who issued it, who asks, and that both people said yes. `docs/sync.md`, section 6.

use crate::identity::KeyCard;
use crate::record::RootKey;

use super::super::event::{Closed, JoinRequest, Output, Request, Subject};
use super::super::frame::Frame;
use super::super::hello;
use super::{Handshake, Stage, Step};

impl Handshake {
    /// The joiner's side: the issuer showed who it is.
    pub(super) fn ask_to_join(
        &mut self,
        request: &JoinRequest,
        issuer: RootKey,
        frames: &mut Vec<Frame>,
        outputs: &mut Vec<Output>,
    ) -> Step {
        if issuer != request.issuer {
            return Step::Close(Closed::Refused);
        }
        let Some(Subject::Ticket(ticket)) = self.common.first() else {
            return Step::Close(Closed::Refused);
        };
        let secret = self
            .setup
            .offers
            .iter()
            .find(|it| it.subject == Subject::Ticket(*ticket));
        let Some(offer) = secret else {
            return Step::Close(Closed::Refused);
        };
        let exporter = &self.setup.exporter;
        let card = request.card.to_string();
        let proof = hello::join_proof(&offer.secret, exporter, &card, &request.name);
        frames.push(Frame::Join {
            card,
            name: request.name.clone(),
            proof,
        });
        self.stage = Stage::Pairing {
            mine: false,
            theirs: false,
        };
        outputs.push(Output::Compare {
            request: Request {
                ticket: *ticket,
                name: request.name.clone(),
                root: issuer,
            },
            digest: hello::pairing_digest(exporter, &issuer, &self.setup.root),
        });
        Step::Go
    }

    /// The issuer's side: somebody with the ticket asks to be admitted.
    pub(super) fn joiner(
        &mut self,
        card: &str,
        name: String,
        proof: &[u8; 32],
        outputs: &mut Vec<Output>,
    ) -> Step {
        let Some(Subject::Ticket(ticket)) = self.common.first() else {
            return Step::Close(Closed::Refused);
        };
        let offer = self
            .setup
            .offers
            .iter()
            .find(|it| it.subject == Subject::Ticket(*ticket));
        let exporter = &self.setup.exporter;
        let fits = offer.is_some_and(|offer| {
            let expected = hello::join_proof(&offer.secret, exporter, card, &name);
            // Compared in constant time.
            blake3::Hash::from_bytes(expected) == blake3::Hash::from_bytes(*proof)
        });
        let Some(card) = KeyCard::parse(card).ok().filter(|_| fits) else {
            return Step::Close(Closed::Refused);
        };
        let root = card.root();
        let digest = hello::pairing_digest(exporter, &self.setup.root, &root);
        let request = Request {
            ticket: *ticket,
            name,
            root,
        };
        self.request = Some((card, request.clone()));
        self.stage = Stage::Pairing {
            mine: false,
            theirs: false,
        };
        outputs.push(Output::Compare { request, digest });
        Step::Go
    }

    pub(super) fn paired(&mut self, outputs: &mut Vec<Output>) {
        if !matches!(
            self.stage,
            Stage::Pairing {
                mine: true,
                theirs: true
            }
        ) {
            return;
        }
        self.stage = Stage::Admitting;
        if let Some((card, request)) = self.request.take() {
            outputs.push(Output::Admit { card, request });
        }
    }
}
