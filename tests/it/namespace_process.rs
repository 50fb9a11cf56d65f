//! A process inside of a network namespace: this test binary again, as a relay, a DHT or an ear.

use std::io::{BufRead, BufReader, Lines, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::netns::inside_of;

/// Ends when it is dropped.
pub struct Inside {
    child: Child,
    ask: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Inside {
    /// Runs the ignored test `name` with a variable that tells it that it is meant, until it says `ready`.
    pub fn start(space: &str, name: &str, (variable, value): (&str, &str), ready: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", name, "--ignored", "--nocapture"]);
        command.env(variable, value);
        let mut child = inside_of(space, &command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(ready)));
        Self {
            ask: child.stdin.take().unwrap(),
            child,
            lines,
        }
    }

    /// What it says to a line, up to `so far`: the bytes of each answer of one kind, which stand behind it in hexadecimal.
    pub fn ask(&mut self, line: &str, kind: &str) -> Vec<Vec<u8>> {
        writeln!(self.ask, "{line}").unwrap();
        let said = self.lines.by_ref().map(Result::unwrap);
        let said = said.take_while(|line| line != "so far");
        let all = said.filter_map(|line| {
            let hex = line.strip_prefix(kind)?.trim();
            Some(data_encoding::HEXLOWER.decode(hex.as_bytes()).unwrap())
        });
        all.collect()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
