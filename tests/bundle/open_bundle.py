#!/usr/bin/env python3
"""Open and verify okibi bundles with stock tools; written from docs/bundle-format.md (B) and docs/records.md (R) alone, by
somebody who had not seen okibi's own reader. What was ambiguous then is said in the documents now.

    open_bundle.py STICK_OR_FILE... IDENTITY [--json]

Several sticks may hold the slices of one bundle. Needs age, age-keygen, b3sum, zstd. Exit 0 if everything verified, else 1 with the reason in one line.
Not judged here: who is a member (circles.md)."""
import base64, hashlib, json, mmap, os, re, subprocess, sys, tempfile
from pathlib import Path

class Refused(Exception): pass
def need(ok, why):
    if not ok: raise Refused(why)
def tool(args, data=b"", why=None):
    run = subprocess.run(args, input=data, capture_output=True)
    need(run.returncode == 0, (why or args[0]) + ": " + run.stderr.decode(errors="replace").split("\n")[0])
    return run.stdout
def b3(data, key=None):
    """BLAKE3 by b3sum, plain or keyed."""
    args = ["b3sum", "--num-threads", "1", "--raw"]
    if key is None: return tool(args, data)
    with tempfile.NamedTemporaryFile() as f:                # the key takes standard input
        f.write(data); f.flush()
        return tool(args + ["--keyed", f.name], key)
def sha(data): return hashlib.sha256(data).digest()

# --- Ed25519, the one predicate of R1; points in extended coordinates -------------------------------------------------
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D, I = -121665 * pow(121666, -1, P) % P, pow(2, (P - 1) // 4, P)
def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P
def mul(n, p):
    r = (0, 1, 1, 0)
    for bit in f"{n:b}":
        r = add(r, r)
        if bit == "1": r = add(r, p)
    return r
def point(raw):
    """The point that 32 bytes encode, or None if there is none or it is of small order."""
    n = int.from_bytes(raw, "little")
    y = n % 2**255 % P
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * v**3 * pow(u * v**7, (P - 5) // 8, P) % P
    if (v * x * x - u) % P: x = x * I % P
    if (v * x * x - u) % P: return None
    if x & 1 != n >> 255: x = -x % P
    p = (x, y, 1, x * y % P)
    q = mul(8, p)
    return None if q[0] == 0 and q[1] == q[2] else p
def encode(p):
    z = pow(p[2], -1, P)
    return (p[1] * z % P | (p[0] * z % P & 1) << 255).to_bytes(32, "little")
BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))
def verify(key, message, signature):
    r, s, a = signature[:32], int.from_bytes(signature[32:], "little"), point(key)
    if s >= L or a is None or point(r) is None: return False
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    return encode(add(mul(s, BASE), mul(k, (P - a[0], a[1], 1, P - a[3])))) == r

def proven(root, role, key, proof):
    """A certified key's own signature (R4); a receive key signs by its Edwards form."""
    message = b"okibi-key-proof@v1" + root + bytes([role]) + key
    if role == 2:
        u = int.from_bytes(key, "little")
        if u >= P or u == P - 1: return False
        key = ((u - 1) * pow(u + 1, -1, P) % P).to_bytes(32, "little")
    return verify(key, message, proof)

# --- deterministic CBOR, R2 -------------------------------------------------------------------------------------------
class Map(list): pass                                       # pairs, in order
def cbor_head(b, p):
    need(p < len(b), "CBOR: ends early")
    major, n = b[p] >> 5, b[p] & 31
    if major == 7 or n < 24: return major, n, p + 1
    need(n < 28, "CBOR: indefinite length or reserved head")
    size = 1 << (n - 24)
    raw = b[p + 1:p + 1 + size]
    n = int.from_bytes(raw, "big")
    need(len(raw) == size and n >= (24 if size == 1 else 1 << (4 * size)), "CBOR: head not in its shortest form")
    return major, n, p + 1 + size
