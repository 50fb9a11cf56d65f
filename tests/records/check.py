#!/usr/bin/env python3
"""A second reader of the formats in docs/records.md, written from that document alone.

    python3 tests/records/check.py fixtures/records

Reads every golden vector and says where document and vectors disagree. It needs nothing but Python 3.9: BLAKE3
and Ed25519 are here, slow and readable. It is no library: nothing in it is constant in time.
"""

import base64
import hashlib
import json
import sys
import unicodedata
from pathlib import Path

# --- BLAKE3 (the specification's reference, for whole inputs) --------------------------------------------------

IV = [0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19]
ORDER = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8]
START, END, PARENT, ROOT, CONTEXT, MATERIAL = 1, 2, 4, 8, 32, 64
MASK = 0xFFFFFFFF


def compress(chain, words, counter, length, flags):
    v = chain + IV[:4] + [counter & MASK, counter >> 32, length, flags]

    def mix(a, b, c, d, x, y):
        v[a] = (v[a] + v[b] + x) & MASK
        v[d] ^= v[a]
        v[d] = (v[d] >> 16 | v[d] << 16) & MASK
        v[c] = (v[c] + v[d]) & MASK
        v[b] ^= v[c]
        v[b] = (v[b] >> 12 | v[b] << 20) & MASK
        v[a] = (v[a] + v[b] + y) & MASK
        v[d] ^= v[a]
        v[d] = (v[d] >> 8 | v[d] << 24) & MASK
        v[c] = (v[c] + v[d]) & MASK
        v[b] ^= v[c]
        v[b] = (v[b] >> 7 | v[b] << 25) & MASK

    for turn in range(7):
        mix(0, 4, 8, 12, words[0], words[1])
        mix(1, 5, 9, 13, words[2], words[3])
        mix(2, 6, 10, 14, words[4], words[5])
        mix(3, 7, 11, 15, words[6], words[7])
        mix(0, 5, 10, 15, words[8], words[9])
        mix(1, 6, 11, 12, words[10], words[11])
        mix(2, 7, 8, 13, words[12], words[13])
        mix(3, 4, 9, 14, words[14], words[15])
        words = [words[i] for i in ORDER]
    return [v[i] ^ v[i + 8] for i in range(8)]


def words_of(block):
    block = block.ljust(64, b"\0")
    return [int.from_bytes(block[i : i + 4], "little") for i in range(0, 64, 4)]


