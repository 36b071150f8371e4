"""An evidence pack: entries of the log with what proves them, to be checked without the portal by `verify_pack.py`."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy.orm import Session

from portal.compliance.seals import anchor, chain, lines, merkle, signing, statements
from portal.compliance.seals.chain import Link

MOST_LEAVES = 100_000  # entries that stand in the seals concerned: each is read for the paths
VERIFIER = Path(__file__).with_name("verify_pack.py")
FORMAT = Path(__file__).with_name("pack_format.txt")


class TooMuch(Exception):
    """The seals of these entries hold more than can be read for one page."""


def make(session: Session, of: UUID, ids: Sequence[UUID]) -> bytes:
    """A ZIP of the entries `ids` of one chain, with their seals; raises `TooMuch`."""
    seals = statements.seals_of(session, of, ids)
    if sum(seal.count for seal in seals) > MOST_LEAVES:
        raise TooMuch
    numbers = {seal.n for seal in seals}
    noted = [one for one in anchor.lines(of, anchor.size(of)) if one.n in numbers]
    entries = [*_sealed(session, of, seals, set(ids))]
    known = {entry_id for entry_id, _ in entries}
    entries += _unsealed(session, of, [one for one in ids if one not in known])
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as made:
        made.writestr("entries.jsonl", "".join(_json(told) + "\n" for _, told in entries))
        made.writestr("seals.jsonl", "".join(_json(_seal(seal)) + "\n" for seal in seals))
        made.writestr("keys.json", _json({name: key.hex() for name, key in signing.public_keys().items()}) + "\n")
        made.writestr("anchor.txt", "".join(f"{one.n} {one.hash.hex()} {one.sealed_at}\n" for one in noted))
        made.writestr("README.txt", FORMAT.read_text(encoding="utf-8"))
        made.writestr("verify_pack.py", VERIFIER.read_text(encoding="utf-8"))
    return file.getvalue()


def _sealed(
    session: Session, of: UUID, seals: Sequence[Link], wanted: set[UUID]
) -> Iterator[tuple[UUID, dict[str, Any]]]:
    """The wanted entries in the order of their seals, each with the path from its leaf to the root."""
    names, archived = lines.columns(of), statements.archives(session, of)
    for seal in seals:
        held: dict[int, tuple[UUID, bytes]] = {}
        for _, place, mark, entry_id, at, *columns in statements.members_of(session, [seal]):
            line = lines.line(names, columns) if at is not None else b""
            if place not in held or merkle.mark(merkle.leaf(line)) == mark:
                held[place] = (entry_id, line)
        ordered = sorted(held.items())
        # Where one is gone the paths lead nowhere, and the verifier says so. The leaf of an archived one is kept.
        leaves = [merkle.leaf(line) if line else archived.leaf(seal.n, at) or b"" for at, (_, line) in ordered]
        for place, (_, (entry_id, line)) in enumerate(ordered):
            if entry_id in wanted and line:
                path = [[side, beside.hex()] for side, beside in merkle.path(leaves, place)]
                yield entry_id, {"line": line.decode(), "seal": seal.n, "path": path}


def _unsealed(session: Session, of: UUID, ids: Sequence[UUID]) -> list[tuple[UUID, dict[str, Any]]]:
    names = lines.columns(of)
    told: dict[UUID, dict[str, Any]] = defaultdict(dict)
    for entry_id, *columns in statements.entries_of(session, of, ids):
        told[entry_id] = {"line": lines.line(names, columns).decode(), "seal": None, "path": []}
    return list(told.items())


def _seal(seal: Link) -> dict[str, str]:
    return {"statement": chain.statement(seal).decode(), "signature": seal.signature.hex()}


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
