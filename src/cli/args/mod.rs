//! The command line. Man pages and completions are generated from here.

mod node;
mod shelves;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use node::{
    Audit, Backup, Config, Doctor, Gc, Internal, Key, Passphrase, Restore, Update, Which,
};
pub use shelves::{Library, Model};

const AFTER: &str = "\
Exit codes: 0 done, 1 failed, 2 usage, 3 partly done, 10 nothing for me, 11 slice missing, 12 signature or decryption \
refused, 13 lower version asked for, 14 stale, 15 fork, 16 no space, 17 waiting for something missing, 18 busy, \
19 key locked, 20 needs a newer okibi, 21 no medium, 130 interrupted. 14, 15 and 17 come only from a command that asks \
for them, or with --strict; 17 also from import-bundle where a circle offers to take this node in (okibi circle accept).";

/// Heading of the options that every command has: a command's own stand apart.
const EVERYWHERE: &str = "Options of every command";

/// A terminal-first node for AI that is yours: local models, a signed shared history, bundles on a USB stick.
#[derive(Debug, Parser)]
#[command(name = "okibi", version, about, after_help = AFTER, max_term_width = 100)]
#[command(disable_help_subcommand = true, propagate_version = true)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Args)]
pub struct Global {
    /// Folder of this node (database, keys, blobs); also OKIBI_HOME
    #[arg(long, global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub home: Option<PathBuf>,
    /// Print facts as JSON lines with a `type`, errors too
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Print nothing on success
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    pub quiet: bool,
    /// Language of the interface, en or ja; by the locale when missing
    #[arg(long, global = true, value_name = "TAG", env = "OKIBI_LANG", help_heading = EVERYWHERE)]
    pub lang: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask a question: one answer, or a conversation when no prompt is given
    Chat(Chat),
    /// What this node is, has and lacks, and when each peer was last heard
    Status(Status),
    /// Write a bundle with all that the recipients lack
    ExportBundle(Export),
    /// Take in what a bundle has for this node, and acknowledge it
    ImportBundle(Import),
    /// Say what a bundle holds, without taking anything in
    InspectBundle(Inspect),
    /// Check a bundle to its last byte, without taking anything in
    VerifyBundle(Inspect),
    /// Import, export and carry at each medium, in one call for cron
    Courier(Courier),
    /// Be a node: find others on the local network and stay in step with them
    #[cfg(feature = "lan")]
    Node(super::network_args::Node),
    /// One round with everybody who can be reached, then end
    #[cfg(feature = "lan")]
    Sync(super::network_args::Sync),
    /// Addresses of others, nicknames, and whom not to speak with
    #[cfg(feature = "lan")]
    #[command(subcommand)]
    Peer(super::network_args::Peer),
    /// Found circles; admit and suspend members
    #[command(subcommand)]
    Circle(Circle),
    /// Add, list, show, choose, share, quantize and remove models
    #[command(subcommand)]
    Model(Model),
    /// Add, find, share and remove documents
    #[command(subcommand)]
    Library(Library),
    /// All that came in and went out, by which road
    Audit(Audit),
    /// Your conversations: list, show, export, delete; they never leave this node
    #[command(subcommand)]
    History(History),
    /// This node's keys: show, card, rotate, open a new feed, print the age identity
    #[command(subcommand)]
    Key(Key),
    /// Look at this node: its model, its circles, what comes in and goes out
    #[cfg(feature = "tui")]
    Monitor(Monitor),
    /// What is wrong and what to do
    Doctor(Doctor),
    /// Write the whole home into one encrypted file
    Backup(Backup),
    /// Make a new home out of a backup; it opens a new feed
    Restore(Restore),
    /// List releases of okibi that came by bundle, or write one out; nothing is ever executed
    Update(Update),
    /// Remove blobs that nothing names any more
    Gc(Gc),
    /// Show the configuration and where each value comes from
    #[command(subcommand)]
    Config(Config),
    /// Print completions for a shell
    Completions { shell: clap_complete::Shell },
    /// Print the manual page, of a command if one is named, such as `circle admit`
    Man { command: Vec<String> },
    /// For those who build okibi
    #[command(subcommand, hide = true)]
    Internal(Internal),
}