def blake3_tree(key, data, flags):
    def chunk(data, number, last):
        chain = key
        blocks = [data[i : i + 64] for i in range(0, len(data), 64)] or [b""]
        for at, block in enumerate(blocks):
            extra = (START if at == 0 else 0) | (END if at == len(blocks) - 1 else 0)
            final = ROOT if last and at == len(blocks) - 1 else 0
            chain = compress(chain, words_of(block), number, len(block), flags | extra | final)
        return chain

    def tree(data, number, root):
        if len(data) <= 1024:
            return chunk(data, number, root)
        left = 1024
        while left * 2 < len(data):
            left *= 2
        halves = tree(data[:left], number, False) + tree(data[left:], number + left // 1024, False)
        return compress(key, halves, 0, 64, flags | PARENT | (ROOT if root else 0))

    return b"".join(word.to_bytes(4, "little") for word in tree(data, 0, True))


def blake3(data):
    return blake3_tree(IV, data, 0)


def derive_key(context, data):
    key = blake3_tree(IV, context.encode(), CONTEXT)
    return blake3_tree([int.from_bytes(key[i : i + 4], "little") for i in range(0, 32, 4)], data, MATERIAL)


# --- Ed25519, the one predicate of section 1 --------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_M1 = pow(2, (P - 1) // 4, P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def point(encoded):
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, (y & (1 << 255) - 1) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * SQRT_M1 % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = -x % P
    return x, y, 1, x * y % P


def encoded(p):
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small(p):
    p = multiply(8, p)
    return p[0] % P == 0 and (p[1] - p[2]) % P == 0


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def public(seed):
    digest = bytearray(hashlib.sha512(seed).digest()[:32])
    digest[0] &= 248
    digest[31] = digest[31] & 127 | 64
    return encoded(multiply(int.from_bytes(digest, "little"), BASE))


def check_signature(key, message, signature):
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    require(s < L, "signature", "S is not below L")
    a, at = point(key), point(r)
    require(a is not None, "key", "the key is no point")
    require(at is not None, "signature", "R is no point")
    require(not small(a) and not small(at), "signature", "a point of small order")
    k = int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L
    minus = (-a[0] % P, a[1], a[2], -a[3] % P)
    require(encoded(add(multiply(s, BASE), multiply(k, minus))) == r, "signature", "another content or key")


def check_proof(root, role, key, proof):
    """Section 4: a certified key signs that it belongs to this root; a receive key by its Edwards form."""
    message = b"okibi-key-proof@v1" + root + bytes([role]) + key
    try:
        if role == 2:
            u = int.from_bytes(key, "little")
            require(u < P, "proof", "not below 2^255 - 19")
            require((u + 1) % P != 0, "proof", "a key of the twist")
            key = ((u - 1) * pow(u + 1, P - 2, P) % P).to_bytes(32, "little")
        check_signature(key, message, proof)
    except Refused as refused:
        raise Refused("proof", str(refused)) from None


# --- CBOR, section 2 ---------------------------------------------------------------------------------------------


class Refused(Exception):
    def __init__(self, reason, why):
        super().__init__(f"{reason}: {why}")
        self.reason = reason


def require(holds, reason, why):
    if not holds:
        raise Refused(reason, why)


class Map(list):
    pass


def item(data, at, level):
    require(level <= 16, "cbor", "too deep")
    require(at < len(data), "cbor", "short")
    major, info, at = data[at] >> 5, data[at] & 31, at + 1
    if major == 7:
        require(info in (20, 21, 22), "cbor", "a simple value or float")
        return {20: False, 21: True, 22: None}[info], at
    require(info < 28, "cbor", "reserved or indefinite")
    value = info
    if info > 23:
        width = 1 << info - 24
        require(at + width <= len(data), "cbor", "short")
        value, at = int.from_bytes(data[at : at + width], "big"), at + width
        require(value >= (24, 1 << 8, 1 << 16, 1 << 32)[info - 24], "cbor", "not the shortest head")
    if major == 0:
        return value, at
    if major == 1:
        return -1 - value, at
    if major in (2, 3):
        require(at + value <= len(data), "cbor", "short")
        content, at = data[at : at + value], at + value
        if major == 2:
            return content, at
        try:
            return content.decode(), at
        except UnicodeDecodeError:
            raise Refused("cbor", "no UTF-8") from None
    require(major in (4, 5), "cbor", "a tag")
    if major == 4:
        items = []
        for _ in range(value):
            one, at = item(data, at, level + 1)
            items.append(one)
        return items, at
    pairs, last = Map(), None
    for _ in range(value):
        start = at
        key, at = item(data, at, level + 1)
        require(last is None or last < data[start:at], "cbor", "map keys out of order")
        last = data[start:at]
        content, at = item(data, at, level + 1)
        pairs.append((key, content))
    return pairs, at


def cbor(data):
    value, end = item(data, 0, 1)
    require(end == len(data), "cbor", "bytes behind the item")
    return value


def head(major, value):
    for info, width in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 24:
            return bytes([major << 5 | value])
        if value < 1 << 8 * width:
            return bytes([major << 5 | info]) + value.to_bytes(width, "big")
    raise ValueError(value)


def write(value):
    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, Map):
        return head(5, len(value)) + b"".join(write(k) + write(v) for k, v in value)
    return head(4, len(value)) + b"".join(write(one) for one in value)


# --- Shapes ------------------------------------------------------------------------------------------------------


def uint(value, limit=2**64 - 1):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= limit


def uint53(value):
    return uint(value, 2**53 - 1)


def sized(value, *sizes):
    return isinstance(value, bytes) and len(value) in sizes


def b32(value):
    return sized(value, 32)


def text(limit):
    return lambda value: isinstance(value, str) and len(value.encode()) <= limit


