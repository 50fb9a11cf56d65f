//! Arguments of the commands that speak with other nodes.

use clap::{Args, Subcommand};

use super::args::Of;

#[derive(Debug, Args)]
pub struct Node {
    #[command(flatten)]
    pub road: Road,
    /// Run the courier at each removable medium with a folder `okibi` that is plugged in
    #[arg(long)]
    pub watch_media: bool,
}

#[derive(Debug, Args)]
pub struct Sync {
    #[command(flatten)]
    pub road: Road,
    /// End after this many seconds, whatever is still to do
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub timeout: u64,
}

/// How others are reached.
#[derive(Debug, Args, Default)]
pub struct Road {
    /// An address to dial (host:port, or iroh:...) beside those of `okibi peer list`; may be repeated
    #[arg(long = "peer", value_name = "ADDR")]
    pub peers: Vec<String>,
    /// Neither show this node on the local network nor look out for others there
    #[arg(long)]
    pub no_discovery: bool,
    /// UDP port to listen on, 0 for any
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Open no network socket at all
    #[arg(long)]
    pub offline: bool,
}

#[derive(Debug, Subcommand)]
pub enum Peer {
    /// Addresses that are dialled, and what you think of others
    List,
    /// The line by which others reach this node beyond the local network (for their `okibi peer add`)
    Address,
    /// Dial this address (host:port, or iroh:...) from now on, where multicast does not reach
    Add {
        #[arg(value_name = "ADDR")]
        address: String,
    },
    /// Dial this address no longer
    Remove {
        #[arg(value_name = "ADDR")]
        address: String,
    },
    /// Speak with this member no longer; what it wrote still counts
    Block { member: String },
    /// Speak with this member again
    Unblock { member: String },
    /// Call a member by a name of your own; without a name, no longer
    Nick {
        member: String,
        name: Option<String>,
    },
}

#[derive(Debug, Args)]
pub struct Invite {
    #[command(flatten)]
    pub of: Of,
    /// The ticket may be used for this many minutes, by this node's clock
    #[arg(long, value_name = "N", default_value_t = 60)]
    pub minutes: u64,
    /// Print the ticket and end; the running node honours it
    #[arg(long)]
    pub no_wait: bool,
    /// Show no QR code
    #[arg(long)]
    pub no_qr: bool,
    #[command(flatten)]
    pub road: Road,
}

#[derive(Debug, Args)]
pub struct Join {
    /// The line that `okibi circle invite` shows
    pub ticket: String,
    /// What the circle shall call you
    #[arg(long)]
    pub name: String,
    #[command(flatten)]
    pub road: Road,
}
