#!/usr/bin/env python3
"""Tampers with the golden bundle in many ways and shows that open_bundle.py refuses each, for the expected reason.

Three levels: the bytes on the stick; the archive, encrypted anew; and bundles signed anew by a root of our own, so that
what lies behind the signature is reached. Controls that must verify are marked with the reason None."""
import base64, hashlib, os, re, shutil, subprocess, sys, tempfile
from pathlib import Path
import open_bundle as ob

HERE = Path(__file__).parent
GOLDEN = HERE.parent.parent / "fixtures/bundles/1"
KEY, STICK = GOLDEN / "small-identity.txt", GOLDEN / "small"
FOLDER = next((STICK / "okibi").glob("*/SUMS")).parent
TO = subprocess.run(["age-keygen", "-y", KEY], capture_output=True, text=True).stdout.strip()
TAR = subprocess.run(["age", "-d", "-i", KEY, FOLDER / "000.age"], capture_output=True).stdout
GOLD = [(n, TAR[d:d + s]) for n, d, s in ob.members(TAR)]
work = Path(tempfile.mkdtemp())
failed = count = 0

def check(what, path, reason, identity=KEY):
    global failed, count
    run = subprocess.run([sys.executable, HERE / "open_bundle.py", path, identity], capture_output=True, text=True)
    out = run.stderr.strip()
    good = run.returncode == 0 if reason is None else run.returncode == 1 and "\n" not in out and re.search(reason, out) and not run.stdout
    failed, count = failed + (not good), count + 1
    print("ok  " if good else "FAIL", what, "->", out[-200:] or "verified")

def stick(what, change, reason):
    root = work / "stick"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(STICK, root)
    change(root / FOLDER.relative_to(STICK))
    check("stick: " + what, root, reason)

def edit(name, f): return lambda folder: (folder / name).write_bytes(f((folder / name).read_bytes()))
def flip(i, bit=1): return lambda b: b[:i % len(b)] + bytes([b[i % len(b)] ^ bit]) + b[i % len(b) + 1:]
def sums(f):                                                # with a fitting end line
    def change(b):
        b = f(b[:b.index(b"# end")])
        return b + b"# end: %s\n" % hashlib.sha256(b).hexdigest().encode()
    return edit("SUMS", change)

def sealed(what, tar, reason, to=TO):
    path = work / "file.age"
    path.write_bytes(subprocess.run(["age", "-r", to], input=tar, capture_output=True).stdout)
    check(what, path, reason)

def pack(members):                                          # without 99-PAD, which it adds
    tar = b"".join(ob.ustar(n.encode(), len(d)) + d + bytes(-len(d) % 512) for n, d in members)
    zeros = ob.bucket(len(tar) + 1536) - (len(tar) + 1536)
    return tar + ob.ustar(b"99-PAD", zeros) + bytes(zeros + 1024)

# --- a signer of our own ---
class Signer:
    def __init__(self, seed):
        h = hashlib.sha512(seed).digest()
        self.a, self.prefix = int.from_bytes(h[:32], "little") & (2**254 - 8) | 2**254, h[32:]
        self.public = ob.encode(ob.mul(self.a, ob.BASE))
    def u(self):                                            # the same scalar's X25519 key
        y = int.from_bytes(self.public, "little") % 2**255
        return ((1 + y) * pow(1 - y, -1, ob.P) % ob.P).to_bytes(32, "little")
    def sign(self, m, receive=False):
        if receive and self.public[31] >> 7:
            other = Signer(b"")
            other.a, other.prefix, other.public = ob.L - self.a % ob.L, self.prefix, self.public[:31] + bytes([self.public[31] & 127])
            return other.sign(m)
        number = lambda *b: int.from_bytes(hashlib.sha512(b"".join(b)).digest(), "little") % ob.L
        r = number(self.prefix, m)
        R = ob.encode(ob.mul(r, ob.BASE))
        return R + ((r + number(R, self.public, m) * self.a) % ob.L).to_bytes(32, "little")

