//! The control socket: `HOME/control.sock`, in its owner's folder, for its owner only. One JSON object a line in both directions:
//! `{"type":"status"}` is answered once, `{"type":"events"}` by a line for whatever happens, `{"type":"stop"}` ends the
//! node. It is the only socket that `--offline` leaves.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

use super::work::Work;
use crate::node::{Exit, Failure};

/// The socket's name in a home.
const SOCKET: &str = "control.sock";
/// A request is one line of at most this.
const REQUEST: u64 = 4_096;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The open socket; its file goes with it.
pub(super) struct Control {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Opens the socket; refuses where another node of this home answers.
pub(super) fn open(home: &Path, runtime: &Runtime, work: Sender<Work>) -> Result<Control, Failure> {
    let path = home.join(SOCKET);
    let _guard = runtime.enter();
    if std::os::unix::net::UnixStream::connect(&path).is_ok() {
        return Err(Failure::new("node-runs", Exit::Busy).with("path", path.display()));
    }
    // A socket that nobody answers on was left by a killed node.
    let _ = std::fs::remove_file(&path);
    let fail = |error: std::io::Error| Failure::io(&path, error);
    let listener = UnixListener::bind(&path).map_err(fail)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(fail)?;
    let task = runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, work.clone()));
        }
    });
    Ok(Control { path, task })
}

async fn serve(stream: UnixStream, work: Sender<Work>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read.take(REQUEST)).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let request: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
        let (reply, mut answers) = mpsc::unbounded_channel::<String>();
        if work.send(Work::Control { request, reply }).is_err() {
            return;
        }
        // The hub drops its half after one answer, and keeps it for events.
        while let Some(mut answer) = answers.recv().await {
            answer.push('\n');
            if write.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// Asks the node that runs in this home; none where none runs.
pub fn ask(home: &Path, request: &Value) -> Option<Value> {
    use std::io::{BufRead, Write};
    let mut stream = std::os::unix::net::UnixStream::connect(home.join(SOCKET)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(format!("{request}\n").as_bytes()).ok()?;
    let mut line = String::new();
    std::io::BufReader::new(stream).read_line(&mut line).ok()?;
    serde_json::from_str(&line).ok()
}
