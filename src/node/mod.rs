//! The runtime: it wires store, carriers, models and library together and offers them to the faces as
//! commands on a `Handle`. While a command works it tells what happens as `Event`s.
//!
//! The handle owns the open store and the key files of one home; several processes may hold one each.
//! It is the only place that reads the clock and the system's random numbers.

mod admit;
mod bundle;
mod circle;
mod clock;
mod content;
mod failure;
mod home;
mod inference;
#[cfg(feature = "lan")]
mod net;
pub mod paste;

use std::path::{Path, PathBuf};

use crate::carrier::media::files::Files;
use crate::config::Config;
use crate::record::{CircleId, RootKey};
use crate::store::Store;
use crate::store::keys::KeyFolder;

// What the faces show comes from the edges through here.
pub use crate::carrier::media::keyring::{Addressee, Secret};
pub use crate::carrier::media::slices::{Full, Layout};
pub use crate::identity::fingerprint;
pub use crate::library::citation::{printable_line, printable_text};
pub use crate::library::{Document, Hit, Scope};
pub use crate::model::Card;
pub use crate::model::generate::End;
pub use crate::model::tokenizer::Conformance;
pub use crate::store::{
    AuditLine, CircleView, FoundMessage, MessageRow, ModelRow, PeerRow, Privacy, SessionRow,
    Speaker, Standing, TicketRow,
};

pub use bundle::courier::{CourierOptions, CourierReport, Delivery};
pub use bundle::export::Export;
pub use bundle::export_target::{Ask, ExportOptions, Since, Target};
pub use bundle::external_recipients::{
    identity_file, made_up_words, new_passphrase, passphrase_file, recipients, ssh_recipients,
};
pub use bundle::import::Imported;
pub use bundle::inspect::{Inspected, Part, Seen};
pub use bundle::intake::{ImportOptions, ImportReport, Repair};
pub use bundle::watch::{INTERVAL as WATCH_INTERVAL, Served, Watch};
pub use circle::authority::{Change, Decided, Decision, Effect, kind_name};
pub use circle::membership::{Founded, MemberName};
pub use circle::offers::{Accepted, Left, Offer, quoted_name};
pub use circle::peers::{Fate, Invited, PeersOverview, Running, Waiting};
pub use clock::{Stopwatch, wall_clock};
pub use content::missing::Missing;
pub use content::models::{Fit, Permission};
pub use content::quantize::{Packed, Packing};
pub use content::share::Label;
pub use content::update::{Extracted, Release};
pub use failure::{Exit, Failure};
pub use home::backup::{Backup, BackupTarget};
pub use home::doctor::{Finding, ranges};
pub use home::modes::private_by_default;
pub use home::overwrite::{may_replace, write_new};
pub use home::restore::{RestoreOptions, Restored, backup_holds, restore};
pub use home::status::{AuditCheck, CircleStatus, MemberStatus, Status};
pub use home::system_stats::{Overview, Stick, SystemStats};
pub use home::unlock::{AskPassphrase, RootAtRest, RootLock};
pub use inference::chat::{
    Answer, ChatOptions, Likelihood, ManualAnswer, Piece, Question, TokenChoice, Turn, end_word,
};
pub use inference::engine::{Conversation, Engine, Listener};
pub use inference::history::{Growing, History, branch, quoted, turns};
#[cfg(feature = "lan")]
pub use net::{
    Compared, Invitation, Joining, NetOptions, NetReport, Reached, Ticket, WideArea, ask_daemon,
    valid_address, valid_relay,
};

/// From now on a panic of a library that is caught and becomes an error of one bundle is not shown; every other is.
pub fn hide_caught_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !panic_is_caught() {
            before(info);
        }
    }));
}

/// Whether a panic on this thread is caught and becomes an error of one bundle.
pub fn panic_is_caught() -> bool {
    crate::carrier::media::seal::is_guarded()
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An identity was made, without a question.
    IdentityMade { root: RootKey },
    /// The starter bundle that is built into the binary was taken in.
    StarterTaken { documents: usize, models: usize },
    /// Step `done` of `total` of something that takes a while; bytes.
    Progress {
        what: &'static str,
        done: u64,
        total: u64,
    },
    /// New records changed earlier decisions.
    DecisionChanged {
        circle: CircleId,
        changes: Vec<crate::fold::Change>,
    },
    /// This home stands elsewhere than where it was; writing is stopped until a new feed is opened.
    HomeMoved,
    /// This home cannot be written.
    HomeReadOnly,
    /// Others could have read this home until now; it is closed.
    HomeClosed,
}

/// The receiver of events.
pub type Sink = Box<dyn FnMut(Event) + Send>;

/// One open home.
pub struct Handle {
    pub(crate) config: Config,
    store: Store,
    keys: KeyFolder,
    root: RootKey,
    sink: Sink,
    layer: Layer,
    /// What opens bundles beside this home's own keys, for as long as this handle lives.
    lent: Vec<Secret>,
    /// Where `sys` and `proc` are: the root folder.
    system: PathBuf,
    /// How much of a bundle one transaction takes.
    step: bundle::batches::Step,
    /// How a person is asked for the passphrase of the root key.
    ask: Option<AskPassphrase>,
}

/// Gives the file layer below a root.
pub type Layer = Box<dyn Fn(&Path) -> Files + Send + Sync>;

impl Handle {
    /// The same home over another file layer: tests record what is written, and make it fail.
    #[doc(hidden)]
    #[must_use]
    pub fn over(mut self, layer: Layer) -> Self {
        self.layer = layer;
        self
    }

    /// The same home with transactions of so many records where it takes in a bundle: tests have small ones.
    #[doc(hidden)]
    #[must_use]
    pub fn in_steps_of(mut self, records: usize) -> Self {
        self.step = bundle::batches::Step::of(records);
        self
    }

    /// The same home with a made-up `sys` and `proc` below this folder: tests have no sticks.
    #[doc(hidden)]
    #[must_use]
    pub fn on_system(mut self, root: &Path) -> Self {
        root.clone_into(&mut self.system);
        self
    }

    /// Folders of the removable media that are mounted now.
    pub fn removable(&self) -> Vec<PathBuf> {
        crate::carrier::media::usb::mounted(&self.system)
    }

    /// The file layer below a root.
    fn files(&self, root: &Path) -> Files {
        (self.layer)(root)
    }

    /// The configuration that this handle was opened with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The folder of this home.
    pub fn home(&self) -> &Path {
        self.store.home()
    }

    /// The store, for tests, which look behind the commands.
    #[doc(hidden)]
    pub fn store(&self) -> &Store {
        &self.store
    }
}
