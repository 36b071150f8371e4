"""From the stored file to staged rows: decrypted into a private folder, parsed, hashed, streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.book.drift import opening
from portal.book.models import FeedFile, FeedRun
from portal.book.operations.progress import Progress
from portal.book.operations.request import FIELD
from portal.book.quarantine.taking import Taken
from portal.book.statements import outcome, staging, winners
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import PolicyRow
from portal.core import crypto
from portal.core.crypto import decrypt_bytes, keyed_hash
from portal.extensions import db

_MBI = staging.COLUMNS.index("mbi_hash")
_TIN = staging.COLUMNS.index("writer_value")


@dataclass(slots=True)
class Staged:
    """What reading the file gave besides the staged rows."""

    fmo_id: UUID
    progress: Progress
    taken: int = 0
    refused: int = 0
    dropped: int = 0
    problems: list[Sequence[Any]] = field(default_factory=list)
    kept: Taken = field(default_factory=Taken)  # refused rows that are to wait for a person
    hashes: dict[str, str] = field(default_factory=dict)  # readable MBI -> keyed hash, in memory only

    @property
    def rows(self) -> int:
        """All rows of the file below its header."""
        return self.taken + self.refused + self.dropped

    def seal(self, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
        """(keyed hash, ciphertext) of each MBI in `wanted`, a subset of this file's keyed hashes."""
        readable = {hashed: mbi for mbi, hashed in self.hashes.items()}
        for hashed in wanted:
            yield hashed, crypto.encrypt(readable[hashed], fmo_id=self.fmo_id, field="mbi")


def write_file(run: FeedRun, folder: Path) -> Path:
    """Decrypt the run's file into `folder`, which only this process may read."""
    path = folder / "feed"
    pieces = select(FeedFile.id).where(FeedFile.run_id == run.id).order_by(FeedFile.piece)
    with path.open("wb") as file:
        for piece_id in db.session.scalars(pieces).all():
            body = db.session.scalar(select(FeedFile.body).where(FeedFile.id == piece_id)) or ""
            file.write(decrypt_bytes(body, fmo_id=run.fmo_id, field=FIELD))
    return path


def open_file(run: FeedRun, path: Path) -> ParsedFile:
    """Recognise the layout, or take that of the run's connector; raises `FileRefused` and `drift.opening.Drifted`."""
    parsed = opening.open_run(run, path)
    parsed.notes[:0] = [note for note in run.notes if note not in parsed.notes]  # the door's
    return parsed


def stage(parsed: ParsedFile, fmo_id: UUID, progress: Progress) -> Staged:
    """Stream the file's rows into the staging tables of the transaction at work."""
    staged = Staged(fmo_id, progress)
    staging.prepare()
    outcome.prepare()
    staging.copy_rows(_batches(parsed, staged))
    winners.choose()
    outcome.collect(staged.problems)
    return staged


def _batches(parsed: ParsedFile, staged: Staged) -> Iterator[Iterator[Sequence[Any]]]:
    for batch in parsed.batches():
        staged.refused += len(batch.refused)
        staged.dropped += len(batch.dropped)
        staged.kept.take(batch, parsed, staged.fmo_id)
        staged.problems += [("refused", *refusal) for refusal in batch.refused]
        staged.problems += [("dropped", one.sheet, one.row, None, None, one.reason) for one in batch.dropped]
        yield _columns(batch.rows, staged)
        staged.taken += len(batch.rows)
        staged.progress.at("Reading the file", staged.rows)


def _columns(rows: list[PolicyRow], staged: Staged) -> Iterator[Sequence[Any]]:
    """The rows in the order of `staging.COLUMNS`, without anything that may only be stored as a hash."""
    hashes, fmo_id = staged.hashes, staged.fmo_id
    for number, row in enumerate(rows, staged.taken):
        values: list[Any] = [number, *row]
        mbi = row.mbi
        if mbi is not None:
            hashed = hashes.get(mbi)
            if hashed is None:
                hashed = hashes[mbi] = keyed_hash(mbi, fmo_id=fmo_id, field="mbi")
            values[_MBI] = hashed
        if row.writer_kind == "tin" and row.writer_value is not None:
            values[_TIN] = keyed_hash(row.writer_value, fmo_id=fmo_id, field="tin")
        yield values
