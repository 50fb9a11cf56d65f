#!/usr/bin/env bash
# Writes the golden bundles of `fixtures/bundles/1` again, with identities that are thrown away: only for a format that
# changed before its release. Needs a built okibi, python3, ssh-keygen and age-keygen; then bless the hashes (README.md
# there).
#
#     tests/bundle/make_golden.sh target/debug/okibi fixtures/bundles/1
set -euo pipefail
okibi=$(realpath "$1") out=$(realpath "$2")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
install -m 600 "$out/ssh" key
# What others could read is refused as a secret; a checkout is readable.
install -m 600 "$out/passphrase.txt" passphrase
said() { local home=$1; shift; "$okibi" --home "$work/$home" "$@" 2>/dev/null; }
run() { echo "okibi ${*:2}" >&2; said "$@" >/dev/null; }

member() { # circle's home, member
    said "$2" key card >"$2.card"
    run "$1" circle admit "$2.card" --name "$2" --yes
}
share() { run "$1" library add "$2"; run "$1" library share "${2%.*}"; }

# One recipient, one document.
run ann circle found hearth --as ann
member ann ben
printf '# Bread\n\nFlour, water, salt.\n' >bread.md
share ann bread.md
rm -rf "$out"/{small,two-recipients,parity,set-1,set-2,*.okb}
mkdir -p "$out"/{small,two-recipients,parity,set-1,set-2}
run ann export-bundle "$out/small" --to ben
said ben key identity >"$out/small-identity.txt"

# Two recipients; documents and a withdrawal.
run eve circle found hearth --as ann
printf '# Bread\n\nFlour, water, salt; and time.\n' >bread.md
printf '# okibi\n\nEmbers that keep glowing.\n' >okibi.md
python3 - >noise.txt <<'END'
import hashlib
# Text without meaning, which nothing compresses.
print("\n".join(hashlib.sha512(str(n).encode()).hexdigest()[:90] for n in range(380)))
END
for file in bread.md okibi.md noise.txt; do share eve "$file"; done
run eve library withdraw okibi
member eve cay
member eve dan
run eve export-bundle "$out/two-recipients" --to cay --to dan
run eve export-bundle "$out/parity" --to cay --full --slice 20000 --parity 10%
run eve export-bundle -o "$out/file.okb" --to cay --full
run eve export-bundle -o "$out/ssh.okb" --to-ssh "$(ssh-keygen -y -f key)" --full
run eve export-bundle -o "$out/passphrase.okb" --passphrase-file passphrase --full
said cay key identity >"$out/identity.txt"

# The slices of `parity`, on two sticks, without parity.
python3 - "$out" <<'END'
import hashlib, pathlib, shutil, sys
out = pathlib.Path(sys.argv[1])
bundle, = [path for path in (out / "parity/okibi").iterdir() if path.is_dir()]
lines = (bundle / "SUMS").read_text().splitlines()
tokens = [line for line in lines if line.startswith("# token")]
slices = [line for line in lines if line.endswith(".age")]
cut = len(slices) - 1
for stick, part, first in (("set-1", slices[:cut], 0), ("set-2", slices[cut:], cut)):
    to = out / stick / "okibi" / bundle.name
    to.mkdir(parents=True)
    shutil.copy(out / "parity/okibi/README.txt", to.parent)
    head = ["# okibi-sums: 1", f"# slices: {first:03}-{first + len(part) - 1:03}", f"# last: {'yes' if first else 'no'}"]
    text = "".join(line + "\n" for line in head + tokens + part)
    (to / "SUMS").write_text(text + f"# end: {hashlib.sha256(text.encode()).hexdigest()}\n")
    for line in part:
        shutil.copy(bundle / line.split()[1], to)
END
