//! Circles: found, admit, suspend, and finding them and their members by the names that people use.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::identity::{KeyCard, Signer, fingerprint};
use crate::record::Foreign;
use crate::record::foreign::like_fingerprint;
use crate::record::{Admin, Body, CircleId, FeedKey, Policy, Predecessor, RecordId, Role, RootKey};
use crate::store::{CircleView, Draft, OwnFeed, Standing};

use super::who::{Meant, who_is_meant};
use crate::node::clock::{now, random};
use crate::node::{Exit, Failure, Handle};

/// A circle that was founded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Founded {
    pub circle: CircleId,
    pub admins: Vec<RootKey>,
}

/// How a member is called: its name in the circle, and its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberName {
    pub root: RootKey,
    pub name: String,
    pub fingerprint: String,
}

impl Handle {
    /// The circles of this node, and its shelves.
    pub fn circles(&self) -> Result<Vec<CircleView>, Failure> {
        Ok(self.store.circles()?)
    }

    /// Founds a circle with this home's root, called `me`, and the owners of `cards` as admins.
    pub fn found(
        &mut self,
        name: &str,
        me: &str,
        cards: &[(String, KeyCard)],
    ) -> Result<Founded, Failure> {
        valid_name(name)?;
        // Founded twice by mistake, every later command would have to say which; nothing takes a circle away.
        if self.own_circles()?.iter().any(|it| it.state.name == name) {
            return Err(Failure::new("circle-name-taken", Exit::Usage).with("name", name));
        }
        let (secret, certificate) = self.identity().sign_key()?;
        let mut admins = BTreeMap::from([(self.root, me.to_owned())]);
        for (name, card) in cards {
            if admins.insert(card.root(), name.clone()).is_some() {
                return Err(Failure::new("card-twice", Exit::Usage).with("name", name));
            }
        }
        let mut names = BTreeSet::new();
        for name in admins.values() {
            valid_name(name)?;
            if !names.insert(name) {
                return Err(Failure::new("name-taken", Exit::Usage).with("name", name));
            }
        }
        let genesis = Body::Genesis {
            name: name.to_owned(),
            salt: random()?,
            policy: Policy::default(),
            admins: named_admins(&admins),
            predecessor: None,
        };
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let statements: Vec<_> = cards
            .iter()
            .flat_map(|(_, card)| card.statements().to_vec())
            .collect();
        let circle = self
            .store
            .found(&owner, genesis, Standing::Member, &statements, now())?;
        Ok(Founded {
            circle,
            admins: admins.into_keys().collect(),
        })
    }

    /// Founds a circle that goes on from an old one: the same admins and members, a new genesis that names the old
    /// circle, the hash of its set and its admins.
    pub fn refound(&mut self, old: &CircleView, name: &str) -> Result<Founded, Failure> {
        valid_name(name)?;
        self.may_write(old)?;
        let (secret, certificate) = self.identity().sign_key()?;
        let mut admins: BTreeMap<RootKey, String> = BTreeMap::new();
        for root in old.state.admins() {
            admins.insert(*root, self.name_of(old, root));
        }
        let predecessor = Predecessor {
            circle: old.id,
            set_hash: self.store.set_hash(&old.id)?,
            admins: admins.keys().copied().collect(),
        };
        admins.insert(self.root, self.name_of(old, &self.root));
        let genesis = Body::Genesis {
            name: name.to_owned(),
            salt: random()?,
            policy: old.state.policy,
            admins: named_admins(&admins),
            predecessor: Some(predecessor),
        };
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        // The statements of the old members are here already.
        let circle = self
            .store
            .found(&owner, genesis, Standing::Member, &[], now())?;
        let members = old
            .state
            .active()
            .filter(|(root, _)| !admins.contains_key(root));
        let drafts: Vec<Draft> = members
            .map(|(root, member)| {
                let name = member.name.clone();
                Body::Admit {
                    root: *root,
                    name,
                    lifts: vec![],
                    feeds: vec![],
                }
                .into()
            })
            .collect();
        if !drafts.is_empty() {
            self.store.append(&circle, &owner, &drafts, now())?;
        }
        Ok(Founded {
            circle,
            admins: admins.into_keys().collect(),
        })
    }

    /// Writes one record into this home's feed of a circle.
    pub(in crate::node) fn write(
        &mut self,
        circle: &CircleId,
        draft: Draft,
    ) -> Result<RecordId, Failure> {
        let (secret, certificate) = self.identity().sign_key()?;
        let owner = OwnFeed {
            root: self.root,
            signer: &secret,
            certificate,
        };
        let ids = self.store.append(circle, &owner, &[draft], now())?;
        ids.first().copied().ok_or_else(|| {
            Failure::new("store-failed", Exit::Failed).with("error", "nothing was written")
        })
    }

    /// Refuses where this node is no active member.
    pub(in crate::node) fn may_write(&self, circle: &CircleView) -> Result<(), Failure> {
        if circle.state.is_active(&self.root) {
            return Ok(());
        }
        Err(Failure::new("not-a-member", Exit::Failed).with("name", &circle.state.name))
    }

    /// The circle that `name` means: its name, the beginning of its id, or the only one when nothing is named.
    pub fn find_circle(&self, name: Option<&str>) -> Result<CircleView, Failure> {
        self.find_circle_of(name, &[])
    }