ROOT, SIGN = Signer(b"root"), Signer(b"sign")
def uint(n):
    if n < 24: return bytes([n])
    s = next(s for s in (1, 2, 4, 8) if n < 1 << 8 * s)
    return bytes([23 + s.bit_length()]) + n.to_bytes(s, "big")
def cbor(v):
    if isinstance(v, list):
        h = uint(len(v))
        return bytes([h[0] | 0x80]) + h[1:] + b"".join(map(cbor, v))
    return uint(v) if isinstance(v, int) else ob.cbor_string(v.encode(), 3) if isinstance(v, str) else ob.cbor_string(v)
def envelope(signer, aad, payload): return bytes.fromhex("d28443a10127a0") + ob.cbor_string(payload) + b"\x58\x40" + signer.sign(ob.to_be_signed(aad, payload))
def certificate(role=0, version=1, proof=lambda b: b):
    key = SIGN.u() if role == 2 else SIGN.public
    proof = proof(SIGN.sign(b"okibi-key-proof@v1" + ROOT.public + bytes([role]) + key, role == 2))
    return envelope(ROOT, b"okibi-statement@v1", cbor([version, 0, ROOT.public, 1, role, key, b"", proof]))
HEAD, CERT = GOLD[0][1].decode(), certificate()
GENESIS = next(line for line in subprocess.run([sys.executable, HERE / "open_bundle.py", STICK, KEY], capture_output=True, text=True).stdout.split("\n") if "circle:" in line)[-64:]

def unpacked(name, data):
    """What the manifest lists as the raw length: of records what zstd makes of them, as far as it comes."""
    return len(subprocess.run(["zstd", "-dcq"], input=data, capture_output=True).stdout) if name.startswith("records/") else len(data)

def signed(what, reason, members=GOLD[4:-1], cert=CERT, head=lambda h: h, manifest=lambda m: m, raw=lambda b: b, sig=lambda b: b, **change):
    """The golden bundle, changed, signed by SIGN. change: member's name without its class -> function of its bytes."""
    members = [(n, next((f for k, f in change.items() if k in n), lambda b: b)(d)) for n, d in members]
    kinds, entries, unit, last = dict(trust=1, acks=2, records=3, adapters=4, docs=5, blobs=6), [], -1, None
    for n, d in members:
        kind, group = kinds[n.split("/")[0]], n.split(".")[0] if n[0] in "db" else n.split("/")[0]
        unit, last = unit + (group != last), group
        entries.append([n, unit, kind, len(d), unpacked(n, d), ob.sha(d), ob.b3(d), 0])
    lines = "".join(f"{e[5].hex()}  {e[0]}\n" for e in entries).encode()
    for _ in range(2):                                      # the offsets depend on the manifest's size
        p = sum(512 + len(x) + -len(x) % 512 for x in (HEAD, b" " * 310, cbor([1, entries]), lines))
        for e, (n, d) in zip(entries, members): e[7] = p + 512; p += 512 + len(d) + -len(d) % 512
    body = raw(cbor(manifest([1, entries])))
    text = re.sub("certificate: .*", "certificate: " + base64.b64encode(cert).decode(), HEAD)
    text = re.sub("manifest-sha256: .*\nmanifest-size: .*", f"manifest-sha256: {ob.sha(body).hex()}\nmanifest-size: {len(body)}", text)
    text = head(text).encode()
    s = lambda b: len(b).to_bytes(4, "big") + b
    fields = s(b"okibi-bundle@v1") + s(b"") + s(b"sha512")
    blob = b"SSHSIG\0\0\0\1" + s(s(b"ssh-ed25519") + s(SIGN.public)) + fields + \
        s(s(b"ssh-ed25519") + s(sig(SIGN.sign(b"SSHSIG" + fields + s(hashlib.sha512(text).digest())))))
    b64 = base64.b64encode(blob).decode()
    armour = "\n".join(["-----BEGIN SSH SIGNATURE-----", *re.findall(".{1,70}", b64), "-----END SSH SIGNATURE-----", ""]).encode()
    sealed("signed anew: " + what, pack([("00-HEAD", text), ("00-HEAD.sig", armour), ("01-MANIFEST.cbor", body), ("01-MANIFEST.sha256", lines), *members]), reason)