def cbor_item(b, p, level):
    need(level <= 16, "CBOR: too deep")
    major, n, p = cbor_head(b, p)
    if major < 2: return (n if major == 0 else -1 - n), p
    if major < 4:
        raw = b[p:p + n]
        need(len(raw) == n, "CBOR: ends early")
        try: return (raw if major == 2 else raw.decode()), p + n
        except UnicodeDecodeError: raise Refused("CBOR: text is not UTF-8")
    out, last = [] if major == 4 else Map(), None
    if major == 4:
        for _ in range(n):
            v, p = cbor_item(b, p, level + 1)
            out.append(v)
    elif major == 5:
        for _ in range(n):
            key, q = cbor_item(b, p, level + 1)
            need(last is None or last < b[p:q], "CBOR: map keys not ascending")
            last = b[p:q]
            value, p = cbor_item(b, q, level + 1)
            out.append((key, value))
    else:
        need(major == 7 and n in (20, 21, 22), "CBOR: tag, float or other simple value")
        out = {20: False, 21: True, 22: None}[n]
    return out, p
def cbor(b):
    v, p = cbor_item(b, 0, 1)
    need(p == len(b), "CBOR: bytes behind the item")
    return v
def cbor_string(b, major=2):
    n = len(b)
    if n < 24: return bytes([major << 5 | n]) + b
    size = next(s for s in (1, 2, 4) if n < 1 << 8 * s)
    return bytes([major << 5 | 23 + size.bit_length()]) + n.to_bytes(size, "big") + b

# --- shapes, R4 R5 R8 -------------------------------------------------------------------------------------------------
def B(*n): return lambda v: type(v) is bytes and len(v) in n
def T(n): return lambda v: type(v) is str and len(v.encode()) <= n
def U(bits): return lambda v: type(v) is int and 0 <= v < 2**bits
def A(*items): return lambda v: type(v) is list and len(v) == len(items) and all(f(x) for f, x in zip(items, v))
def S(f, most, key=lambda x: x):                            # a strictly ascending list
    return lambda v: type(v) is list and len(v) <= most and all(map(f, v)) and all(key(a) < key(b) for a, b in zip(v, v[1:]))
def either(*fs): return lambda v: any(f(v) for f in fs)
def ANY(v): return True
def NEVER(v): return False
def NULL(v): return v is None
def BOOL(v): return type(v) is bool
def ROLE(v): return U(2)(v)
def first(v): return v[0]
ID = KEY = B(32)
PLACE, POLICY, BLOB = A(KEY, U(53), ID), A(U(64), U(64)), A(B(32), B(32), U(53))
FORK = A(KEY, U(53), ID, ID, S(ID, 64))
ROLES = ["sign", "transport", "receive", "spare"]
STATEMENT = {0: ("certificate", A(ROLE, KEY, B(0, 32), B(64))), 2: ("recovery", A(ID, KEY, KEY)),
             1: ("revocation", A(KEY, B(0, 32), either(A(), A(U(53), ID))))}
KIND = {0: ("genesis", A(T(256), B(16), POLICY, S(A(KEY, T(256), B(0, 32)), 64, first), either(NULL, A(ID, B(32), S(KEY, 64))))),
        1: ("admit", A(KEY, T(256), S(ID, 64), S(KEY, 256))), 2: ("suspend", A(KEY, T(4096))), 3: ("lift", A(ID)),
        4: ("add-admin", A(KEY)), 5: ("endorse", A(ID)), 6: ("policy", A(ID, POLICY)), 7: ("pointer", A(U(64), ID, ID)),
        8: ("vote", A(ID, U(64))), 9: ("successor", A(KEY)), 10: ("recover", A(KEY, KEY)), 11: ("merge", A()),
        64: ("document", A(T(256), T(256), T(256), T(4096), T(4096), BLOB)),
        65: ("model", A(*[T(256)] * 3, *[T(4096)] * 3, BOOL, BLOB)), 66: ("withdraw", A(ID))}
def statement_rules(v): return len(v) >= 4 and U(64)(v[1]) and KEY(v[2]) and U(63)(v[3])
def record_rules(v):
    if not A(ANY, B(0, 32), KEY, U(53), ID, U(63), U(53), S(PLACE, 64), S(PLACE, 256, first), ANY)(v): return False
    circle, height, kind, places = v[1], v[3], v[6], v[7] + v[8]
    return (circle == b"") == (kind == 0) and not (kind == 0 and height) and not (places and (kind == 0 or kind > 63))
def ack_rules(v):
    entry = either(PLACE, lambda e: FORK(e) and e[2] < e[3])
    return A(ANY, ID, KEY, KEY, ID, KEY, B(16), U(53), B(32), S(entry, 2**32, first), S(ID, 4096))(v)
