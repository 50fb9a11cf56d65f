# Recipes for people. Each is also a plain command; `.ci/gate` holds those of the gate.

# List the recipes.
default:
    @just --list

# The program, as the README runs it.
build:
    cargo build --locked --release

# Unit tests, the integration binary and the doc tests.
test *ARGS:
    cargo test --locked {{ARGS}}

# Everything that a change must pass.
check:
    bash .ci/gate fmt deny clippy doc airgap generated test

# The library's tests for 64-bit ARM in an emulator: needs the target, gcc-aarch64-linux-gnu and qemu-user. What starts
# the test program itself as a child is left out, since the system cannot start it.
arm CPU="max":
    rustup target add aarch64-unknown-linux-gnu
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu {{CPU}} -L /usr/aarch64-linux-gnu" \
        cargo test --locked --target aarch64-unknown-linux-gnu --lib -- --skip a_panic_gives --skip memory_is_flat

# Known vulnerabilities in dependencies; needs a network.
advisories:
    bash .ci/gate advisories

# Write bundles/starter.okb and its pin again from its sources, signed by an identity that is thrown away.
starter:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --locked
    home=$(mktemp -d)
    trap 'rm -r "$home"' EXIT
    target/debug/okibi --home "$home" internal starter bundles/starter fixtures/ember/ember-q8_0.gguf bundles/starter.okb > "$home/pin"
    cp "$home/pin" bundles/starter.pin
    chmod 644 bundles/starter.okb
    echo "build again: the bundle is part of the program"

# Write the man pages again.
man:
    rm -rf man && mkdir man
    cargo run --locked -- internal man man

# Write the completions again.
completions:
    rm -rf completions && mkdir completions
    cargo run --locked -- internal completions completions

# Write the golden vectors again; look at the difference before you commit it.
vectors:
    OKIBI_BLESS=1 cargo test --locked --test it records::

# Write the golden bundles again, for a format that changed before its release: fixtures/bundles/README.md.
golden:
    cargo build --locked
    tests/bundle/make_golden.sh target/debug/okibi fixtures/bundles/1
    OKIBI_BLESS=1 cargo test --locked --test it golden::bundles_of

# The fuzz targets compile.
fuzz-check:
    bash .ci/gate fuzz-check

# Fuzz one parser for TIME seconds: `just fuzz record 600`. Needs nightly and cargo-fuzz (docs/fuzzing.md).
fuzz TARGET TIME="60":
    mkdir -p fuzz/corpus/{{TARGET}}
    cargo +nightly fuzz run -s none {{TARGET}} fuzz/corpus/{{TARGET}} fixtures/corpus/{{TARGET}} -- -max_total_time={{TIME}}

# The seeded mutations of the stable test, more of them: `just mutations 10000000`.
mutations N="1000000":
    OKIBI_MUTATIONS={{N}} cargo test --locked --test it mutations:: -- --nocapture

# Benchmarks.
bench *ARGS:
    cargo bench --locked {{ARGS}}

# How long a key takes to its frame while a model computes; OKIBI_LATENCY_MODEL=FILE takes a model of yours.
latency:
    cargo build --locked --release
    OKIBI_BIN="$PWD/target/release/okibi" cargo test --locked --test it latency:: -- --ignored --nocapture --test-threads 1

# The screenshots of docs/tui.md again, as text and SVG, from the terminal's own output.
shots:
    cargo test --locked --test it shots:: -- --ignored