# --- the stick ---
check("golden", STICK, None)
stick("no change", lambda f: None, None)
stick("slice: a byte flipped", edit("000.age", flip(9000)), "damaged")
stick("slice: cut", edit("000.age", lambda b: b[:-1]), "damaged")
stick("slice: missing", lambda f: (f / "000.age").unlink(), "missing")
stick("slice: a link", lambda f: ((f / "000.age").rename(f / "x"), (f / "000.age").symlink_to("x")), "no regular file")
stick("SUMS: missing", lambda f: (f / "SUMS").unlink(), "no complete bundle")
for i in range(0, 266, 9): stick(f"SUMS: byte {i} flipped", edit("SUMS", flip(i)), "end line|malformed|slices|range")
stick("SUMS: cut", edit("SUMS", lambda b: b[:-1]), "malformed")
stick("SUMS: not the last", sums(lambda b: b.replace(b"yes", b"no")), "not all slices")
stick("SUMS: another range", sums(lambda b: b.replace(b"000-000", b"000-001")), "range")
stick("SUMS: another token", sums(lambda b: re.sub(rb"token: ..", b"token: 00", b)), "token is not")
stick("SUMS: a token more", sums(lambda b: re.sub(rb"(# token.*\n)", rb"\1\1", b)), "number of recipients")
stick("SUMS: CRLF", edit("SUMS", lambda b: b.replace(b"\n", b"\r\n")), "malformed")
age = (FOLDER / "000.age").read_bytes()
for what, b in (("cut", age[:-100]), ("a byte more", age + b"x"), ("flipped", flip(-50)(age)), ("no age file", b"hello" * 100)):
    (work / "plain.age").write_bytes(b)
    check("file: " + what, work / "plain.age", "age: ")
subprocess.run(["age-keygen", "-o", work / "other.txt"], capture_output=True)
check("file: another identity", FOLDER / "000.age", "age: ", work / "other.txt")
# --- the archive, encrypted anew ---
sealed("tar: no change", TAR, None)
for n, (name, data) in enumerate(GOLD):
    at = TAR.index(ob.ustar(name.encode(), len(data)))
    sealed(f"tar: time in the header of {name}", flip(at + 140)(TAR), "header at")
    sealed(f"tar: first byte of {name}", flip(at + 512)(TAR), {0: "HEAD", 1: "HEAD", 2: "not the one HEAD", 3: "sha256", len(GOLD) - 1: "PAD"}.get(n, "hashes"))
    if len(data) % 512: sealed(f"tar: padding of {name}", flip(at + 512 + len(data))(TAR), "padding at")
sealed("tar: cut", TAR[:-512], "end|damaged|zero")
sealed("tar: a block more", TAR + bytes(512), "two zero blocks")
pad = TAR.index(ob.ustar(b"99-PAD", len(GOLD[-1][1])))
for zeros in (0, len(GOLD[-1][1]) + 4096): sealed(f"tar: 99-PAD of {zeros}", TAR[:pad] + ob.ustar(b"99-PAD", zeros) + bytes(zeros + 1024), "bucket")
sealed("tar: without 99-PAD", TAR[:pad] + bytes(1024), "fixed members")
for i in range(len(GOLD) - 1):
    sealed(f"tar: without {GOLD[i][0]}", pack(GOLD[:i] + GOLD[i + 1:-1]), "fixed" if i < 4 else "every member")
    if i: sealed(f"tar: {GOLD[i][0]} before {GOLD[i - 1][0]}", pack(GOLD[:i - 1] + [GOLD[i], GOLD[i - 1]] + GOLD[i + 1:-1]), "fixed|out of order|ascend")