#[derive(Debug, Args)]
pub struct Chat {
    /// The question; also read from standard input when that is no terminal
    pub prompt: Vec<String>,
    /// Model to use; see `okibi model list`. Without one the built-in manual is quoted
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<String>,
    /// Instructions that stand before the conversation
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// 0 always takes the likeliest token
    #[arg(long, value_name = "T")]
    pub temperature: Option<f32>,
    /// Choose among the K likeliest tokens; 0 for no limit
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Choose among the likeliest tokens that have probability P together
    #[arg(long, value_name = "P")]
    pub top_p: Option<f32>,
    /// Leave out tokens less likely than P times the likeliest
    #[arg(long, value_name = "P")]
    pub min_p: Option<f32>,
    /// Divide the scores of recent tokens by R; 1 for none
    #[arg(long, value_name = "R")]
    pub repeat_penalty: Option<f32>,
    /// Same seed, same text
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Most tokens of context; at most the model's own limit
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Most tokens of one answer
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// End the answer where this text appears; may be repeated
    #[arg(long, value_name = "TEXT")]
    pub stop: Vec<String>,
    /// A file with a chat template (Jinja) to use in place of the model's own
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,
    /// With --json: how probable each token was, and the N likeliest at its place
    #[arg(long, value_name = "N")]
    pub logprobs: Option<usize>,
    /// Show on standard error what a reasoning model thinks before it answers
    #[arg(long)]
    pub thoughts: bool,
    /// Plain lines without any terminal control, for screen readers
    #[arg(long)]
    pub plain: bool,
    /// Go on with a conversation: its number (see `okibi history list`), or the last one
    #[arg(long, value_name = "NUMBER", num_args = 0..=1, default_missing_value = "last")]
    pub resume: Option<String>,
    /// Do not keep this conversation
    #[arg(long, conflicts_with = "resume")]
    pub no_save: bool,
}