def array(value, *shapes):
    plain = isinstance(value, list) and not isinstance(value, Map)
    return plain and len(value) == len(shapes) and all(shape(one) for shape, one in zip(shapes, value))


def many(value, shape, limit):
    plain = isinstance(value, list) and not isinstance(value, Map)
    return plain and len(value) <= limit and all(shape(one) for one in value)


def ascending(values):
    return all(a < b for a, b in zip(values, values[1:]))


def place(value):
    return array(value, b32, uint53, b32)


def some_id(value):
    return sized(value, 0, 32)


# --- Things ------------------------------------------------------------------------------------------------------


def read_statement(payload):
    def known(kind, rest):
        if kind == 0:
            return array(rest, lambda role: uint(role, 3), b32, some_id, lambda proof: sized(proof, 64))
        if kind == 1:
            cut = lambda value: array(value) or array(value, uint53, b32)
            return array(rest, b32, some_id, cut)
        return kind == 2 and array(rest, b32, b32, b32)

    require(len(payload) >= 4, "malformed", "fewer than four elements")
    _, kind, root, time = payload[:4]
    require(uint(kind) and b32(root) and uint(time, 2**63 - 1), "malformed", "kind, root or time")
    return root, known(kind, payload[4:])


def read_record(payload):
    require(len(payload) == 10, "malformed", "not ten elements")
    _, circle, feed, height, previous, time, kind, seen, cut, body = payload
    require(some_id(circle) and b32(feed) and uint53(height) and b32(previous), "malformed", "where it stands")
    require(uint(time, 2**63 - 1) and uint53(kind), "malformed", "time or kind")
    require(many(seen, place, 64) and many(cut, place, 256), "malformed", "places")
    require((circle == b"") == (kind == 0), "malformed", "the circle of a genesis")
    require(kind != 0 or (height == 0 and not seen and not cut), "malformed", "a genesis cites nothing")
    require(kind < 64 or not (seen or cut), "malformed", "an ordinary kind cites nothing")
    require(ascending(seen), "malformed", "seen is out of order")
    require(ascending([one[0] for one in cut]), "malformed", "the cut is out of order")
    return feed, fits(kind, body)


def read_ack(payload):
    def entry(value):
        if array(value, b32, uint53, b32):
            return True
        tips = lambda value: many(value, b32, 64) and ascending(value)
        return array(value, b32, uint53, b32, b32, tips) and value[2] < value[3]

    require(len(payload) == 11, "malformed", "not eleven elements")
    shapes = [uint, b32, b32, b32, b32, b32, lambda value: sized(value, 16), uint53, b32]
    require(array(payload[:9], *shapes), "malformed", "the head")
    frontier, wanted = payload[9:]
    require(many(frontier, entry, 1 << 22), "malformed", "the frontier")
    require(ascending([one[0] for one in frontier]), "malformed", "feeds out of order")
    require(many(wanted, b32, 4096) and ascending(wanted), "malformed", "wanted")
    return payload[3], None


THINGS = {
    "statement": (b"okibi-statement@v1", 4096, read_statement),
    "record": (b"okibi-record@v1", 65536, read_record),
    "acknowledgement": (b"okibi-ack@v1", 4194304, read_ack),
}


def fits(kind, body):
    """Whether a body fits its kind (section 5)."""
    name, words = text(256), text(4096)
    policy = lambda value: array(value, uint, uint, uint)
    blob = lambda value: array(value, b32, b32, uint53)
    roots = lambda value: many(value, b32, 64) and ascending(value)
    admins = lambda value: many(value, lambda one: array(one, b32, name, some_id), 64) and ascending([one[0] for one in value])
    predecessor = lambda value: value is None or array(value, b32, b32, roots)
    feeds = lambda value: many(value, b32, 256) and ascending(value)
    flag = lambda value: isinstance(value, bool)
    shapes = {
        0: (name, lambda salt: sized(salt, 16), policy, admins, predecessor),
        1: (b32, name, roots, feeds),
        2: (b32, words),
        3: (b32,),
        4: (b32,),
        5: (b32,),
        6: (b32, policy),
        7: (uint, b32, b32),
        8: (b32, uint),
        9: (b32,),
        10: (b32, b32),
        11: (),
        64: (name, name, name, words, words, blob),
        65: (name, name, name, words, words, words, flag, blob),
        66: (b32,),
    }
    return kind in shapes and array(body, *shapes[kind])