THING = {"statement": (b"okibi-statement@v1", 4096, statement_rules, 2), "record": (b"okibi-record@v1", 65536, record_rules, 2),
         "acknowledgement": (b"okibi-ack@v1", 4194304, ack_rules, 3)}
def to_be_signed(aad, payload):
    return b"\x84" + cbor_string(b"Signature1", 3) + cbor_string(b"\xa1\x01\x27") + cbor_string(aad) + cbor_string(payload)
def sequence(b, thing):
    """The envelopes (R3) that b consists of, as [(id, payload)]."""
    out, p, (aad, most, rules, signer) = [], 0, THING[thing]
    while p < len(b):
        need(b[p:p + 7] == bytes.fromhex("d28443a10127a0"), f"{thing}: not the envelope's shape")
        major, n, q = cbor_head(b, p + 7)
        payload, end = b[q:q + n], q + n + 66
        need(major == 2 and end <= len(b) and b[q + n:q + n + 2] == b"\x58\x40", f"{thing}: not the envelope's shape")
        need(end - p <= most, f"{thing}: too large")
        v = cbor(payload)
        need(type(v) is list and v and U(64)(v[0]), f"{thing}: no version")
        need(v[0] == 1, f"{thing}: newer; needs a newer okibi")
        need(rules(v), f"{thing}: breaks a rule of its payload")
        message = to_be_signed(aad, payload)
        need(verify(v[signer], message, b[end - 64:end]), f"{thing}: bad signature")
        need(thing != "statement" or v[1] != 0 or not STATEMENT[0][1](v[4:]) or proven(v[2], *v[4:6], v[7]), "certificate: bad proof")
        out.append((b3(message), v))
        p = end
    return out

# --- medium and age stream, B1 B2 -------------------------------------------------------------------------------------
def regular(path): return path.is_file() and not path.is_symlink()
def read_sums(folder):
    need(regular(folder / "SUMS"), "SUMS is no regular file")
    raw = (folder / "SUMS").read_bytes()
    m = re.fullmatch(rb"# okibi-sums: 1\n# slices: (\d{3})-(\d{3})\n# last: (yes|no)\n((?:# token: [0-9a-f]{64}\n){1,128})"
                     rb"((?:[0-9a-f]{64}  \d{3}\.age\n)+(?:[0-9a-f]{64}  \d{3}\.par\n)*)# end: ([0-9a-f]{64})\n", raw)
    need(m, "SUMS is malformed")
    need(sha(raw[:m.end(5)]).hex().encode() == m[6], "SUMS: its end line does not fit")
    lines = [line.split("  ") for line in m[5].decode().splitlines()]
    parity = [n for _, n in lines if n.endswith(".par")]
    need([n for _, n in lines] == ["%03d.age" % i for i in range(int(m[1]), int(m[2]) + 1)]
         + ["%03d.par" % i for i in range(len(parity))], "SUMS: files are not those of its range")
    tokens = [t[9:] for t in m[4].decode().splitlines()]
    return int(m[1]), m[3] == b"yes", tokens, [(folder / n, h) for h, n in lines if n not in parity]
def join(parts):
    """The slices of one bundle from all media that hold some: ranges that meet, from 000 to the last."""
    parts.sort(key=lambda part: part[0])
    need(all(part[2] == parts[0][2] for part in parts), "the media belong to different bundles")
    slices = [at for part in parts for at in part[3]]
    need([path.name for path, _ in slices] == ["%03d.age" % i for i in range(len(slices))] and parts[-1][1],
         "not all slices of the bundle are here")
    return parts[0][2], slices
def decrypt(slices, identity):
    """The plaintext as a map of a temporary file; the end of the stream has been seen."""
    with tempfile.TemporaryFile() as stream, tempfile.TemporaryFile() as plain:
        for path, want in slices:
            need(regular(path), f"{path.name} is missing or no regular file")
            have = hashlib.sha256()
            with open(path, "rb") as f:
                while chunk := f.read(1 << 20):
                    have.update(chunk); stream.write(chunk)
            need(want in (None, have.hexdigest()), f"{path.name} is damaged")
        stream.seek(0)
        m = re.match(rb"age-encryption\.org/v1\n(?:.*\n)*?--- .*\n", stream.read(65536))
        need(m and m[0].count(b"\n-> ") <= 256, "age: no header within 64 KiB and 256 stanzas")
        os.lseek(stream.fileno(), 0, os.SEEK_SET)
        run = subprocess.run(["age", "-d", "-i", str(identity)], stdin=stream, stdout=plain, stderr=subprocess.PIPE)
        need(run.returncode == 0, "age: " + run.stderr.decode(errors="replace").split("\n")[0])
        need(os.fstat(plain.fileno()).st_size, "archive is empty")
        return mmap.mmap(plain.fileno(), 0, access=mmap.ACCESS_READ)