#[derive(Debug, Subcommand)]
pub enum History {
    /// List the conversations, newest first
    List {
        /// Only those that hold all these words
        #[arg(value_name = "WORDS")]
        words: Vec<String>,
    },
    /// Show a conversation: its number, or last
    Show {
        #[arg(value_name = "NUMBER")]
        session: String,
        /// All branches, with the numbers of the messages
        #[arg(long)]
        all: bool,
    },
    /// Write a conversation as markdown
    Export {
        #[arg(value_name = "NUMBER")]
        session: String,
        /// The file; standard output without one
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Delete conversations for good
    Delete {
        #[arg(value_name = "NUMBER", required_unless_present = "all")]
        sessions: Vec<String>,
        /// Every conversation
        #[arg(long, conflicts_with = "sessions")]
        all: bool,
        #[command(flatten)]
        sure: Sure,
    },
}

#[cfg(feature = "tui")]
#[derive(Debug, Args)]
pub struct Monitor {
    /// Plain lines without any terminal control: everything once, then what changes
    #[arg(long)]
    pub plain: bool,
    /// With --plain: everything once, and no more
    #[arg(long, requires = "plain")]
    pub once: bool,
}

#[derive(Debug, Args)]
pub struct Status {
    /// Exit with 14 when a peer was not heard for this long, such as 26h, 7d, 90m
    #[arg(long, value_name = "AGE")]
    pub max_age: Option<String>,
    /// Also exit with 15 for forks and 17 for records that wait
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Args)]
pub struct Export {
    /// The medium's folder; several are filled in this order
    #[arg(
        value_name = "DIR",
        required_unless_present_any = ["output", "usb"],
        conflicts_with_all = ["output", "usb"]
    )]
    pub media: Vec<PathBuf>,
    /// A member to write for: name, or beginning of its fingerprint; may be repeated
    #[arg(long = "to", value_name = "MEMBER", required_unless_present_any = ["to_ssh", "passphrase", "passphrase_file"])]
    pub to: Vec<String>,
    /// Somebody with an SSH key, who needs no okibi to open it: the public key's line, or a file of such lines
    #[arg(long, value_name = "KEY|FILE", conflicts_with_all = ["to", "passphrase", "passphrase_file"])]
    pub to_ssh: Vec<String>,
    /// Whoever knows a passphrase, which is asked for
    #[arg(long, conflicts_with_all = ["to", "passphrase_file"])]
    pub passphrase: bool,
    /// Whoever knows the passphrase in the first line of a file
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub passphrase_file: Option<PathBuf>,
    /// The circle, where there are several
    #[arg(long, value_name = "NAME")]
    pub circle: Option<String>,
    /// Everything, not only what was not acknowledged yet
    #[arg(long)]
    pub full: bool,
    /// Everything that came in since then, acknowledged or not: 7d, 26h, or a local date such as
    /// 2026-11-01. For a road on which nobody answers
    #[arg(long, value_name = "WHEN", conflicts_with = "full")]
    pub since: Option<String>,
    /// Write one plain age file instead; - for standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "usb")]
    pub output: Option<PathBuf>,
    /// The removable medium that is mounted now
    #[arg(long)]
    pub usb: bool,
    /// Cut into slices of at most SIZE, such as 700M or 2G; without it as large as the file system allows
    #[arg(long, value_name = "SIZE", conflicts_with = "output")]
    pub slice: Option<String>,
    /// Add so much parity, such as 10%: it repairs as much damage
    #[arg(long, value_name = "PERCENT")]
    pub parity: Option<String>,
    /// Say what would be written
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Import {
    /// The medium's folder, one bundle file, or - for standard input; several media at once
    #[arg(
        value_name = "PATH",
        required_unless_present = "usb",
        conflicts_with = "usb"
    )]
    pub sources: Vec<PathBuf>,
    /// All removable media that are mounted now
    #[arg(long)]
    pub usb: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write nothing to the medium: the acknowledgement goes with the next export
    #[arg(long)]
    pub no_ack: bool,
    /// Of a damaged bundle take what stands whole before the damage; exits with 3
    #[arg(long)]
    pub salvage: bool,
    /// Also join the circles that these bundles offer: for who compared the founder's fingerprint before
    #[arg(long)]
    pub accept: bool,
    /// Also exit with 14 for a bundle older than one already here, 15 for forks and 17 for records that wait
    #[arg(long)]
    pub strict: bool,
    #[command(flatten)]
    pub opened: OpenedBy,
}

#[derive(Debug, Args, Default)]
pub struct OpenedBy {
    /// Also open what is written for this SSH private key; may be repeated
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Vec<PathBuf>,
    /// Also open what is written for a passphrase, which is asked for
    #[arg(long, conflicts_with = "passphrase_file")]
    pub passphrase: bool,
    /// Also open what is written for the passphrase in the first line of a file
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct Courier {
    /// The folders of the media
    #[arg(value_name = "PATH", required_unless_present_any = ["usb", "watch"])]
    pub media: Vec<PathBuf>,
    /// All removable media that are mounted now
    #[arg(long, conflicts_with = "media")]
    pub usb: bool,
    /// Stay, and serve each removable medium with a folder `okibi` when it is mounted
    #[arg(long, conflicts_with_all = ["media", "usb", "dry_run"])]
    pub watch: bool,
    /// Leave a medium alone that has no folder `okibi` at its top: for what runs by itself
    #[arg(long)]
    pub only_prepared: bool,
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Args)]
pub struct Inspect {
    /// The medium's folder, one bundle file, or - for standard input
    #[arg(value_name = "PATH")]
    pub source: PathBuf,
    #[command(flatten)]
    pub opened: OpenedBy,
}