for name in ("trust/0002-x", "trust/0002..x", "../x", "docs/" + "0" * 64, "blobs/" + "0" * 63, "records/0000.cborseq.zst"):
    members = sorted(GOLD[4:-1] + [(name, b"")], key=lambda m: (["..", "trust", "acks", "records", "docs", "blobs"].index(m[0].split("/")[0]), m[0]))
    sealed(f"tar: with {name}", pack(GOLD[:4] + members), "every member|no member's name|ascend")
for old, new in (("sequence: 1", "sequence: 2"), ("standalone: yes", "standalone: no")):
    sealed(f"HEAD: {new}, not signed", pack([("00-HEAD", HEAD.replace(old, new).encode())] + GOLD[1:-1]), "bad signature")
# --- signed anew ---
signed("no change", None)
signed("a newer format, with a key that is not known", None, head=lambda h: h.replace("bundle: 1", "bundle: 2", 1).replace("reader: 1\n", "reader: 1\ncolour: red\n"))
signed("the format itself, with that key", "unknown", head=lambda h: h.replace("reader: 1\n", "reader: 1\ncolour: red\n"))
signed("a newer reader", "newer okibi", head=lambda h: h.replace("reader: 1", "reader: 2"))
for old, new in (("sequence: 1", "sequence: 01"), ("sequence: 1", "sequence: 9007199254740992"), ("previous: none", "previous: None"),
                 ("standalone: yes\n", ""), ("\n", "\r\n"), ("sequence: 1\nprevious: none", "previous: none\nsequence: 1")):
    signed(f"HEAD: {new!r} for {old!r}", "HEAD: ", head=lambda h: h.replace(old, new))
signed("HEAD: names another", "no key of mine", head=lambda h: re.sub("recipient: ..", "recipient: 00", h))
signed("HEAD: token does not open", "sealed token", head=lambda h: re.sub("(recipient: .*)....\n", r"\1AAAA\n", h))
signed("HEAD: 129 recipients", "malformed", head=lambda h: re.sub("(recipient: .{64}) .*\n", r"\1 AAAA\n" * 129, h))
signed("HEAD: another circle", "another circle", head=lambda h: re.sub("circle: ....", "circle: 0000", h))
signed("HEAD: not standalone, which is no fault", None, head=lambda h: h.replace("standalone: yes", "standalone: no"))
signed("HEAD: signature with S + L", "bad signature", sig=lambda s: s[:32] + (int.from_bytes(s[32:], "little") + ob.L).to_bytes(32, "little"))
signed("certificate: of a transport key", "does not certify", cert=certificate(1))
signed("certificate: of a spare key, which may sign", None, cert=certificate(3))
signed("certificate: of a receive key", "does not certify", cert=certificate(2))
weak = bytes.fromhex("01") + bytes(31)                     # the neutral element as key and as R: S*B - k*A = R, and yet refused
payload = cbor([1, 0, weak, 1, 0, SIGN.public, b"", bytes(64)])
signed("certificate: of a root of small order", "bad signature", cert=bytes.fromhex("d28443a10127a0") + ob.cbor_string(payload) + b"\x58\x40" + weak + bytes(32))
signed("certificate: newer", "newer", cert=certificate(0, 2))
signed("certificate: signature flipped", "bad signature", cert=flip(-1)(CERT))
signed("certificate: without the key's own proof", "bad proof", cert=certificate(proof=lambda b: bytes(64)))
signed("certificate: proof of another key", "bad proof", cert=certificate(proof=lambda b: ROOT.sign(b)))
signed("certificate: bytes behind it", "envelope", cert=CERT + b"x")
signed("manifest: head not shortest", "shortest", raw=lambda b: b"\x82\x18\x01" + b[2:])
signed("manifest: bytes behind it", "behind", raw=lambda b: b + b"\0")
signed("manifest: indefinite", "indefinite", raw=lambda b: b"\x9f" + b[1:] + b"\xff")
for i, what in enumerate(("name", "unit", "kind", "size", "raw", "sha256", "blake3", "offset")):
    signed(f"manifest: {what}", "manifest: ", manifest=lambda m: [1, m[1][:-1] + [[(x if j != i else x + 1 if type(x) is int else x[:-1] + type(x)(b"0" if type(x) is bytes else "-")) for j, x in enumerate(m[1][-1])]]])