def receive_keys(identity):
    """The X25519 public keys of the identity file, from bech32."""
    for line in tool(["age-keygen", "-y", str(identity)]).decode().split():
        n = 0
        for c in line[4:-6]: n = n << 5 | "qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(c)
        yield (n >> 4).to_bytes(32, "big")

# --- archive, B3 ------------------------------------------------------------------------------------------------------
FIXED = ["00-HEAD", "00-HEAD.sig", "01-MANIFEST.cbor", "01-MANIFEST.sha256"]
LEAF = r"(?!.*\.\.)[0-9]{4}[-.][a-z0-9.-]{0,59}[a-z0-9]"
CLASS = {1: "trust/" + LEAF, 2: "acks/" + LEAF, 3: r"records/[0-9]{4}\.cborseq\.zst",
         **{k: c + r"/([0-9a-f]{64})(?:\.([0-9]{3}))?" for k, c in ((4, "adapters"), (5, "docs"), (6, "blobs"))}}
def ustar(name, size):
    h = name.ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"00000000000\0" + b" " * 8 + b"0"
    h = (h.ljust(257, b"\0") + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2).ljust(512, b"\0")    # device numbers: as tar does
    return h[:148] + b"%06o\0 " % sum(h) + h[156:]
def bucket(size):
    e = max(size, 1).bit_length() - 1
    granularity = min(max(2**max(e - max(e, 1).bit_length(), 0), 4096), 2**32)
    return -(-size // granularity) * granularity
def members(tar):
    """[(name, offset, size)], the archive checked to its end."""
    out, p, last = [], 0, (0, "")
    while tar[p:p + 512] != bytes(512):
        h, data = tar[p:p + 512], p + 512
        need(len(h) == 512 and re.fullmatch(rb"[0-7]{11}\0", h[124:136]), "archive: header or end is damaged")
        name, size = h[:100].rstrip(b"\0"), int(h[124:135], 8)
        need(ustar(name, size) == h, f"archive: header at {p} is not the one of its name and size")
        p = data + size + -size % 512
        need(size <= 2**32 - 512 and p <= len(tar), f"archive: member at {data} is too large or cut off")
        need(not any(tar[data + size:p]), f"archive: padding at {data + size} is not zeros")
        out.append((name.decode("latin-1"), data, size))
    need(len(tar) == p + 1024 and not any(tar[p:]), "archive: does not end in two zero blocks")
    need(len(out) > 4 and [n for n, _, _ in out[:4] + out[-1:]] == FIXED + ["99-PAD"], "archive: fixed members missing or not in place")
    _, data, size = out[-1]
    need(len(tar) == bucket(data - 512 + 1536), "archive: not padded to its size bucket")
    need(tar[data:data + size].count(0) == size, "archive: 99-PAD is not zeros")
    for name, _, _ in out[4:-1]:
        kind = next((k for k in CLASS if re.fullmatch(CLASS[k], name)), 0)
        need(kind >= max(last[0], 1), f"archive: {name!a} is no member's name or out of order")
        need(kind > 3 or (kind, name) > last, f"archive: {name!a} does not ascend")
        last = (kind, name)
    need(len({n for n, _, _ in out}) == len(out), "archive: a name stands twice")
    return out

# --- HEAD, B4 ---------------------------------------------------------------------------------------------------------
HEX, DEC, B64 = "([0-9a-f]{64})", "(0|[1-9][0-9]{0,15})", "([A-Za-z0-9+/]+={0,2})"
HEAD = (f"okibi-bundle: {DEC}\nreader: {DEC}\nbundle: {HEX}\ncircle: {HEX}\ncertificate: {B64}\nsequence: {DEC}\n"
        "previous: (none|[0-9a-f]{64})\nstandalone: (yes|no)\n((?:recipient: [0-9a-f]{64} [A-Za-z0-9+/]+=*\n){1,128})"
        f"manifest-sha256: {HEX}\nmanifest-size: {DEC}\n")
def unbase64(text):
    try: raw = base64.b64decode(text)
    except ValueError: raw = b""
    need(base64.b64encode(raw).decode() == text, "base64 is not canonical")
    return raw
def parse_head(raw):
    need(len(raw) <= 65536 and re.fullmatch(rb"[\x20-\x7e\n]*", raw), "HEAD: too long, or not printable ASCII and LF")
    text = raw.decode()
    version = re.match(f"okibi-bundle: {DEC}\nreader: {DEC}\n", text)
    need(version and int(version[1]) >= 1, "HEAD: malformed")
    need(int(version[2]) <= 1, "HEAD: needs a newer okibi")
    if int(version[1]) > 1:                                 # a later format: unknown keys are skipped
        known = set(re.findall(r"([a-z0-9-]+): ", HEAD))
        text = "".join(l for l in text.splitlines(True) if l.split(": ")[0] in known)
    m = re.fullmatch(HEAD, text)
    need(m and int(m[6]) < 2**53 and int(m[11]) <= 2**24, "HEAD: malformed, or a key unknown or out of order")
    recipients = [(bytes.fromhex(l[11:75]), unbase64(l[76:])) for l in m[9].splitlines()]
    need(all(len(token) <= 1024 for _, token in recipients), "HEAD: sealed token too long")
    return dict(bundle=bytes.fromhex(m[3]), circle=bytes.fromhex(m[4]), certificate=unbase64(m[5]), sequence=int(m[6]), previous=m[7],
                standalone=m[8] == "yes", recipients=recipients, sha256=bytes.fromhex(m[10]), size=int(m[11]))
def check_sshsig(sig, key, message):
    def string(b): return len(b).to_bytes(4, "big") + b
    need(len(sig) <= 4096, "HEAD.sig: too long")
    signature = unbase64("".join(sig.decode("latin-1").split("\n")[1:-2]))[-64:]
    fields = string(b"okibi-bundle@v1") + string(b"") + string(b"sha512")
    blob = b"SSHSIG\0\0\0\1" + string(string(b"ssh-ed25519") + string(key)) + fields + string(string(b"ssh-ed25519") + string(signature))
    text = re.sub("(.{70})(?=.)", r"\1\n", base64.b64encode(blob).decode())
    need(f"-----BEGIN SSH SIGNATURE-----\n{text}\n-----END SSH SIGNATURE-----\n".encode() == sig, "HEAD.sig: not an SSHSIG of HEAD's sign key")
    need(verify(key, b"SSHSIG" + fields + string(hashlib.sha512(message).digest()), signature), "HEAD.sig: bad signature")

# --- manifest and contents, B5 B6 -------------------------------------------------------------------------------------
def check_manifest(tar, inside, fixed, h):
    """The members as the manifest lists them, and {hash: (sha256, size)} of whole contents."""
    raw = fixed["01-MANIFEST.cbor"]
    need((len(raw), sha(raw)) == (h["size"], h["sha256"]), "manifest: not the one HEAD names")
    v = cbor(raw)
    entry = A(T(100), U(64), U(64), U(64), U(64), B(32), B(32), U(64))
    need(A(U(1), lambda l: type(l) is list and all(map(entry, l)))(v) and v[0] == 1, "manifest: wrong shape")
    need(len(v[1]) == len(inside) <= 10**6, "manifest: does not name every member")
    unit, last, parts, out = -1, None, {}, []
    for (name, data, size), (n, u, kind, s, raw_size, sha256, blake3, offset) in zip(inside, v[1]):
        m = re.fullmatch(CLASS.get(kind, "-"), name)
        need(m and (n, s, offset) == (name, size, data), f"manifest: entry of {name} does not fit")
        group = (kind, m[1] if kind > 3 else "")
        unit, last = unit + (group != last), group
        need(u == unit, f"manifest: wrong unit of {name}")
        need(raw_size <= min(2**23 + 65536, 32 * size + 16384) if kind == 3 else raw_size == size, f"manifest: raw length of {name} is beyond its bound")
        b = tar[data:data + size]
        need((sha(b), b3(b)) == (sha256, blake3), f"manifest: hashes of {name} do not fit")
        if kind > 3:
            have = parts.setdefault(group, [])
            need(not have if m[2] is None else m[2] == "%03d" % len(have), f"{name}: parts are not in order")
            have.append(b)
        out.append(dict(name=name, kind=kind, unit=unit, size=size, raw=raw_size, sha256=sha256.hex(), blake3=blake3.hex()))
    need(fixed["01-MANIFEST.sha256"] == "".join(f"{m['sha256']}  {m['name']}\n" for m in out).encode(), "01-MANIFEST.sha256: not the manifest's")
    for kind, most in ((1, 2**25), (2, 2**26)):
        need(sum(m["size"] for m in out if m["kind"] == kind) <= most, "trust/ or acks/ too large")
    need(sum(m["raw"] for m in out if m["kind"] == 3) <= 2**34, "manifest: records too large")
    whole = {hash_: b"".join(have) for (_, hash_), have in parts.items()}
    for hash_ in whole: need(b3(whole[hash_]).hex() == hash_, f"content {hash_}: is not what it is named after")
    return out, {hash_: (sha(b), len(b)) for hash_, b in whole.items()}
def unzstd(raw, want):
    with tempfile.TemporaryFile() as f:
        f.write(raw); f.seek(0)
        p = subprocess.Popen(["zstd", "-dcq", "--memory=8388608"], stdin=f, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        out = p.stdout.read(want + 1)
        p.stdout.close()
        need(p.wait() == 0 and len(out) == want, "zstd: damaged, or not of the length that the manifest lists")
        return out
def decode_members(tar, listed, inside):
    got = dict(statements=[], trust=[], acks=[], records=[])
    for m, (name, data, size) in zip(listed, inside):
        b, what = tar[data:data + size], (m["kind"], name.split("/")[1][4:])
        try:
            if what == (1, "-statements.cborseq"): got["statements"] += sequence(b, "statement")
            elif what == (1, "-records.cborseq"): got["trust"] += sequence(b, "record")
            elif what == (2, "-ack"):
                got["acks"] += (ack := sequence(b, "acknowledgement"))
                need(len(ack) == 1, "not one acknowledgement")
            elif m["kind"] == 3: got["records"] += sequence(unzstd(b, m["raw"]), "record")
            elif m["kind"] < 3: m["passed over"] = True
        except Refused as e: raise Refused(f"{name}: {e}")
    return got

# --- the whole ---------------------------------------------------------------------------------------------------------
def check_circle(h, got):
    trust, records = got["trust"], got["records"]
    circles = {i if r[6] == 0 else r[1] for i, r in trust + records} | {a[1] for _, a in got["acks"]}
    need(circles <= {h["circle"]}, "records of another circle than HEAD's")
    top = {}                                                # the highest authority record (taken as kind < 64) of each feed
    for _, r in trust + records:
        if r[6] < 64: top[r[2]] = max(top.get(r[2], -1), r[3])
    for where, list_ in ((True, trust), (False, records)):
        for i, r in list_: need((r[3] <= top.get(r[2], -1)) == where, f"record {i.hex()} stands in the wrong class")
def open_bundle(slices, tokens, identity):
    tar = decrypt(slices, identity)
    inside = members(tar)
    fixed = {n: tar[d:d + s] for n, d, s in inside[:4]}
    h, inside = parse_head(fixed["00-HEAD"]), inside[4:-1]
    cert = sequence(h["certificate"], "statement")
    need(len(cert) == 1 and cert[0][1][1] == 0 and A(*[ANY] * 4, ROLE, KEY, B(0, 32), B(64))(cert[0][1]) and cert[0][1][4] in (0, 3),
         "HEAD: its certificate does not certify a sign or spare key")
    (cert_id, cert), = cert
    check_sshsig(fixed["00-HEAD.sig"], cert[5], fixed["00-HEAD"])
    hints = {b3(k, key=h["bundle"]) for k in receive_keys(identity)}
    mine = [i for i, (hint, _) in enumerate(h["recipients"]) if hint in hints]
    need(mine, "HEAD names no key of mine")
    need(tokens is None or len(tokens) == len(h["recipients"]), "SUMS and HEAD differ in the number of recipients")
    for i in mine:
        token = tool(["age", "-d", "-i", str(identity)], h["recipients"][i][1], "HEAD: sealed token does not open")
        need(len(token) == 16, "HEAD: token has not 16 bytes")
        need(tokens is None or b3(token).hex() == tokens[i], "HEAD: token is not the one of SUMS")
    listed, contents = check_manifest(tar, inside, fixed, h)
    got = decode_members(tar, listed, inside)
    check_circle(h, got)
    names, receive, owner = {}, {}, {}                      # for people: who is behind a root, a hint, a feed
    for _, r in got["trust"] + got["records"]:
        if r[6] == 0 and KIND[0][1](r[9]): names.update((a[0], a[1]) for a in r[9][3])
        if r[6] == 1 and KIND[1][1](r[9]): names[r[9][0]] = r[9][1]
    for _, s in got["statements"]:
        if s[1] == 0 and STATEMENT[0][1](s[4:]):
            owner[s[5]] = s[2]
            if s[4] == 2: receive[b3(s[5], key=h["bundle"])] = s[2]
    def name_of(root): return names.get(root) or (root.hex() if root else "unknown")
    def show_statement(i, s):
        name, shape = STATEMENT.get(s[1], (f"unknown kind {s[1]}", NEVER))
        fits = shape(s[4:])
        return dict(id=i.hex(), kind=f"{name} {ROLES[s[4]]}" if fits and s[1] == 0 else name, by=name_of(s[2]), effect=fits and s[1] != 2)
    def show_record(i, r):
        name, shape = KIND.get(r[6], (f"unknown kind {r[6]}", NEVER))
        out = dict(id=i.hex(), kind=name, height=r[3], by=name_of(owner.get(r[2])), effect=shape(r[9]))
        if out["effect"] and r[6] in (0, 64, 65): out["title"] = r[9][0]
        if out["effect"] and r[6] in (64, 65):
            blake3, *rest = r[9][-1]
            need(contents.get(blake3.hex()) in (None, tuple(rest)), f"record {i.hex()}: its content has another sha256 or size")
            out["content"] = blake3.hex()
        return out
    return dict(bundle=h["bundle"].hex(), circle=h["circle"].hex(), standalone=h["standalone"], sequence=h["sequence"],
                previous=h["previous"],
                signer=dict(name=name_of(cert[2]), root=cert[2].hex(), key=cert[5].hex(), certificate=cert_id.hex()),
                recipients=[dict(name=name_of(receive.get(r[0])), hint=r[0].hex(), mine=i in mine) for i, r in enumerate(h["recipients"])],
                members=listed, statements=[show_statement(*s) for s in got["statements"]],
                trust_records=[show_record(*r) for r in got["trust"]], records=[show_record(*r) for r in got["records"]],
                acks=[dict(id=i.hex(), sequence=a[7], by=name_of(a[2]), to=name_of(a[5])) for i, a in got["acks"]])
def show(place, report):
    """Every field on a line; what others wrote is shown without control characters."""
    print(f"{place}: verified")
    for field, value in report.items():
        for v in value if isinstance(value, list) else [value]:
            text = "  ".join(f"{k}={x}" for k, x in v.items()) if isinstance(v, dict) else str(v)
            print(f"  {field}: " + "".join(c if c.isprintable() else "?" for c in text))
def main(args):
    *where, identity = [Path(a) for a in args if a != "--json"]
    places, reports = {}, {}
    for path in where:
        if path.is_file():
            places[path.name] = path
            continue
        root = path / "okibi"
        need(root.is_dir() and not root.is_symlink(), "no okibi folder")
        for f in sorted(root.iterdir()):
            if re.fullmatch("[0-9a-f]{16}", f.name) and f.is_dir() and not f.is_symlink() and os.path.lexists(f / "SUMS"):
                places.setdefault(f.name, []).append(f)
    need(places, "no complete bundle")
    for name, place in places.items():
        try:
            tokens, slices = join([read_sums(f) for f in place]) if isinstance(place, list) else (None, [(place, None)])
            reports[name] = open_bundle(slices, tokens, identity)
        except Refused as e: raise Refused(f"{name}: {e}")
    if "--json" in args: return print(json.dumps(reports, indent=1))
    for place, report in reports.items(): show(place, report)

if __name__ == "__main__":
    try: main(sys.argv[1:])
    except (Refused, OSError) as e: sys.exit(f"refused: {e}")