def judge(thing, data):
    """Takes an envelope or raises: payload, Sig_structure, id, signer, and whether it can have an effect."""
    context, limit, read = THINGS[thing]
    require(len(data) <= limit, "size", "too large")
    front = bytes.fromhex("d28443a10127a0")
    require(data.startswith(front) and len(data) >= len(front) + 67, "shape", "the head")
    body, signature = data[len(front) : -66], data[-66:]
    require(signature[:2] == b"\x58\x40", "shape", "the signature's head")
    try:
        payload = cbor(body)
    except Refused as refused:
        # Here only the byte string around the payload is read.
        raise Refused("shape", str(refused)) from None
    require(isinstance(payload, bytes), "shape", "the payload is no byte string")
    value = cbor(payload)
    require(isinstance(value, list) and not isinstance(value, Map), "malformed", "no array")
    require(value and uint(value[0]), "malformed", "no version")
    require(value[0] == 1, "newer", f"version {value[0]}")
    signer, effect = read(value)
    structure = write(["Signature1", bytes.fromhex("a10127"), context, payload])
    check_signature(signer, structure, signature[2:])
    if thing == "statement" and effect and value[1] == 0:
        check_proof(value[2], *value[4:6], value[7])
    return payload, structure, blake3(structure), signer, effect


def difference(mine, theirs):
    """Section 6; my chain has id n at height n."""
    own = lambda height: bytes([height]) * 32
    halves = lambda entry: {bytes.fromhex(one) for one in [entry["first"], entry["second"], *entry["tips"]]}
    chain = mine["height"] + ("id" in mine)
    branches = set() if "id" in mine else halves(mine)
    if theirs is None:
        start = 0
    elif "id" in theirs and theirs["height"] >= chain:
        start = chain
        branches -= {bytes.fromhex(theirs["id"])}
    elif "id" in theirs:
        start = theirs["height"] + 1 if own(theirs["height"]).hex() == theirs["id"] else 0
    else:
        start = chain
        branches -= halves(theirs)
        if theirs["height"] < chain:
            mine_there = own(theirs["height"]).hex()
            if mine_there < theirs["second"] and mine_there != theirs["first"]:
                branches.add(bytes.fromhex(mine_there))
    if start == chain and not branches:
        return None
    return {"start": start, "end": chain, "branches": sorted(one.hex() for one in branches)}


def fingerprint(root):
    digest = derive_key("okibi 2026 fingerprint v1", root)
    number = int.from_bytes(digest[:20], "big")
    symbols = ["0123456789abcdefghjkmnpqrstvwxyz"[number >> shift & 31] for shift in range(155, -1, -5)]
    return "-".join("".join(symbols[at : at + 4]) for at in range(0, 32, 4)), digest


def card(line):
    line = line.strip()
    require(line.startswith("okibi-card-1:"), "card", "no prefix")
    body = line[len("okibi-card-1:") :]
    require(len(body) <= 16384, "card", "too long")
    alphabet = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    require(set(body) <= alphabet and len(body) % 4 != 1, "card", "no base64url")
    data = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    require(base64.urlsafe_b64encode(data).decode().rstrip("=") == body, "card", "unused bits")
    require(len(data) > 4 and blake3(data[:-4])[:4] == data[-4:], "card", "checksum")
    statements = cbor(data[:-4])
    require(many(statements, lambda one: isinstance(one, bytes), 16), "card", "no list")
    roots, roles = set(), set()
    for statement in statements:
        payload = cbor(judge("statement", statement)[0])
        roots.add(payload[2])
        if payload[1] == 0:
            roles.add(payload[4])
    require(len(roots) == 1 and roles >= {0, 1, 2}, "card", "several roots, or a role is missing")
    return roots.pop(), statements


# --- The vectors -------------------------------------------------------------------------------------------------

checked = 0
faults = []


def expect(holds, what):
    global checked
    checked += 1
    if not holds:
        faults.append(what)


