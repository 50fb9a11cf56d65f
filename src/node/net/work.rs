//! The hub's work: it comes from the tasks of connections, from threads that hash, and from the
//! control socket.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use crate::carrier::node_addr::NodeAddr;
use crate::carrier::wire::Road;
use crate::identity::Verified;
use crate::record::{Ack, CircleId};
use crate::sync::{Closed, Input, Output, Setup, Side};

use super::blobs::{Listed, Looked};
use super::proof::{Arrived, Convinced, Facts};

/// Work for the hub, from the asynchronous half and from threads.
pub(super) enum Work {
    Listening {
        port: u16,
    },
    /// The address at which this node believes to be reached beyond its network.
    WideArea {
        here: NodeAddr,
    },
    /// A connection stands; the answer is how its session begins.
    Begin {
        id: u64,
        side: Side,
        road: Road,
        exporter: [u8; 32],
        address: String,
        answers: mpsc::UnboundedSender<Input>,
        reply: oneshot::Sender<Option<Setup>>,
    },
    Output {
        id: u64,
        output: Output,
    },
    /// Statements and records came, and were verified.
    Arrived(Arrived),
    /// An acknowledgement came, and was verified; none: it was not what its signature says.
    Acknowledged(u64, CircleId, Option<Verified<Ack>>),
    /// A chain came, and was verified.
    Judge(Box<Convinced>),
    /// The circle that a ticket led to came, and was verified.
    Joined(u64, CircleId, Box<Facts>),
    End {
        id: u64,
        why: Option<Closed>,
        received: u64,
        sent: u64,
    },
    /// Whether a relay is between this node and the other end.
    Relayed {
        id: u64,
        relayed: bool,
    },
    /// Somebody is on the network.
    Seen {
        addresses: Vec<SocketAddr>,
    },
    /// Nobody answers at an address that a person gave.
    Silent {
        address: String,
    },
    /// A blob was looked at on another thread.
    Blob(Looked),
    /// The list of a blob's pieces was made.
    Listed(Listed),
    Control {
        request: Value,
        reply: mpsc::UnboundedSender<String>,
    },
    Stop {
        interrupted: bool,
    },
}
