//! The air-gap binary (`--no-default-features --features tui`) holds no network code of ours: its dependency tree is read
//! and searched. What is not linked cannot call anywhere.

use std::collections::BTreeSet;
use std::process::Command;

/// Crates that open connections, serve them, or look names up. `mio` has a test of its own.
const NETWORK: [&str; 22] = [
    "axum",
    "curl",
    "h2",
    "hickory-proto",
    "hickory-resolver",
    "hyper",
    "hyper-util",
    "iroh",
    "iroh-gossip",
    "mainline",
    "mdns-sd",
    "n0-mainline",
    "native-tls",
    "noq",
    "openssl",
    "quinn",
    "quinn-proto",
    "reqwest",
    "rustls",
    "socket2",
    "tokio",
    "ureq",
];

/// The tree of normal dependencies, on the platform that the tests run on: one crate name a line.
fn tree(extra: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .args(extra)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree failed: {said}");
    let names = String::from_utf8(output.stdout).expect("UTF-8");
    names
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_air_gap_binary_has_no_network_code() {
    let tree = tree(&["--no-default-features", "--features", "tui"]);
    // If the tree were read wrongly, nothing would be found in it.
    for known in ["okibi", "age", "rusqlite", "blake3"] {
        assert!(
            tree.contains(known),
            "{known} is missing: the tree was not read"
        );
    }
    let found: Vec<&str> = NETWORK
        .into_iter()
        .filter(|name| tree.contains(*name))
        .collect();
    assert!(
        found.is_empty(),
        "network code in the air-gap binary: {found:?}"
    );
}

/// crossterm waits for keys and signals with `mio`: on the terminal's file, and on a pair of local sockets that the signal
/// handler writes to, which is why its sockets are compiled. It stays with those two: nobody else may use it.
#[test]
fn mio_only_waits_for_the_terminal() {
    let build = ["--no-default-features", "--features", "tui"];
    let tree = tree(&[&build[..], &["-i", "mio", "--depth", "1"]].concat());
    let brings: Vec<&str> = tree.iter().map(String::as_str).collect();
    assert_eq!(brings, ["crossterm", "mio", "signal-hook-mio"]);
}

/// No way to a system's cryptography either, with whatever features.
#[test]
fn no_foreign_cryptography_in_any_build() {
    let tree = tree(&["--all-features"]);
    for name in [
        "openssl",
        "openssl-sys",
        "native-tls",
        "aws-lc-rs",
        "aws-lc-sys",
    ] {
        assert!(!tree.contains(name), "{name}");
    }
}

/// What the air-gap binary is built from names no socket: `std::net` would need no crate. What the features of the
/// roads add is left out of it, by these lines and no others.
#[test]
fn no_socket_of_the_standard_library() {
    let roads = [
        "src/carrier/admission.rs",
        "src/carrier/node_addr.rs",
        "src/carrier/iroh/",
        "src/carrier/lan/",
        "src/carrier/wire.rs",
        "src/node/net/",
    ];
    for source in super::source::sources() {
        if roads.iter().any(|road| source.path.starts_with(road)) {
            continue;
        }
        for word in [
            "std::net",
            "UnixStream",
            "UnixListener",
            "TcpStream",
            "UdpSocket",
            "tokio::",
            "quinn::",
            " iroh::",
            "mdns_sd::",
        ] {
            assert!(!source.code.contains(word), "{}: {word}", source.path);
        }
    }
    for (file, module) in [
        ("src/carrier/mod.rs", "pub mod lan;"),
        ("src/carrier/mod.rs", "pub mod admission;"),
        ("src/carrier/mod.rs", "pub mod node_addr;"),
        ("src/carrier/mod.rs", "pub mod wire;"),
        ("src/node/mod.rs", "mod net;"),
    ] {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        let text = std::fs::read_to_string(path).expect("readable");
        let gated = format!("#[cfg(feature = \"lan\")]\n{module}");
        assert!(text.contains(&gated), "{module} is in every build");
    }
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/carrier/mod.rs");
    let text = std::fs::read_to_string(path).expect("readable");
    assert!(text.contains("#[cfg(feature = \"iroh\")]\npub mod iroh;"));
}
