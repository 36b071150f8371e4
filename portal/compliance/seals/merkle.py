"""The Merkle tree over the lines of a seal: what a leaf, a node and the root are."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

EMPTY = sha256(b"").digest()


def leaf(line: bytes) -> bytes:
    """The leaf of one line; its prefix keeps it from being taken for a node."""
    return sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    """What stands above two."""
    return sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over `leaves` in their order; the last of an odd level goes up as it is."""
    level = list(leaves)
    if not level:
        return EMPTY
    while len(level) > 1:
        above = [sha256(b"\x01" + level[i] + level[i + 1]).digest() for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def mark(of_leaf: bytes) -> int:
    """The first eight bytes of a leaf as the number that the database keeps."""
    return int.from_bytes(of_leaf[:8], "big", signed=True)


def path(leaves: Sequence[bytes], place: int) -> list[tuple[str, bytes]]:
    """What proves that the leaf at `place` (from 0) is under the root: ("left" or "right", hash), from below."""
    found: list[tuple[str, bytes]] = []
    level, at = list(leaves), place
    while len(level) > 1:
        beside = at ^ 1
        if beside < len(level):
            found.append(("left" if beside < at else "right", level[beside]))
        above = [node(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level, at = above, at // 2
    return found
