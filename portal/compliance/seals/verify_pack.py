#!/usr/bin/env python3
"""Check an evidence pack without the portal: `python3 verify_pack.py [FOLDER] [--key ID=HEX] [--anchor FILE]`.

Needs Python 3.9 or newer and nothing else. FOLDER is the unpacked pack, by default where this file is. The format is in
README.txt of the pack. Exit status 0: every entry is what was sealed; 1: something is wrong, each fault a line; 2:
wrong usage. Without --key the keys in the pack are believed: compare them with those that you were given otherwise.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Tuple  # noqa: UP035

# Ed25519 as RFC 8032 has it; slow, and made to be read.
P = 2**255 - 19
Q = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = Tuple[int, int, int, int]  # noqa: UP006  # for Python 3.9, which others may have


def point_add(a: Point, b: Point) -> Point:
    """The sum of two points in extended coordinates."""
    left, right = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = right - left, d - c, d + c, right + left
    return e * f % P, g * h % P, f * g % P, e * h % P


def point_times(number: int, point: Point) -> Point:
    """`number` times `point`."""
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = point_add(found, point)
        point = point_add(point, point)
        number >>= 1
    return found


def same_point(a: Point, b: Point) -> bool:
    """Whether two points are one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point_from(data: bytes) -> Point | None:
    """The point that 32 bytes spell, or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - x2) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


BASE_Y = 4 * pow(5, P - 2, P) % P


def is_signed(key: bytes, data: bytes, signature: bytes) -> bool:
    """Whether `signature` is that of `data` by the public key `key`."""
    if len(key) != 32 or len(signature) != 64:
        return False
    base, public, begin = (point_from(one) for one in (BASE_Y.to_bytes(32, "little"), key, signature[:32]))
    s = int.from_bytes(signature[32:], "little")
    if base is None or public is None or begin is None or s >= Q:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + data).digest(), "little") % Q
    return same_point(point_times(s, base), point_add(begin, point_times(challenge, public)))


def say(text: str | None) -> None:
    """Print one line."""
    sys.stdout.write(f"{text}\n")


def climbed(line: str, path: list[list[str]]) -> str:
    """The root to which a line and its path lead."""
    found = hashlib.sha256(b"\x00" + line.encode()).digest()
    for side, beside in path:
        other = bytes.fromhex(beside)
        found = hashlib.sha256(b"\x01" + (other + found if side == "left" else found + other)).digest()
    return found.hex()


def root_of(leaves: list[bytes]) -> str:
    """The root over all leaves of a seal; the last of an odd level goes up as it is."""
    level = leaves
    while len(level) > 1:
        pairs = [level[i : i + 2] for i in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()


def rows(file: Path) -> Iterator[tuple[int, Any]]:
    """The JSON values of a file, one a line, with the number of each."""
    with file.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, json.loads(line)


def check_seals(folder: Path, keys: dict[str, bytes], anchored: dict[int, str]) -> tuple[dict[int, Any], list[str]]:
    """The statements of the seals that hold, by number; and what is wrong with the others."""
    good: dict[int, Any] = {}
    faults: list[str] = []
    for number, seal in rows(folder / "seals.jsonl"):
        said = json.loads(seal["statement"])
        data, name = seal["statement"].encode(), f"Seal {said['n']} of {said['sealed_at']}"
        before = len(faults)
        if said["key"] not in keys:
            faults.append(f"{name} is signed with the key {said['key']}, which is not known.")
        elif not is_signed(keys[said["key"]], data, bytes.fromhex(seal["signature"])):
            faults.append(f"{name}: its signature is wrong.")
        noted = anchored.get(said["n"])
        if noted is None:
            faults.append(f"{name} is not in the anchor.")
        elif noted != hashlib.sha256(data).hexdigest():
            faults.append(f"{name} is not the one that was anchored.")
        if said["n"] in good:
            faults.append(f"{name} is there twice (line {number} of seals.jsonl).")
        if len(faults) == before:
            good[said["n"]] = said
    return good, faults


def check_entries(folder: Path, seals: dict[int, Any]) -> tuple[int, int, list[str]]:
    """How many entries were found right, how many have no seal yet, and what is wrong with the others."""
    right = waiting = 0
    faults: list[str] = []
    ids: set[str] = set()
    whole: dict[int, list[bytes]] = {}
    for number, entry in rows(folder / "entries.jsonl"):
        told = json.loads(entry["line"])
        name = f"Entry {told.get('id')} of {told.get('at')} (line {number})"
        seal = seals.get(entry["seal"])
        if told.get("id") in ids:
            faults.append(f"{name} is there twice.")
        elif entry["seal"] is None:
            waiting += 1
        elif seal is None:
            faults.append(f"{name}: its seal {entry['seal']} is missing or wrong.")
        elif entry["path"] is None and told.get("fmo_id") == seal["chain"]:
            whole.setdefault(entry["seal"], []).append(hashlib.sha256(b"\x00" + entry["line"].encode()).digest())
        elif told.get("fmo_id") != seal["chain"] or climbed(entry["line"], entry["path"] or []) != seal["root"]:
            faults.append(f"{name} is not what was sealed in seal {entry['seal']}.")
        else:
            right += 1
        ids.add(told.get("id"))
    for n, leaves in whole.items():
        if len(leaves) == seals[n]["count"] and root_of(leaves) == seals[n]["root"]:
            right += len(leaves)
        else:
            faults.append(
                f"The {len(leaves)} entries of seal {n} are not the {seals[n]['count']} that were sealed in it."
            )
    return right, waiting, faults


def main(arguments: list[str]) -> int:
    """Check one pack and say what was found; the exit status."""
    folder, anchor = Path(__file__).resolve().parent, None
    keys: dict[str, bytes] = {}
    while arguments:
        word = arguments.pop(0)
        if word == "--key" and arguments and "=" in arguments[0]:
            name, _, spelled = arguments.pop(0).partition("=")
            keys[name] = bytes.fromhex(spelled)
        elif word == "--anchor" and arguments:
            anchor = Path(arguments.pop(0))
        elif not word.startswith("-"):
            folder = Path(word)
        else:
            say(__doc__)
            return 2
    keys = keys or {name: bytes.fromhex(key) for name, key in json.loads((folder / "keys.json").read_text()).items()}
    lines = (anchor or folder / "anchor.txt").read_text().splitlines()
    anchored = {int(n): noted for n, noted, *_ in (line.split() for line in lines if line.strip())}
    seals, wrong = check_seals(folder, keys, anchored)
    right, waiting, faults = check_entries(folder, seals)
    for fault in [*wrong, *faults]:
        say(fault)
    is_right = "entry is" if right == 1 else "entries are"
    under = "1 seal" if len(seals) == 1 else f"{len(seals)} seals"
    say(f"{right} {is_right} what was sealed, under {under}; {waiting} had no seal yet.")
    number = len(wrong) + len(faults)
    say(f"{number} fault{'s' * (number > 1)} found." if number else "Nothing wrong was found.")
    return 1 if wrong or faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
