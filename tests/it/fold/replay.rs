//! Histories written by others, in the fields of `neutral`: made into records, whose ids then are what they are, so
//! that both implementations can be asked what comes of them.

use std::collections::{BTreeMap, HashMap};

use okibi::fold::Shares;
use okibi::fold::testing::{World, document};
use okibi::record::{
    Admin, Body, CircleId, Claim, FeedKey, Hlc, Kind, Place, Policy, Previous, Record, RecordId,
    Role, RootKey, StatementId,
};
use serde_json::Value;

/// A CBOR null: no kind's body.
const MISFIT: &[u8] = &[0xf6];

/// Makes a history of these fields; what its records name must be in it.
pub fn world(fields: &Value) -> World {
    let mut writer = Writer {
        world: World::new(false),
        statements: HashMap::new(),
        records: HashMap::new(),
        genesis: fields["circle"].clone(),
    };
    if let Some(shares) = fields.get("shares") {
        writer.world.shares = Shares {
            feeds: number(&shares[0]),
            seats: number(&shares[1]),
        };
    }
    let is_certificate = |it: &&Value| it["claim"].get("certificate").is_some();
    let statements = fields["statements"].as_array().unwrap();
    for statement in statements.iter().filter(is_certificate) {
        writer.statement(statement);
    }
    let mut left: Vec<&Value> = fields["records"].as_array().unwrap().iter().collect();
    while !left.is_empty() {
        let before = left.len();
        left.retain(|record| !writer.record(record));
        assert!(
            left.len() < before,
            "a record names what is not there: {left:#?}"
        );
    }
    for statement in statements.iter().filter(|it| !is_certificate(it)) {
        writer.statement(statement);
    }
    writer.world
}

struct Writer {
    world: World,
    statements: HashMap<String, StatementId>,
    records: HashMap<String, (RecordId, Place)>,
    genesis: Value,
}

/// A key of no secret, the same for the same name.
fn key(name: &Value) -> [u8; 32] {
    blake3::derive_key("okibi replayed keys", name.to_string().as_bytes())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

fn number<T: TryFrom<u64>>(value: &Value) -> T {
    T::try_from(value.as_u64().unwrap()).ok().unwrap()
}

impl Writer {
    fn statement(&mut self, fields: &Value) {
        let claim = &fields["claim"];
        let claim = match claim.get("certificate") {
            Some(role) => Claim::Certificate {
                role: match role.as_str().unwrap() {
                    "sign" => Role::Sign,
                    "spare" => Role::Spare,
                    other => panic!("role {other}"),
                },
                key: key(&claim["key"]),
                replaces: None,
                proof: [0; 64],
            },
            None => Claim::Revocation {
                key: key(&claim["revokes"]),
                circle: (!claim["circle"].is_null()).then_some(self.world.circle),
                cut: match &claim["cut"] {
                    Value::Null => None,
                    cut => Some((number(&cut[0]), self.id(&cut[1]).unwrap())),
                },
            },
        };
        let id = self.world.state(RootKey(key(&fields["root"])), claim);
        self.statements.insert(fields["id"].to_string(), id);
    }

    fn id(&self, name: &Value) -> Option<RecordId> {
        self.records.get(&name.to_string()).map(|(id, _)| *id)
    }

    /// Writes a record if all that it names is there.
    fn record(&mut self, fields: &Value) -> bool {
        self.try_record(fields).is_some()
    }

    fn try_record(&mut self, fields: &Value) -> Option<()> {
        let places = |list: &Value| -> Option<Vec<Place>> {
            let named = list.as_array().unwrap().iter();
            let found = named.map(|at| self.records.get(&at[2].to_string()).map(|(_, at)| *at));
            found.collect()
        };
        let (mut seen, mut cut) = (places(&fields["seen"])?, places(&fields["cut"])?);
        seen.sort_unstable();
        cut.sort_unstable();
        let previous = match fields["previous"].get("record") {
            Some(below) => Previous::Record(self.id(below)?),
            None => {
                let name = &fields["previous"]["certificate"];
                Previous::Certificate(self.statements[&name.to_string()])
            }
        };
        let kind = Kind(number(&fields["kind"]));
        let body = match &fields["body"] {
            Value::Null => MISFIT.to_vec(),
            body => self.body(kind, body, fields)?,
        };
        let genesis = fields["id"] == self.genesis;
        let id = self.world.insert(Record {
            circle: (!genesis).then_some(self.world.circle),
            feed: FeedKey(key(&fields["feed"])),
            height: number(&fields["height"]),
            previous,
            time: Hlc(1),
            kind,
            seen,
            cut,
            body,
        });
        if genesis {
            self.world.circle = CircleId::from(id);
        }
        let place = Place {
            feed: FeedKey(key(&fields["feed"])),
            height: number(&fields["height"]),
            id,
        };
        self.records.insert(fields["id"].to_string(), (id, place));
        Some(())
    }

    fn body(&self, kind: Kind, body: &Value, fields: &Value) -> Option<Vec<u8>> {
        let root = |name: &Value| RootKey(key(name));
        let policy = |value: &Value| Policy {
            invitations: number(&value[0]),
            quorum: number(&value[1]),
            rules: number(&value[2]),
        };
        let body = match kind {
            Kind::GENESIS => {
                let admins: BTreeMap<RootKey, Admin> = list(&body["admins"])
                    .map(|admin| {
                        let paper = (!admin[1].is_null()).then(|| root(&admin[1]));
                        let name = String::new();
                        let root = root(&admin[0]);
                        (root, Admin { root, name, paper })
                    })
                    .collect();
                Body::Genesis {
                    name: body["name"].as_str().unwrap().to_owned(),
                    salt: [7; 16],
                    policy: policy(&body["policy"]),
                    admins: admins.into_values().collect(),
                    predecessor: None,
                }
            }
            Kind::ADMIT => {
                let lifts = list(&body["lifts"]).map(|id| self.id(id));
                let mut lifts = lifts.collect::<Option<Vec<_>>>()?;
                let mut feeds: Vec<_> = list(&body["feeds"]).map(|it| FeedKey(key(it))).collect();
                lifts.sort_unstable();
                feeds.sort_unstable();
                Body::Admit {
                    root: root(&body["root"]),
                    name: body["name"].as_str().unwrap().to_owned(),
                    lifts,
                    feeds,
                }
            }
            Kind::SUSPEND => Body::Suspend {
                root: root(&body["root"]),
                reason: String::new(),
            },
            Kind::LIFT => Body::Lift {
                suspension: self.id(&body["suspension"])?,
            },
            Kind::ADD_ADMIN => Body::AddAdmin {
                root: root(&body["root"]),
            },
            Kind::ENDORSE => Body::Endorse {
                target: self.id(&body["target"])?,
            },
            Kind::WITHDRAW => Body::Withdraw {
                target: self.id(&body["target"])?,
            },
            Kind::POLICY => Body::Policy {
                replaces: self.id(&body["replaces"])?,
                policy: policy(&body["policy"]),
            },
            Kind::POINTER => Body::Pointer {
                slot: number(&body["slot"]),
                replaces: self.id(&body["replaces"])?,
                target: self.id(&body["target"])?,
            },
            Kind::VOTE => Body::Vote {
                subject: self.id(&body["subject"])?,
                choice: number(&body["choice"]),
            },
            Kind::SUCCESSOR => Body::Successor {
                feed: FeedKey(key(&body["feed"])),
            },
            Kind::MERGE => Body::Merge,
            // Two of one place are two records.
            Kind::DOCUMENT => document(&fields["id"].to_string()),
            other => panic!("kind {}", other.0),
        };
        Some(body.encode())
    }
}
