//! Arguments of the commands about this node itself: its keys, its home, its program.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Of;

#[derive(Debug, Args)]
pub struct Audit {
    /// Check that no line was changed or taken out
    #[arg(long)]
    pub verify: bool,
}

#[derive(Debug, Subcommand)]
pub enum Key {
    /// Show fingerprint, words and keys
    Show,
    /// Print the key card, one line to give to who shall admit you
    Card,
    /// Make a new sign key; the old feed ends and names the new one
    Rotate {
        #[command(flatten)]
        which: Which,
    },
    /// Open a new feed, after this home was restored, moved or copied
    NewFeed {
        /// With the spare key, while the root key is locked or lost: ordinary records only. Never with one spare key in
        /// two homes
        #[arg(long)]
        spare: bool,
    },
    /// Take the sign key back because somebody else may have it, and go on with a new one; what this node knows of the
    /// old feed stays
    Revoke {
        #[command(flatten)]
        which: Which,
        /// Do it without a question; without a terminal nothing is done otherwise
        #[arg(short, long)]
        yes: bool,
    },
    /// Print an allowed-signers line for each member, to check HEAD.sig with ssh-keygen
    Signers {
        #[command(flatten)]
        of: Of,
    },
    /// Keep the root key under a passphrase, or in clear again
    #[command(subcommand)]
    Passphrase(Passphrase),
    /// Keep the root key under an age plugin, such as a YubiKey or a TPM
    Plugin {
        /// What the plugin printed: age1NAME1...
        #[arg(long, value_name = "AGE1...")]
        recipient: String,
        /// A file with the plugin's AGE-PLUGIN-NAME-1... line
        #[arg(long, value_name = "FILE")]
        identity: PathBuf,
    },
    /// Print the receive key as an age identity, to open bundles without okibi; it is secret
    Identity,
}

/// Another key than the sign key.
#[derive(Debug, Clone, Copy, Args)]
#[group(multiple = false)]
pub struct Which {
    /// The receive key instead, which bundles are encrypted to
    #[arg(long)]
    pub receive: bool,
    /// The transport key instead, by which this node is known on a network
    #[arg(long)]
    pub transport: bool,
}

#[derive(Debug, Subcommand)]
pub enum Passphrase {
    /// Put the root key under a new passphrase, which is asked for
    Set {
        /// Take the new passphrase from the first line of a file
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// Write the root key in clear again
    Remove,
}

#[derive(Debug, Args)]
pub struct Backup {
    /// The backup's file; - for standard output
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Encrypt to an age recipient, an SSH public key, or a file of SSH public keys; may be repeated. Without it a
    /// passphrase is asked for
    #[arg(long, value_name = "KEY|FILE", conflicts_with = "passphrase_file")]
    pub to: Vec<String>,
    /// Encrypt with the passphrase in the first line of a file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// Leave the secret keys out; they are kept elsewhere
    #[arg(long)]
    pub without_keys: bool,
}

#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's file; - for standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Open it with an age identity file or an SSH private key. Without it a passphrase is asked for
    #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub identity: Vec<PathBuf>,
    /// Refuse it unless this is the fingerprint of its identity, or the beginning of it
    #[arg(long, value_name = "FINGERPRINT")]
    pub of: Option<String>,
    /// Also take the settings that say whom the node speaks to and where its passphrase is
    #[arg(long)]
    pub with_network_settings: bool,
    /// Open it with the passphrase in the first line of a file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Update {
    /// Write the newest release under the key that you confirmed, and its signature, into a folder
    #[arg(long, value_name = "DIR")]
    pub extract: Option<PathBuf>,
    /// The release of this name instead of the newest
    #[arg(long, value_name = "NAME", requires = "extract")]
    pub name: Option<String>,
    /// The key whose releases you take from now on, as ssh-keygen writes its line; from a place that no bundle came from
    #[arg(long, value_name = "SSH-KEY")]
    pub key: Option<String>,
    /// Also one that is older than this program
    #[arg(long, requires = "extract")]
    pub older: bool,
    /// Share a release file in a circle
    #[arg(
        long,
        value_name = "FILE",
        requires = "signature",
        conflicts_with = "extract"
    )]
    pub share: Option<PathBuf>,
    /// Its signature: ssh-keygen -Y sign -n okibi-release@v1
    #[arg(long, value_name = "FILE", requires = "share")]
    pub signature: Option<PathBuf>,
    /// The circle, where there are several
    #[arg(long, value_name = "NAME")]
    pub circle: Option<String>,
}

#[derive(Debug, Args)]
pub struct Doctor {
    /// Look for this peer (host:port, or a member's name) and say which step fails
    #[cfg(feature = "lan")]
    pub peer: Option<String>,
    /// Exit with 1 when something is wrong
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct Gc {
    /// Say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Also drop slices that wait for the other media of their set, however new
    #[arg(long)]
    pub slices: bool,
}

#[derive(Debug, Subcommand)]
pub enum Config {
    /// Show every value and where it comes from
    Show,
}

#[derive(Debug, Subcommand)]
pub enum Internal {
    /// Write all man pages into a folder
    Man { dir: PathBuf },
    /// Write all completions into a folder
    Completions { dir: PathBuf },
    /// Make the starter bundle from its sources
    Starter {
        sources: PathBuf,
        model: PathBuf,
        out: PathBuf,
    },
}
