#!/usr/bin/env python3
"""A second verifier of Groundswell's audit log, written from the standards and docs/methods/audit.md alone.

It shares no code and no idea of how to go about it with the one in Rust: trees are hashed as RFC 6962 defines them, over lists,
and Ed25519 is computed as in RFC 8032, section 5.1 and its appendix. Standard library only. Slow, and meant to be read.

    verify.py LOG CHECKPOINT PUBLIC-KEY [--earlier CHECKPOINT]... [--witness VERIFIER-KEY]...
    verify.py --proof PROOF.json

prints one JSON object and exits with 0 where everything is as it was signed, with 1 where it is not.
"""

import base64
import hashlib
import json
import sys

# Ed25519 (RFC 8032)

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SQRT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(a, b):
    """The sum of two points in extended coordinates (section 5.1.4)."""
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_of(data):
    """The point that 32 bytes stand for, or None (section 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P != 0:
        x = x * SQRT_OF_MINUS_1 % P
    if (x * x - xx) % P != 0 or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verify(public, message, signature):
    if len(public) != 32 or len(signature) != 64:
        return False
    a, r = point_of(public), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(k, a)))


# The tree (RFC 6962, section 2.1)


def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def tree_hash(leaves):
    """MTH over a list of leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(tree_hash(leaves[:k]), tree_hash(leaves[k:]))


def split(size):
    k = 1
    while 2 * k < size:
        k *= 2
    return k


def root_by_path(number, size, leaf, path):
    """The root that PATH(number, D[size]) leads to, by unrolling its definition (section 2.1.1); None where it has another length."""
    if size == 1:
        return leaf if not path else None
    if not path:
        return None
    k = split(size)
    if number < k:
        left, right = root_by_path(number, k, leaf, path[:-1]), path[-1]
    else:
        left, right = path[-1], root_by_path(number - k, size - k, leaf, path[:-1])
    return None if left is None or right is None else node_hash(left, right)


def roots_by_proof(m, size, whole, old_root, path):
    """The roots of the old and the new tree that SUBPROOF(m, D[size], whole) leads to (section 2.1.2); None if malformed."""
    if m == size:
        if whole:
            return (old_root, old_root) if not path else None
        return (path[0], path[0]) if len(path) == 1 else None
    if not path:
        return None
    k = split(size)
    if m <= k:
        inner = roots_by_proof(m, k, whole, old_root, path[:-1])
        return inner and (inner[0], node_hash(inner[1], path[-1]))
    inner = roots_by_proof(m - k, size - k, False, old_root, path[:-1])
    return inner and (node_hash(path[-1], inner[0]), node_hash(path[-1], inner[1]))


def unbase64(text):
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("another spelling of the same bytes")
    return data


def check_proof(proof):
    path = [unbase64(side) for side in proof["path"]]
    if "number" in proof:
        number, size = proof["number"], proof["size"]
        if not 0 <= number < size:
            return False
        return root_by_path(number, size, unbase64(proof["entry"]), path) == unbase64(proof["root"])
    old, new = proof["from"], proof["to"]
    old_root, new_root = unbase64(proof["from_root"]), unbase64(proof["to_root"])
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not path and old_root == tree_hash([]) and (new > 0 or new_root == old_root)
    roots = roots_by_proof(old, new, True, old_root, path)
    return roots == (old_root, new_root)


# Signed notes (C2SP signed-note, tlog-checkpoint, tlog-cosignature)


class Bad(Exception):
    """A kind of damage and what to say."""

    def __init__(self, kind, words):
        super().__init__(words)
        self.kind, self.words = kind, words


def key_id(name, kind, public):
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def read_key(text):
    name, ident, data = text.rstrip("\n").split("+", 2)
    data = unbase64(data)
    kind, public = data[0], data[1:]
    if kind not in (1, 4) or key_id(name, kind, public).hex() != ident:
        raise ValueError("no verifier key")
    return name, kind, public


def read_note(data):
    try:
        note = data.decode("utf-8")
        if any(ord(letter) < 0x20 and letter != "\n" for letter in note):
            raise ValueError("a control character")
        at = note.rindex("\n\n")
        text, tail = note[: at + 1], note[at + 2 :]
        if not tail.endswith("\n"):
            raise ValueError("the last line is not ended")
        signatures = []
        for line in tail[:-1].split("\n"):
            dash, name, signature = line.split(" ")
            if dash != "\u2014" or not name or "+" in name or any(letter.isspace() for letter in name):
                raise ValueError("a line of the signatures is none")
            signature = unbase64(signature)
            if len(signature) < 5:
                raise ValueError("a signature is too short")
            signatures.append((name, signature[:4], signature[4:]))
        return text, signatures
    except (ValueError, UnicodeDecodeError) as error:
        raise Bad("checkpoint_unreadable", str(error)) from error


