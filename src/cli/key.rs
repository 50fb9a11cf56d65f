//! `okibi key`

use secrecy::ExposeSecret;
use serde_json::json;

use crate::identity::{Words, fingerprint, words};
use crate::node::{Failure, Handle, RootLock, passphrase_file};
use crate::record::Role;

use super::Outcome;
use super::args::{Key, Passphrase, Which};
use super::ask;
use super::out::{Out, broken, line};

/// Runs one of the key commands.
pub fn run(out: &Out, node: &mut Handle, args: &Key) -> Outcome {
    match args {
        Key::Show => show(out, node)?,
        Key::Card => {
            let card = node.card()?.to_string();
            out.fact("card", json!({"card": card}), || card.clone())
                .map_err(|error| broken(&error))?;
        }
        Key::Identity => {
            let identity = node.age_identity()?;
            // The warning comes first: the line below it is a secret.
            out.warn("key-identity", &[])
                .map_err(|error| broken(&error))?;
            let line = identity.expose_secret();
            out.fact("identity", json!({"identity": line}), || line.to_owned())
                .map_err(|error| broken(&error))?;
        }
        Key::Signers { of } => signers(out, node, of.circle.as_deref())?,
        Key::Rotate { which } => match role(*which) {
            Some(role) => {
                node.rotate_key(role)?;
                done(out, node, "key-replaced")?;
            }
            None => {
                node.rotate()?;
                done(out, node, "key-rotated")?;
            }
        },
        Key::Revoke { yes, which } => {
            let code = match role(*which) {
                Some(_) => "would-revoke-key",
                None => "would-revoke",
            };
            out.note(code, &[]).map_err(|error| broken(&error))?;
            if !(*yes || super::decide::confirmed(out)?) {
                return Err(super::decide::not_decided());
            }
            match role(*which) {
                Some(role) => node.revoke_key(role)?,
                None => node.revoke().map(drop)?,
            }
            done(out, node, "key-revoked")?;
        }
        Key::NewFeed { spare } => {
            match spare {
                true => node.new_feed_spare()?,
                false => node.new_feed()?,
            }
            done(out, node, "key-new-feed")?;
        }
        Key::Passphrase(Passphrase::Set { passphrase_file }) => {
            let words = match passphrase_file {
                Some(path) => crate::node::new_passphrase(self::passphrase_file(path)?)?,
                None => ask::new_passphrase("ask-new-root")?,
            };
            node.root_at_rest().lock(words)?;
            done(out, node, "key-passphrase-set")?;
        }
        Key::Passphrase(Passphrase::Remove) => {
            node.root_at_rest().unlock()?;
            done(out, node, "key-passphrase-removed")?;
        }
        Key::Plugin {
            recipient,
            identity,
        } => {
            node.root_at_rest().lock_by_plugin(recipient, identity)?;
            done(out, node, "key-plugin-set")?;
        }
    }
    Ok(crate::node::Exit::Done)
}

fn done(out: &Out, node: &Handle, code: &str) -> Result<(), Failure> {
    out.note(code, &[]).map_err(|error| broken(&error))?;
    show(out, node)
}

fn show(out: &Out, node: &Handle) -> Result<(), Failure> {
    let root = node.root();
    let (english, japanese) = (words(&root, Words::English), words(&root, Words::Japanese));
    let feed = node.feed()?;
    let lock = match node.root_at_rest().lock_state() {
        RootLock::Plain => "plain".to_owned(),
        RootLock::Passphrase => "passphrase".to_owned(),
        RootLock::Plugin(name) => format!("plugin {name}"),
        RootLock::Missing => "missing".to_owned(),
    };
    let signer = node.signer_line(&fingerprint(&root), &feed);
    let value = json!({
        "root": root, "fingerprint": fingerprint(&root), "sign": feed, "root_kept": lock,
        "allowed_signer": signer, "words": {"en": english, "ja": japanese},
    });
    out.fact("key", value, || {
        let lines = [
            format!("fingerprint  {}", fingerprint(&root)),
            format!("words        {}", english.join(" ")),
            format!("             {}", japanese.join(" ")),
            format!("root         {root}"),
            format!("root is      {}", line(&lock)),
            format!("sign         {feed}"),
            format!("signer       {signer}"),
        ];
        lines.join("\n")
    })
    .map_err(|error| broken(&error))
}

/// One line for each key that may sign a bundle in a circle; in no circle, one for this home.
fn signers(out: &Out, node: &Handle, circle: Option<&str>) -> Result<(), Failure> {
    let mut any = false;
    for (name, key) in node.signers(circle)? {
        any = true;
        let signer = node.signer_line(&name, &key);
        let value = json!({"name": name, "sign": key, "allowed_signer": signer});
        out.fact("signer", value, || signer.clone())
            .map_err(|error| broken(&error))?;
    }
    if !any {
        out.note("no-circle", &[]).map_err(|error| broken(&error))?;
    }
    Ok(())
}

/// The role of a key that is not the sign key.
fn role(which: Which) -> Option<Role> {
    match which {
        Which { receive: true, .. } => Some(Role::Receive),
        Which {
            transport: true, ..
        } => Some(Role::Transport),
        _ => None,
    }
}
