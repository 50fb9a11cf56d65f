//! Circles: found, admit, suspend, and finding them and their members by the names that people use.

use std::collections::{BTreeMap, BTreeSet};

use crate::identity::{KeyCard, Signer, fingerprint};
use crate::record::{
    Admin, Body, CircleId, Entry, FeedKey, Place, Policy, Previous, RecordId, RootKey,
};
use crate::store::{CircleView, Draft, OwnFeed, Standing};

use super::home::{now, random};
use super::{Exit, Failure, Handle};

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
    /// Founds a circle with this home's root, called `me`, and the owners of `cards` as admins.
    pub fn found(
        &mut self,
        name: &str,
        me: &str,
        cards: &[(String, KeyCard)],
    ) -> Result<Founded, Failure> {
        valid_name(name)?;
        let (secret, certificate) = self.sign_key()?;
        let mut admins = BTreeMap::from([(self.root, me.to_owned())]);
        admins.extend(cards.iter().map(|(name, card)| (card.root(), name.clone())));
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
            admins: admins
                .iter()
                .map(|(root, name)| Admin {
                    root: *root,
                    name: name.clone(),
                    paper: None,
                })
                .collect(),
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
        let shared = Some(random()?);
        let circle = self.store.found(
            &owner,
            genesis,
            Standing::Member,
            shared,
            &statements,
            now(),
        )?;
        Ok(Founded {
            circle,
            admins: admins.into_keys().collect(),
        })
    }

    /// Admits the owner of a key card under a name.
    pub fn admit(
        &mut self,
        circle: &CircleView,
        card: &KeyCard,
        name: &str,
    ) -> Result<RecordId, Failure> {
        valid_name(name)?;
        let root = card.root();
        if circle.state.is_active(&root) {
            return Err(Failure::new("member-known", Exit::Failed)
                .with("name", self.name_of(circle, &root)));
        }
        let taken = circle
            .state
            .members
            .iter()
            .any(|(other, member)| member.name == name && *other != root);
        if taken {
            return Err(Failure::new("name-taken", Exit::Failed).with("name", name));
        }
        self.may_write(circle)?;
        self.store.add_statements(card.statements())?;
        let body = Body::Admit {
            root,
            name: name.to_owned(),
            lifts: vec![],
            feeds: vec![],
        };
        let id = self.write(&circle.id, body.into())?;
        self.must_count(&circle.id, &id)?;
        Ok(id)
    }

    /// Suspends a member: what it wrote until now stays, nothing later counts.
    pub fn suspend(
        &mut self,
        circle: &CircleView,
        root: &RootKey,
        reason: &str,
        from_the_start: bool,
    ) -> Result<RecordId, Failure> {
        self.may_write(circle)?;
        let cut = if from_the_start {
            Vec::new()
        } else {
            self.cut_of(circle, root)?
        };
        let body = Body::Suspend {
            root: *root,
            reason: reason.to_owned(),
        };
        let id = self.write(&circle.id, Draft { body, cut })?;
        self.must_count(&circle.id, &id)?;
        Ok(id)
    }

    /// A cut that keeps everything of a root that this node knows.
    fn cut_of(&self, circle: &CircleView, root: &RootKey) -> Result<Vec<Place>, Failure> {
        let Some(member) = circle.state.members.get(root) else {
            return Ok(Vec::new());
        };
        let mut cut = Vec::new();
        for feed in &member.feeds {
            match circle.frontier.0.get(feed) {
                Some(Entry::Head { height, id }) => cut.push(Place {
                    feed: *feed,
                    height: *height,
                    id: *id,
                }),
                // Below the fork is one chain: the record that both halves follow.
                Some(Entry::Forked { height, first, .. }) if *height > 0 => {
                    if let Some(half) = self.store.record(first)?
                        && let Previous::Record(id) = half.value().previous
                    {
                        cut.push(Place {
                            feed: *feed,
                            height: height - 1,
                            id,
                        });
                    }
                }
                _ => {}
            }
        }
        Ok(cut)
    }

    /// Writes one record into this home's feed of a circle.
    pub(super) fn write(&mut self, circle: &CircleId, draft: Draft) -> Result<RecordId, Failure> {
        let (secret, certificate) = self.sign_key()?;
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
    pub(super) fn may_write(&self, circle: &CircleView) -> Result<(), Failure> {
        if circle.state.is_active(&self.root) {
            return Ok(());
        }
        Err(Failure::new("not-a-member", Exit::Failed).with("name", &circle.state.name))
    }

    /// An authority record that the fold does not count is said, not passed over.
    fn must_count(&self, circle: &CircleId, id: &RecordId) -> Result<(), Failure> {
        match self.store.circle(circle)?.state.without_effect.get(id) {
            None => Ok(()),
            Some(why) => Err(Failure::new("without-effect", Exit::Failed)
                .with("why", why)
                .with("id", id.short())),
        }
    }

    /// The circle that `name` means: its name, the beginning of its id, or the only one when nothing is named.
    pub fn find_circle(&self, name: Option<&str>) -> Result<CircleView, Failure> {
        let mut circles = self.store.circles()?;
        circles.retain(|circle| circle.standing == Standing::Member);
        if let Some(name) = name {
            circles.retain(|circle| {
                circle.state.name == name
                    || (name.len() >= 4 && circle.id.to_string().starts_with(name))
            });
        }
        let only = circles.pop();
        match (only, circles.is_empty(), name) {
            (Some(circle), true, _) => Ok(circle),
            (Some(_), false, _) => Err(Failure::new("circle-ambiguous", Exit::Usage)),
            (None, _, Some(name)) => {
                Err(Failure::new("circle-unknown", Exit::Failed).with("name", name))
            }
            (None, _, None) => Err(Failure::new("no-circle", Exit::Failed)),
        }
    }

    /// The member that `name` means: its name, or the beginning of its fingerprint or root key.
    pub fn find_member(&self, circle: &CircleView, name: &str) -> Result<RootKey, Failure> {
        let named: Vec<RootKey> = circle
            .state
            .members
            .iter()
            .filter(|(root, member)| {
                member.name == name
                    || (name.len() >= 4
                        && (fingerprint(root).starts_with(name)
                            || root.to_string().starts_with(name)))
            })
            .map(|(root, _)| *root)
            .collect();
        match named.as_slice() {
            [root] => Ok(*root),
            [] => Err(Failure::new("member-unknown", Exit::Failed)
                .with("name", name)
                .with("circle", &circle.state.name)),
            _ => Err(Failure::new("member-ambiguous", Exit::Usage).with("name", name)),
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
            Some(name) if !name.is_empty() => name.to_owned(),
            _ if *root == self.root => "me".to_owned(),
            _ => fingerprint(root),
        }
    }

    /// The public half of the sign key in use, for `key show`.
    pub fn feed(&self) -> Result<FeedKey, Failure> {
        Ok(FeedKey(self.sign_key()?.0.public()))
    }
}

fn valid_name(name: &str) -> Result<(), Failure> {
    let long = name.len() > crate::record::limits::NAME_BYTES;
    if name.trim().is_empty() || long || name.chars().any(char::is_control) {
        return Err(Failure::new("bad-name", Exit::Usage));
    }
    Ok(())
}
