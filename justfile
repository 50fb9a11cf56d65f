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
    bash .ci/gate fmt deny clippy doc airgap features generated test

# The library's tests for 64-bit ARM in an emulator: needs the target, gcc-aarch64-linux-gnu and qemu-user. What starts
# the test program itself as a child is left out, since the system cannot start it.
arm CPU="max":
    rustup target add aarch64-unknown-linux-gnu
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc \
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -cpu {{CPU}} -L /usr/aarch64-linux-gnu" \
        cargo test --locked --target aarch64-unknown-linux-gnu --lib -- --skip a_panic_gives --skip memory_is_flat

# Known vulnerabilities in dependencies; needs a network, or OKIBI_ADVISORY_DB=CLONE of RustSec's database.
advisories:
    bash .ci/gate advisories

# A release for this platform in dist/: program, manuals, completions, licences, checksums, and a signature with the ssh
# key KEY over the checksums. Times and order in the archive are those of the commit, so that others can build the same.
release KEY:
    #!/usr/bin/env bash
    set -euo pipefail
    [ -z "$(git status --porcelain)" ] || { echo "commit first: a release is made of a commit" >&2; exit 1; }
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
    target=$(rustc -vV | sed -n 's/^host: //p')
    name=okibi-$version-$target
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct); export SOURCE_DATE_EPOCH
    RUSTFLAGS="--remap-path-prefix=$PWD=. --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo" \
        cargo build --locked --release
    rm -rf "dist/$name" && mkdir -p "dist/$name"
    cp target/release/okibi README.md CHANGELOG.md SECURITY.md LICENSE-MIT LICENSE-APACHE "dist/$name"
    cp -r man completions contrib "dist/$name"
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C dist -czf "dist/$name.tar.gz" "$name"
    git rev-parse HEAD > "dist/$name.commit"
    ( cd dist && sha256sum "$name.tar.gz" "$name.commit" > "$name.sha256" )
    ssh-keygen -Y sign -f "{{KEY}}" -n okibi-release@v1 "dist/$name.sha256"
    git tag --list "v$version" | grep -q . || echo "tag it: git tag --sign v$version"
    echo "check it: ssh-keygen -Y verify -f ALLOWED -I NAME -n okibi-release@v1 -s dist/$name.sha256.sig < dist/$name.sha256"

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