    /// The same; where nothing is named, the circle that knows all these members, if it is the only one.
    pub fn find_circle_of(
        &self,
        name: Option<&str>,
        members: &[String],
    ) -> Result<CircleView, Failure> {
        let mut circles = self.own_circles()?;
        let knows = |circle: &CircleView| {
            members
                .iter()
                .all(|member| self.find_member(circle, member).is_ok())
        };
        if name.is_none() && circles.iter().any(knows) {
            circles.retain(knows);
        }
        if let Some(name) = name {
            circles.retain(|circle| {
                circle.state.name == name
                    || (name.len() >= 4 && circle.id.to_string().starts_with(name))
            });
        }
        let all: Vec<String> = circles
            .iter()
            .map(|circle| {
                let name = Foreign::name(circle.state.name.as_str());
                format!("{name} ({})", circle.id.short())
            })
            .collect();
        let only = circles.pop();
        match (only, circles.is_empty(), name) {
            (Some(circle), true, _) => Ok(circle),
            (Some(_), false, _) => {
                Err(Failure::new("circle-ambiguous", Exit::Usage).with("circles", all.join(", ")))
            }
            (None, _, Some(name)) => {
                Err(Failure::new("circle-unknown", Exit::Failed).with("name", name))
            }
            (None, _, None) => Err(Failure::new("no-circle", Exit::Failed)),
        }
    }

    /// Every circle but the starter's shelf.
    fn own_circles(&self) -> Result<Vec<CircleView>, Failure> {
        let mut circles = self.store.circles()?;
        circles.retain(|circle| circle.standing == Standing::Member);
        Ok(circles)
    }

    /// The member that `name` means: its fingerprint or root key, or the beginning of one (`id:` before it says so), or its
    /// name. Fingerprints win: whoever is admitted under a name that looks like one takes nobody's place.
    pub fn find_member(&self, circle: &CircleView, name: &str) -> Result<RootKey, Failure> {
        let members = circle.state.members.iter();
        let known = members.map(|(root, member)| (*root, member.name.as_str()));
        match who_is_meant(known, name) {
            Meant::One(root) => Ok(root),
            Meant::Nobody => Err(Failure::new("member-unknown", Exit::Failed)
                .with("name", name)
                .with("circle", &circle.state.name)),
            Meant::Several(roots) => {
                let fits: Vec<String> = roots.iter().map(fingerprint).collect();
                Err(Failure::new("member-ambiguous", Exit::Usage)
                    .with("name", name)
                    .with("fits", fits.join(", ")))
            }
        }
    }

    /// What a member is called.
    pub fn name_of(&self, circle: &CircleView, root: &RootKey) -> String {
        let name = circle
            .state
            .members
            .get(root)
            .map(|member| member.name.as_str());
        match name {
            // A name that could be taken for somebody's fingerprint is none.
            Some(name) if !name.is_empty() && !like_fingerprint(name) => name.to_owned(),
            _ if *root == self.root => "me".to_owned(),
            _ => fingerprint(root),
        }
    }

    /// The sign keys of a circle's active members, by name; without a circle, those of every circle.
    pub fn signers(&self, circle: Option<&str>) -> Result<Vec<(String, FeedKey)>, Failure> {
        let circles = match circle {
            Some(name) => vec![self.find_circle(Some(name))?],
            None => self.own_circles()?,
        };
        let directory = self.store.directory()?;
        let mut signers = Vec::new();
        for circle in &circles {
            for (root, _) in circle.state.active() {
                let name = self.name_of(circle, root);
                for role in [Role::Sign, Role::Spare] {
                    let keys = directory.standing(root, role);
                    signers.extend(keys.map(|(_, key)| (name.clone(), FeedKey(key))));
                }
            }
        }
        signers.sort();
        signers.dedup();
        Ok(signers)
    }

    /// A line of `allowed_signers` as `ssh-keygen -Y verify` reads it: this key signs bundles and nothing else.
    pub fn signer_line(&self, name: &str, key: &FeedKey) -> String {
        // A principal is a pattern without spaces.
        let plain = |c: char| c.is_alphanumeric() || "-_.@".contains(c);
        let name: String = name
            .chars()
            .map(|c| if plain(c) { c } else { '-' })
            .collect();
        format!(
            "{name} namespaces=\"{}\" {}",
            crate::bundle::sshsig::NAMESPACE,
            crate::bundle::sshsig::public_line(&key.0)
        )
    }

    /// Forgets a circle on this node. What this home wrote there may be known to nobody else: so that it can never
    /// write another record in the same place, its sign key goes with it. Returns how many records went.
    pub fn forget_circle(&mut self, circle: &CircleView) -> Result<usize, Failure> {
        self.carry_no_more(&circle.id)?;
        let wrote = circle.frontier.0.contains_key(&self.feed()?);
        if wrote {
            self.rotate()?;
        }
        let membership = self.store.membership(&circle.id)?;
        let records = membership.records.len() + membership.waiting.len();
        self.drop_shelf(&circle.id, Some(&circle.state.name))?;
        let line = json!({
            "what": "forget", "state": "done", "circle": circle.state.name, "records": records,
        });
        self.store.audit(now(), &line)?;
        Ok(records)
    }

    /// The public half of the sign key in use, for `key show`.
    pub fn feed(&self) -> Result<FeedKey, Failure> {
        Ok(FeedKey(self.identity().sign_key()?.0.public()))
    }
}

fn named_admins(admins: &BTreeMap<RootKey, String>) -> Vec<Admin> {
    let named = admins.iter();
    named
        .map(|(root, name)| Admin {
            root: *root,
            name: name.clone(),
            paper: None,
        })
        .collect()
}

pub(in crate::node) fn valid_name(name: &str) -> Result<(), Failure> {
    let long = name.len() > crate::record::limits::NAME_BYTES;
    if name.trim().is_empty() || long || name.chars().any(char::is_control) {
        return Err(Failure::new("bad-name", Exit::Usage));
    }
    Ok(())
}
