//! Whom a word means: a fingerprint, the beginning of one, or a name. Names are chosen by whoever bears them.

use crate::carrier::media::keyring::Addressee;
use crate::carrier::media::seal;
use crate::identity::fingerprint;
use crate::record::foreign::like_fingerprint;
use crate::record::{Role, RootKey};

use crate::store::CircleView;

use crate::node::{Exit, Failure, Handle};

/// Whom a word means.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::node) enum Meant {
    One(RootKey),
    Nobody,
    Several(Vec<RootKey>),
}

/// Characters of a fingerprint or key at least, where only its beginning is given.
const BEGINNING: usize = 4;

/// Whom a word means among these roots and their names. A whole fingerprint or key means its root and nobody else, and so
/// does a beginning that looks like one, or is marked by `id:`; a shorter one counts beside the names.
pub(in crate::node) fn who_is_meant<'a>(
    known: impl Iterator<Item = (RootKey, &'a str)>,
    word: &str,
) -> Meant {
    let (id, marked) = match word.strip_prefix("id:") {
        Some(id) => (id, true),
        None => (word, false),
    };
    let id = id.to_ascii_lowercase();
    let (mut whole, mut begun, mut named) = (Vec::new(), Vec::new(), Vec::new());
    for (root, name) in known {
        let (print, key) = (fingerprint(&root), root.to_string());
        if id == print || id == key {
            whole.push(root);
        } else if id.len() >= BEGINNING && (print.starts_with(&id) || key.starts_with(&id)) {
            begun.push(root);
        }
        if !marked && name == word {
            named.push(root);
        }
    }
    let sure = marked
        || like_fingerprint(&id)
        || (id.len() >= 8 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    let mut fits = match (whole.is_empty(), sure && !begun.is_empty()) {
        (false, _) => whole,
        (true, true) => begun,
        (true, false) => [begun, named].concat(),
    };
    fits.sort_unstable();
    fits.dedup();
    match fits[..] {
        [] => Meant::Nobody,
        [root] => Meant::One(root),
        _ => Meant::Several(fits),
    }
}

impl Handle {
    /// Those of these members whose receive key takes anything, and the names of the others: one key that nobody can
    /// encrypt to keeps no bundle from anybody else. Who has none is left for `receive_keys_of` to tell.
    pub(in crate::node) fn reachable(
        &self,
        circle: &CircleView,
        to: &[RootKey],
    ) -> Result<(Vec<RootKey>, Vec<String>), Failure> {
        let directory = self.store.directory()?;
        let (mut reached, mut left_out) = (Vec::new(), Vec::new());
        for root in to {
            match directory.current(root, Role::Receive) {
                Some((_, key)) if !seal::can_seal(&Addressee::Receive(key)) => {
                    left_out.push(self.name_of(circle, root));
                }
                _ => reached.push(*root),
            }
        }
        Ok((reached, left_out))
    }

    /// The person that a word means, among the members of all circles.
    pub fn find_person(&self, word: &str) -> Result<RootKey, Failure> {
        let circles = self.store.circles()?;
        let members = circles.iter().flat_map(|circle| &circle.state.members);
        let known = members.map(|(root, member)| (*root, member.name.as_str()));
        match who_is_meant(known, word) {
            Meant::One(root) => Ok(root),
            Meant::Nobody => Err(Failure::new("peer-unknown", Exit::Failed).with("name", word)),
            Meant::Several(roots) => {
                let fits: Vec<String> = roots.iter().map(fingerprint).collect();
                Err(Failure::new("member-ambiguous", Exit::Usage)
                    .with("name", word)
                    .with("fits", fits.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A member who admits guests that are called like others, or like their fingerprints, hides nobody.
    #[test]
    fn fingerprints_win_over_names() {
        let (mallory, guest, other) = (RootKey([1; 32]), RootKey([2; 32]), RootKey([3; 32]));
        let print = fingerprint(&mallory);
        let (groups, four) = (&print[..14], &print[..4]);
        let known = |word: &str| {
            let known = [
                (mallory, "mallory"),
                (guest, print.as_str()),
                (other, "mallory"),
                (RootKey([4; 32]), groups),
                (RootKey([5; 32]), four),
                (RootKey([6; 32]), "id:mallory"),
            ];
            who_is_meant(known.into_iter(), word)
        };
        assert_eq!(known(&print), Meant::One(mallory));
        assert_eq!(known(&print.to_uppercase()), Meant::One(mallory));
        assert_eq!(known(&mallory.to_string()), Meant::One(mallory));
        assert_eq!(known(groups), Meant::One(mallory));
        assert_eq!(known(&format!("id:{four}")), Meant::One(mallory));
        // Four characters are cheap to make a key for: beside a name they decide nothing.
        assert_eq!(known(four), Meant::Several(vec![mallory, RootKey([5; 32])]));
        assert_eq!(known("mallory"), Meant::Several(vec![mallory, other]));
        assert_eq!(known("id:mallory"), Meant::Nobody);
        assert_eq!(known("nobody"), Meant::Nobody);
    }
}
