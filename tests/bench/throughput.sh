#!/bin/sh
# Throughput of export and import beside stock tools, on a RAM disk: 2 GiB that nothing compresses and 500 MB of text.
#   tests/bench/throughput.sh [OKIBI] [FOLDER] [RUNS] [BLOB-MiB] [TEXT-MB]
# Runs are interleaved (okibi, tools, okibi, tools ...); prints each time, the medians and their ratio, and okibi's peak memory.
# Hashing, signing, syncing and reading back are okibi's own affair and counted. Needs age, zstd, tar, python3, GNU time's figures
# come from wait4 through python3. About 13 GB of the folder are used.
set -eu
okibi=${1:-target/release/okibi}
folder=${2:-/dev/shm/okibi-throughput}
runs=${3:-5}
blob=${4:-2048}
text=${5:-500}
here=$(dirname "$0")
rm -rf "$folder"
mkdir -p "$folder"
trap 'rm -rf "$folder"' EXIT
exec python3 "$here/throughput.py" "$okibi" "$folder" "$runs" "$blob" "$text" "$here/../../fixtures/ember/ember-q8_0.gguf"