def read_head(data, key):
    name, kind, public = key
    text, signatures = read_note(data)
    try:
        if not text.endswith("\n"):
            raise ValueError("the text is not ended")
        lines = text[:-1].split("\n")
        origin, size, root = lines[0], lines[1], unbase64(lines[2])
        if not origin or str(int(size)) != size or int(size) < 0 or len(root) != 32 or "" in lines[3:]:
            raise ValueError("no head of a log")
    except (ValueError, IndexError) as error:
        raise Bad("checkpoint_unreadable", str(error)) from error
    ours = [made for by, ident, made in signatures if by == name and ident == key_id(name, kind, public)]
    if not ours and origin != name:
        raise Bad("other_log", "the head of another log")
    if not ours or kind != 1:
        raise Bad("wrong_key", "the head is not signed by this key")
    if not all(ed25519_verify(public, text.encode(), made) for made in ours):
        raise Bad("checkpoint_forged", "the signature under the head is wrong")
    if origin != name:
        raise Bad("other_log", "the head of another log")
    return int(size), root, text, signatures


def cosigned(text, signatures, witness):
    """When a witness cosigned; None where it did not."""
    name, kind, public = witness
    when = None
    for by, ident, made in signatures:
        if by != name or ident != key_id(name, kind, public):
            continue
        stamp = int.from_bytes(made[:8], "big")
        message = "cosignature/v1\ntime {}\n{}".format(stamp, text).encode()
        if kind != 4 or len(made) != 72 or stamp >= 2**63 or not ed25519_verify(public, message, made[8:]):
            raise Bad("cosignature_forged", "the cosignature of {} is wrong".format(name))
        when = stamp
    return when


# The log (docs/methods/audit.md)


def check_log(data, checkpoint, key, earlier, witnesses):
    damages, seen_by = [], []

    def damage(kind, words, first=None, last=None):
        damages.append({"kind": kind, "first": first, "last": first if last is None else last, "words": words})

    lines = data.split(b"\n")
    torn = lines.pop()
    leaves = [leaf_hash(line) for line in lines]
    numbers = []
    for index, line in enumerate(lines):
        try:
            entry = json.loads(line)
            numbers.append(entry["n"] if isinstance(entry["n"], int) else None)
            previous = unbase64(entry["prev"])
        except (ValueError, KeyError, TypeError):
            numbers.append(None)
            damage("unreadable", "no entry", index)
            continue
        if previous != (leaves[index - 1] if index else bytes(32)):
            damage("link", "it does not follow the entry before it", index)
        if entry.get("act") == "checkpoint_published":
            text = "{}\n{}\n{}\n".format(key[0], entry["size"], entry["root"])
            made = unbase64(entry["signature"])
            signed = made[:4] == key_id(*key) and ed25519_verify(key[2], text.encode(), made[4:])
            fits = entry["size"] == index and unbase64(entry["root"]) == tree_hash(leaves[:index])
            if not signed:
                damage("head_forged", "the head that it holds is not signed", index)
            elif not fits:
                damage("head_differs", "the head that it holds is not that of the entries before it", 0, index)
    if numbers != list(range(len(lines))):
        wrong = [index for index, number in enumerate(numbers) if number != index]
        damage("order", "the numbers of the entries are not 0, 1, 2, …", wrong[0])
    if torn:
        damage("torn", "the last line is not ended", len(lines))
    signed_size = None
    try:
        signed_size, root, text, signatures = read_head(checkpoint, key)
        if signed_size > len(lines):
            damage("cut_off", "there are fewer entries than the head is over", len(lines), signed_size - 1)
        if signed_size < len(lines):
            damage("unsigned", "there are more entries than the head is over", signed_size, len(lines) - 1)
        if tree_hash(leaves[:signed_size]) != root:
            damage("root", "the root is not the one that was signed", 0, signed_size - 1)
        for witness in witnesses:
            when = cosigned(text, signatures, witness)
            if when is not None:
                seen_by.append({"witness": witness[0], "time": when})
    except Bad as bad:
        damage(bad.kind, bad.words)
    for note in earlier:
        try:
            size, root, _, _ = read_head(note, key)
            if size > len(lines) or tree_hash(leaves[:size]) != root:
                damage("not_consistent", "an earlier head over {} entries is not the beginning of this log".format(size))
        except Bad as bad:
            damage(bad.kind, bad.words)
    return {
        "entries": len(lines),
        "signed": signed_size,
        "root": base64.b64encode(tree_hash(leaves[:signed_size])).decode(),
        "witnesses": seen_by,
        "damages": damages,
    }


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main(arguments):
    if arguments[:1] == ["--proof"]:
        holds = check_proof(json.loads(read(arguments[1])))
        print(json.dumps({"holds": holds}))
        return 0 if holds else 1
    places, earlier, witnesses = [], [], []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--earlier":
            earlier.append(read(next(rest)))
        elif argument == "--witness":
            witnesses.append(read_key(next(rest)))
        else:
            places.append(argument)
    if len(places) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    report = check_log(read(places[0]), read(places[1]), read_key(read(places[2]).decode()), earlier, witnesses)
    print(json.dumps(report, ensure_ascii=False))
    return 1 if report["damages"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