def main(folder):
    load = lambda name: json.loads((folder / name).read_text(encoding="utf-8"))
    for key in load("keys.json"):
        expect(public(bytes.fromhex(key["secret"])).hex() == key["public"], f"key {key['public'][:8]}")
    for case in load("cbor.json"):
        try:
            data = bytes.fromhex(case["bytes"])
            taken = write(cbor(data)) == data
        except Refused:
            taken = False
        expect(taken == case["taken"], f"CBOR {case['bytes']}")
    for name, thing in (("statements", "statement"), ("records", "record"), ("acks", "acknowledgement")):
        for vector in load(f"{name}.json"):
            what = f"{thing}: {vector['name']}"
            try:
                payload, structure, ident, signer, effect = judge(thing, bytes.fromhex(vector["bytes"]))
            except Refused as refused:
                expect(False, f"{what}: {refused}")
                continue
            expect(payload.hex() == vector["payload"], f"{what}: payload")
            expect(structure.hex() == vector["sig_structure"], f"{what}: Sig_structure")
            expect(ident.hex() == vector["id"], f"{what}: id")
            expect(signer.hex() == vector["signer"], f"{what}: signer")
            expect(write(cbor(payload)) == payload, f"{what}: re-encoding")
            odd = "unknown" in vector["name"] or "does not fit" in vector["name"] or "greatest" in vector["name"]
            expect(effect is None or effect != odd, f"{what}: effect")
    for case in load("bodies.json"):
        expect(fits(case["kind"], cbor(bytes.fromhex(case["body"]))) == case["fits"], f"body: {case['name']}")
    for case in load("refused.json"):
        if isinstance(case["bytes"], dict):
            continue
        try:
            judge(case["thing"], bytes.fromhex(case["bytes"]))
            expect(False, f"{case['thing']}: taken, though: {case['name']}")
        except Refused as refused:
            what = f"{case['thing']}: {case['name']}: {refused} instead of {case['reason']}"
            # "newer" alone must be told apart by everybody.
            expect((refused.reason == "newer") == (case["reason"] == "newer"), what)
    hashes = load("hashes.json")
    ids = lambda name: [bytes.fromhex(one) for one in hashes[name]]
    forks = [[bytes.fromhex(f), h, bytes.fromhex(a), bytes.fromhex(b)] for f, h, a, b in hashes["forks"]]
    context = "okibi 2026 set hash v1"
    whole = derive_key(context, write([ids("statements"), ids("records"), forks]))
    expect(whole.hex() == hashes["set_hash"], "set hash")
    expect(derive_key(context, write([[], [], []])).hex() == hashes["empty_set_hash"], "empty set hash")
    statements = derive_key("okibi 2026 statements hash v1", b"".join(ids("statements")))
    expect(statements.hex() == hashes["statements_hash"], "statements hash")
    for number, case in enumerate(load("differences.json")):
        expect(difference(case["mine"], case["theirs"]) == case["moved"], f"difference {number}")
    cards = load("cards.json")
    root, statements = card(cards["line"])
    expect(root.hex() == cards["root"] and [one.hex() for one in statements] == cards["statements"], "card")
    for case in cards["refused"]:
        try:
            card(case["line"])
            expect(False, f"card: taken, though: {case['name']}")
        except Refused:
            expect(True, "")
    for case in cards["fingerprints"]:
        text_of, digest = fingerprint(bytes.fromhex(case["root"]))
        expect(text_of == case["fingerprint"], "fingerprint")
        # The word lists are BIP-39's; without them, equal indices must give equal words and composed characters.
        number = int.from_bytes(digest[:9], "big") >> 6
        indices = [number >> shift & 2047 for shift in range(55, -1, -11)]
        for language in ("english", "japanese"):
            words = case[language]
            expect(len(words) == 6 and all(unicodedata.normalize("NFC", w) == w for w in words), language)
            if language == "english":
                # The list is sorted, so greater indices have greater words.
                order = lambda values: [sorted(range(6), key=lambda at: values[at])]
                expect(order(indices) == order(words), "words")
    for fault in faults:
        print(fault)
    print(f"{checked - len(faults)} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "fixtures/records")))