for name, thing in (("statements", "statement"), ("0001-records", "record"), ("ack", "acknowledgement")):
    for i in range(0, 269, 24): signed(f"{name}: byte {i}", thing, **{name: flip(i)})
    signed(f"{name}: last byte", "bad signature", **{name: flip(-1)})
    signed(f"{name}: cut", "shape", **{name: lambda b: b[:-1]})
    signed(f"{name}: more", "shape", **{name: lambda b: b + b"\0"})
signed("records: no zstd", "zstd", **{"records/0000": flip(0)})
signed("records: cut", "zstd", **{"records/0000": lambda b: b[:-1]})
squeeze = lambda b, *o: subprocess.run(["zstd", "-q", "-c", *o], input=b, capture_output=True).stdout
def listed(kind, f): return lambda m: [1, [e[:4] + [f(e)] + e[5:] if e[2] == kind else e for e in m[1]]]
for what, kind, f, reason in (("one more than there are", 3, lambda e: e[4] + 1, "zstd"), ("one less", 3, lambda e: e[4] - 1, "zstd"), ("none", 3, lambda e: 0, "zstd"),
        ("beyond 32 times", 3, lambda e: 32 * e[3] + 16385, "beyond its bound"), ("beyond a member", 3, lambda e: 2**23 + 65537, "beyond its bound"),
        ("of trust, one more", 1, lambda e: e[3] + 1, "beyond its bound"), ("of a document, one less", 5, lambda e: e[3] - 1, "beyond its bound")):
    signed(f"manifest: raw bytes, {what}", reason, manifest=listed(kind, f))
signed("records: inflates", "beyond its bound", **{"records/0000": lambda b: squeeze(bytes(2**24))})
signed("records: window of 2^24", "zstd", **{"records/0000": lambda b: squeeze(os.urandom(2**20) * 7, "--long=24")})
def record(circle=bytes.fromhex(GENESIS), height=0, kind=66, seen=[], cut=[], body=[bytes(32)], payload=None):
    r = envelope(SIGN, b"okibi-record@v1", payload or cbor([1, circle, SIGN.public, height, bytes(32), 0, kind, seen, cut, body]))
    return {"records/0000": lambda b: squeeze(subprocess.run(["zstd", "-dcq"], input=b, capture_output=True).stdout + r)}
signed("record of our own", None, **record())
signed("record: a body that does not fit is without effect, not refused", None, **record(body=[1]))
signed("record: another circle", "another circle", **record(circle=bytes(32)))
signed("record: critical, in records/", "wrong class", **record(kind=11, body=[]))
signed("record: kind 64 with seen", "rule", **record(seen=[[bytes(32), 0, bytes(32)]]))
signed("record: circle empty", "rule", **record(circle=b""))
signed("record: height 2^53", "rule", **record(height=2**53))
deep = 1
for _ in range(14): deep = [deep]
signed("record: 16 levels", None, **record(body=deep))
signed("record: 17 levels", "deep", **record(body=[deep]))
signed("record: too large", "too large", **record(body=os.urandom(65536)))
signed("document: another content", "not what it is named", docs=flip(0))
signed("trust: of a newer suffix is passed over", None, GOLD[4:6] + [("trust/0002-later", b"?")] + GOLD[6:-1])
text = GOLD[-2][1]
name = GOLD[-2][0]
signed("document: in two parts", None, GOLD[4:-2] + [(name + ".000", text[:9]), (name + ".001", text[9:])])
signed("document: its second part only", "parts", GOLD[4:-2] + [(name + ".001", text)])
signed("document: its parts swapped", "parts", GOLD[4:-2] + [(name + ".001", text[:9]), (name + ".000", text[9:])])
shutil.rmtree(work)
print(f"{count} checks, {failed} failed")
sys.exit(failed > 0)