#[derive(Debug, Subcommand)]
pub enum Circle {
    /// Found a circle; the owners of the cards become admins beside you
    Found {
        name: String,
        /// What the circle calls you
        #[arg(long = "as", value_name = "NAME", default_value = "founder")]
        me: String,
        /// A further admin and its key card, or a file that holds the card; three admins are advised
        #[arg(long = "with", value_name = "NAME=CARD")]
        with: Vec<String>,
    },
    /// List your circles
    List,
    /// List circles that admitted you and that you have not joined
    Offers,
    /// Join a circle that admitted you, after you compared its founder's fingerprint with who invited you
    Accept {
        /// Beginning of its id, name, or founder's fingerprint; may be left out where one circle is offered. A whole id is also
        /// taken before its bundle came, and brings a forgotten circle back
        #[arg(value_name = "CIRCLE")]
        name: Option<String>,
        #[command(flatten)]
        sure: Sure,
    },
    /// List the members of a circle
    Members {
        #[command(flatten)]
        of: Of,
    },
    /// Invite somebody: a ticket to show or send, then words that both compare
    #[cfg(feature = "lan")]
    Invite(super::network_args::Invite),
    /// Ask to be admitted with a ticket; compare the words with who gave it to you
    #[cfg(feature = "lan")]
    Join(super::network_args::Join),
    /// Say that the other side shows these words: for a pairing that waits where nobody can be asked
    #[cfg(feature = "lan")]
    Confirm {
        /// The six words that the *other* side shows
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// List this node's invitations
    #[cfg(feature = "lan")]
    Tickets,
    /// Take an invitation back
    #[cfg(feature = "lan")]
    Withdraw {
        /// Beginning of the ticket's id
        id: String,
    },
    /// Admit the owner of a key card; compare the fingerprint first
    Admit {
        /// The line that `okibi key card` prints, a file that holds it, or - for standard input
        card: String,
        /// What the circle will call this member
        #[arg(long)]
        name: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Stand behind a member, an admission, or another decision
    Endorse {
        /// A member, or the beginning of a record's id
        what: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Suspend a member: what it wrote until now stays, nothing later counts
    Suspend {
        /// Name, or beginning of the fingerprint
        member: String,
        #[arg(long, default_value = "")]
        reason: String,
        /// Nothing that it ever wrote counts
        #[arg(long)]
        from_start: bool,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Lift a member's suspension
    Lift {
        member: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Admit a suspended member again, with the feeds that it had
    Readmit {
        member: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Make a member an admin; more than half of the admins must stand behind it
    AddAdmin {
        member: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Show the policy, or propose another one
    Policy {
        /// How many people a member that is no admin may admit
        #[arg(long, value_name = "N")]
        invitations: Option<u64>,
        /// How many admins must stand behind a proposal; 0 for more than half
        #[arg(long, value_name = "N")]
        quorum: Option<u64>,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Found a circle that goes on from an old one, with the same admins and members
    Refound {
        /// Name of the new circle
        name: String,
        #[command(flatten)]
        of: Of,
        #[command(flatten)]
        sure: Sure,
    },
    /// Forget a circle on this node: its records, and its documents and models here. The others keep theirs, and you stay a
    /// member
    Forget {
        /// Name, or beginning of its id
        name: String,
        #[command(flatten)]
        sure: Sure,
    },
    /// Say why a person or a record counts or does not
    Explain {
        /// A member, or the beginning of a record's id
        what: String,
        #[command(flatten)]
        of: Of,
    },
    /// List the decisions of a circle, with those that have no effect
    Log {
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Args, Default)]
pub struct Of {
    /// The circle, where there are several
    #[arg(long, value_name = "NAME")]
    pub circle: Option<String>,
}

#[derive(Debug, Args, Default)]
pub struct Sure {
    /// Say what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without a question; without a terminal nothing is done otherwise
    #[arg(short, long, conflicts_with = "dry_run")]
    pub yes: bool,
}

#[derive(Debug, Args, Default)]
pub struct Label {
    /// Where it comes from, in your words
    #[arg(long, default_value = "")]
    pub source: String,
    /// SPDX expression or free words
    #[arg(long, default_value = "")]
    pub licence: String,
}
