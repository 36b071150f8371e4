"""Writing one FMO's month into its file, and reading it back: what is archived must prove by itself what it was.

Everything that an evidence pack holds is in the file: lines, seals, keys, anchor. Of a seal that lies in the month
whole, all entries stand in their order and need no paths; of one that reaches beyond it, each entry has its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from portal.compliance.retention import files, statements
from portal.compliance.retention.months import Month
from portal.compliance.seals import anchor, archives, chain, lines, merkle, signing
from portal.compliance.seals import statements as seals
from portal.compliance.seals.archives import Archive, Archives, Parts
from portal.compliance.seals.chain import Link
from portal.compliance.seals.scopes import sealing
from portal.core.session import open_session

_AT_ONCE = 5000  # entries in memory


class NotRight(Exception):
    """The month cannot be archived as it is; the text says why, and nothing was changed."""


@dataclass(slots=True)
class _Counted:
    entries: int = 0
    seals: int = 0
    parts: Parts = field(default_factory=dict)


def write(fmo_id: UUID, month: Month) -> Archive:
    """Write the file of one month, read it back and sign its record, which is not kept yet; raises `NotRight`."""
    counted = _Counted()
    name = f"{fmo_id}-{month}.portal-log"
    made = Archive(fmo_id, month.begin, month.end, 0, 0, name, 0, b"")
    with open_session(sealing(fmo_id)) as session:
        seals.one_snapshot(session)
        total = statements.count(session, fmo_id, month)
        with closing(_told(session, fmo_id, month, counted)) as told:
            files.write(made.path, told)
    if counted.entries != total:
        made.path.unlink()
        raise NotRight(f"{total:,} entries are in the month and {counted.entries:,} of them under its seals.")
    digest = hashlib.sha256()
    with made.path.open("rb") as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
        size = file.tell()
    whole = replace(
        made, entries=total, seals=counted.seals, size=size, sha256=digest.digest(), parts=counted.parts,
        key_id=next(iter(signing.public_keys())),
    )  # fmt: skip
    check(whole)
    return replace(whole, signature=signing.sign(archives.statement(whole)).signature)


def _told(session: Session, fmo_id: UUID, month: Month, counted: _Counted) -> Generator[dict[str, Any]]:
    yield {"chain": str(fmo_id), "begin": chain.moment(month.begin), "end": chain.moment(month.end)}
    known = seals.archives(session, fmo_id)
    numbers: set[int] = set()
    with closing(statements.seals_within(session, fmo_id, month)) as links:
        for portion in _portions(links):
            yield from _portion(session, portion, month, known, counted, numbers)
    for line in anchor.lines(fmo_id, anchor.size(fmo_id)):
        if line.n in numbers:
            yield {"anchored": f"{line.n} {line.hash.hex()} {line.sealed_at}"}
    yield {"keys": {name: key.hex() for name, key in signing.public_keys().items()}}


def _portion(
    session: Session, portion: list[Link], month: Month, known: Archives, counted: _Counted, numbers: set[int]
) -> Iterator[dict[str, Any]]:
    """Seals beside each other with the month's entries; their numbers are noted."""
    rows: dict[int, list[Any]] = {link.n: [] for link in portion}
    for row in seals.members_of(session, portion):
        rows[row[0]].append(row)
    for link in portion:
        own = list(_entries(link, rows[link.n], month, known, counted))
        if own:
            counted.seals += 1
            numbers.add(link.n)
            yield {"seal": chain.statement(link).decode(), "signature": link.signature.hex()}
            yield from own


def _portions(links: Iterator[Link]) -> Iterator[list[Link]]:
    """Seals beside each other by their numbers, of no more entries than may be in memory."""
    held: list[Link] = []
    for link in links:
        if held and (link.n != held[-1].n + 1 or sum(one.count for one in held) >= _AT_ONCE):
            yield held
            held = []
        held.append(link)
    if held:
        yield held


def _entries(link: Link, rows: list[Any], month: Month, known: Archives, counted: _Counted) -> Iterator[dict[str, Any]]:
    """The month's entries of one seal, after they were found to give its root."""
    names = lines.columns(link.chain)
    held: dict[int, tuple[datetime | None, bytes]] = {}
    for _, place, mark, _, at, *columns in rows:
        line = lines.line(names, columns) if at is not None else b""
        if place not in held or merkle.mark(merkle.leaf(line)) == mark:
            held[place] = (at, line)
    ordered = sorted(held.items())
    leaves = [merkle.leaf(line) if line else known.leaf(link.n, place) or b"" for place, (_, line) in ordered]
    if merkle.root(leaves) != link.root or not chain.is_signed(link):
        raise NotRight(f"Seal {link.n} is not right any more: the verification says what is wrong.")
    mine = [at is not None and month.begin <= at < month.end for _, (at, _) in ordered]
    whole = all(mine)
    for index, (place, (_, line)) in enumerate(ordered):
        if not mine[index]:
            continue
        counted.entries += 1
        if not whole:
            counted.parts.setdefault(link.n, {})[place] = leaves[index]
        path = None if whole else [[side, beside.hex()] for side, beside in merkle.path(leaves, index)]
        yield {"line": line.decode(), "of": link.n, "path": path}


@dataclass(slots=True)
class _Open:
    """The seal whose entries are being read."""

    told: dict[str, Any]
    leaves: list[bytes] = field(default_factory=list)

    def close(self) -> None:
        """Compare with the root, where the seal lies in the month whole."""
        if self.leaves and (
            len(self.leaves) != self.told["count"] or merkle.root(self.leaves).hex() != self.told["root"]
        ):
            raise NotRight(f"The entries of seal {self.told['n']} in the file do not give its root.")


def check(archive: Archive) -> None:
    """Read a file through and compare all of it with its seals and its record; raises `NotRight`."""
    entries, current = 0, None
    try:
        for told in files.read(archive.path):
            if "seal" in told:
                if current:
                    current.close()
                current = _Open(_sealed(told, archive))
            elif "line" in told:
                entries += 1
                _check_entry(told, current, archive)
    except (files.Unreadable, OSError) as error:
        raise NotRight(f"The file that was written cannot be read back: {error}") from error
    if current:
        current.close()
    if entries != archive.entries:
        raise NotRight(f"The file holds {entries:,} entries and not {archive.entries:,}.")


def _sealed(told: dict[str, Any], archive: Archive) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(told["seal"])
    signature = signing.Signature(said["key"], bytes.fromhex(told["signature"]))
    if said["chain"] != str(archive.chain) or not signing.verifies(told["seal"].encode(), signature):
        raise NotRight(f"Seal {said['n']} in the file is not signed by a key of ours.")
    return said


def _check_entry(told: dict[str, Any], current: _Open | None, archive: Archive) -> None:
    line, path = told["line"].encode(), told["path"]
    leaf, said = merkle.leaf(line), json.loads(line)
    inside = chain.moment(archive.begin) <= said["at"] < chain.moment(archive.end)
    if current is None or told["of"] != current.told["n"] or said["fmo_id"] != str(archive.chain) or not inside:
        raise NotRight(f"The entry {said['id']} in the file is not of its seal, its month or its FMO.")
    if path is None:
        current.leaves.append(leaf)
        return
    for side, beside in path:
        other = bytes.fromhex(beside)
        leaf = merkle.node(other, leaf) if side == "left" else merkle.node(leaf, other)
    if leaf.hex() != current.told["root"]:
        raise NotRight(f"The entry {said['id']} in the file is not what was sealed.")
