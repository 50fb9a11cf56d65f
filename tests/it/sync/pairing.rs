//! Pairing by ticket: nobody is admitted before both people have compared the words, and a ticket opens nothing by
//! itself.

use okibi::identity::{
    Holder, KeyCard, ReceiveSecret, Receiving, Signer, SigningSecret, certificate, verify,
};
use okibi::record::{CircleId, Frontier, Hlc, Role, RootKey};
use okibi::sync::{
    Chain, Closed, Frame, Input, JoinRequest, Offer, Output, Proof, Session, Setup, Side, Subject,
    Verdict, limits, prove,
};

use super::hostile::{circle, everything, outputs};

/// Issuer and joiner of a ticket, and the ticket's id.
fn pairing(joiner_secret: [u8; 32]) -> (Session, Session, KeyCard) {
    let nodes = circle();
    let mut issuer = nodes[0].setup(Side::Server, [4; 32], 1);
    let ticket = Offer {
        secret: [8; 32],
        subject: Subject::Ticket([1; 16]),
    };
    issuer.offers = issuer.offers.iter().copied().chain([ticket]).collect();
    let (card, root, proof) = newcomer();
    let joiner = Setup {
        side: Side::Client,
        root,
        exporter: [4; 32],
        offers: [Offer {
            secret: joiner_secret,
            subject: Subject::Ticket([1; 16]),
        }]
        .into(),
        proof,
        seed: [2; 32],
        request: Some(JoinRequest {
            issuer: nodes[0].root,
            card: card.clone(),
            name: "dora".into(),
        }),
    };
    (Session::new(issuer), Session::new(joiner), card)
}

fn newcomer() -> (KeyCard, RootKey, Proof) {
    let root = SigningSecret::from_bytes(&[50; 32]);
    let transport = SigningSecret::from_bytes(&[52; 32]);
    let keys = [
        (Role::Sign, [51; 32]),
        (Role::Transport, [52; 32]),
        (Role::Receive, [53; 32]),
    ];
    let statements: Vec<_> = keys
        .iter()
        .map(|(role, secret)| {
            let (key, receive) = (
                SigningSecret::from_bytes(secret),
                ReceiveSecret::from_bytes(*secret),
            );
            let receiving = Receiving {
                secret: &receive,
                random: [0; 64],
            };
            let holder: &dyn Holder = match role {
                Role::Receive => &receiving,
                _ => &key,
            };
            verify(certificate(&root, *role, holder, None, Hlc(0))).unwrap()
        })
        .collect();
    let proof = Proof {
        key: transport.public(),
        certificate: statements[1].bytes().to_vec(),
        instance: [3; 8],
        signature: prove(&transport, &[4; 32], Side::Client, &[3; 8]),
    };
    (
        KeyCard::new(statements).unwrap(),
        RootKey(root.public()),
        proof,
    )
}

fn shuttle(a: &mut Session, b: &mut Session) {
    loop {
        let (x, y) = (everything(a), everything(b));
        if x.is_empty() && y.is_empty() {
            break;
        }
        b.handle_bytes(&x);
        a.handle_bytes(&y);
    }
}

fn compared(session: &mut Session) -> [u8; 32] {
    match outputs(session).as_slice() {
        [Output::Compare { digest, .. }] => *digest,
        other => panic!("{other:?}"),
    }
}

#[test]
fn nobody_is_admitted_before_both_confirmed() {
    let (mut issuer, mut joiner, _) = pairing([8; 32]);
    shuttle(&mut issuer, &mut joiner);
    assert_eq!(compared(&mut issuer), compared(&mut joiner));
    issuer.handle(Input::Confirm);
    shuttle(&mut issuer, &mut joiner);
    assert!(outputs(&mut issuer).is_empty(), "one side is not both");
    joiner.handle(Input::Confirm);
    shuttle(&mut issuer, &mut joiner);
    assert!(
        matches!(outputs(&mut issuer).as_slice(), [Output::Admit { request, .. }] if request.name == "dora")
    );
    assert!(outputs(&mut joiner).is_empty());
    let chain = Chain {
        statements: vec![vec![1]],
        records: vec![vec![2]],
    };
    let circle = CircleId([6; 32]);
    issuer.handle(Input::Admitted {
        circle,
        chain: chain.clone(),
    });
    shuttle(&mut issuer, &mut joiner);
    match outputs(&mut joiner).as_slice() {
        [
            Output::Joined {
                circle: joined,
                chain: brought,
            },
        ] => {
            assert_eq!((joined, brought), (&circle, &chain));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn whoever_says_no_ends_it() {
    for issuer_says in [true, false] {
        let (mut issuer, mut joiner, _) = pairing([8; 32]);
        shuttle(&mut issuer, &mut joiner);
        outputs(&mut issuer);
        let (no, yes) = if issuer_says {
            (&mut issuer, &mut joiner)
        } else {
            (&mut joiner, &mut issuer)
        };
        yes.handle(Input::Confirm);
        no.handle(Input::Deny);
        shuttle(no, yes);
        assert_eq!(no.closed(), Some(&Closed::Denied));
        assert_eq!(yes.closed(), Some(&Closed::Bye(3)));
        assert!(
            !outputs(&mut issuer)
                .iter()
                .any(|it| matches!(it, Output::Admit { .. }))
        );
    }
}

#[test]
fn a_ticket_opens_nothing_for_who_has_it_not() {
    // Another secret: the issuer sees a stranger.
    let (mut issuer, mut joiner, _) = pairing([9; 32]);
    shuttle(&mut issuer, &mut joiner);
    joiner.handle(Input::Introduction(vec![0; limits::INTRODUCTION]));
    shuttle(&mut issuer, &mut joiner);
    let asked = outputs(&mut issuer);
    assert!(matches!(asked.as_slice(), [Output::Introduced { .. }]));
    issuer.handle(Input::Recognised(None));
    assert_eq!(issuer.closed(), Some(&Closed::Stranger));
    assert!(outputs(&mut issuer).is_empty());
    // The right tag, overheard by nobody but replayed by somebody, without the proof of the request.
    let (mut issuer, mut joiner, card) = pairing([8; 32]);
    let hello = everything(&mut joiner);
    issuer.handle_bytes(&hello);
    everything(&mut issuer);
    let forged = Frame::Join {
        card: card.to_string(),
        name: "mallory".into(),
        proof: [0; 32],
    };
    issuer.handle_bytes(&forged.encode());
    assert_eq!(issuer.closed(), Some(&Closed::Refused));
    // A member's verdict or records are out of turn in a pairing.
    let (mut issuer, mut joiner, _) = pairing([8; 32]);
    shuttle(&mut issuer, &mut joiner);
    issuer.handle(Input::Verdict {
        circle: CircleId([0; 32]),
        verdict: Verdict::Yes,
    });
    issuer.handle(Input::Records {
        circle: CircleId([0; 32]),
        records: vec![vec![1]],
        upto: Frontier::default(),
        more: false,
    });
    assert!(everything(&mut issuer).is_empty());
}
