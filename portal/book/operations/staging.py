"""From the stored file to staged rows: decrypted into a private folder, parsed, hashed, streamed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from uuid import UUID

from portal.book.drift import opening
from portal.book.models import FeedRun
from portal.book.operations.known import KnownRows
from portal.book.operations.progress import Progress
from portal.book.operations.request import FIELD
from portal.book.quarantine.taking import Taken
from portal.book.statements import outcome, runs, staging, winners
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import Batch
from portal.core import crypto
from portal.core.crypto import decrypt_bytes, keyed_hash

_MBI = staging.COLUMNS.index("mbi_hash")
_TIN = staging.COLUMNS.index("writer_value")
FEW = 20  # so many times as many rows were known as are read
_REMEMBERED = 20_000  # Medicare numbers: policies of one member stand near each other
Problem = Sequence[Any]  # outcome, sheet, row, column, shape, reason


@dataclass(slots=True)
class Staged:
    """What reading the file gave besides the staged rows."""

    passed: int = 0
    taken: int = 0
    refused: int = 0
    dropped: int = 0
    kept: Taken = field(default_factory=Taken)  # refused rows that are to wait for a person

    @property
    def rows(self) -> int:
        """All rows of the file below its header."""
        return self.passed + self.taken + self.refused + self.dropped


def write_file(run: FeedRun, folder: Path) -> Path:
    """Decrypt the run's file into `folder`, which only this process may read."""
    path = folder / "feed"
    with path.open("wb") as file:
        for piece in runs.pieces(run.fmo_id, run.id):
            file.write(decrypt_bytes(piece, fmo_id=run.fmo_id, field=FIELD))
    return path


def open_file(run: FeedRun, path: Path) -> ParsedFile:
    """Recognise the layout, or take that of the run's connector; raises `FileRefused` and `drift.opening.Drifted`."""
    parsed = opening.open_run(run, path)
    parsed.notes[:0] = [note for note in run.notes if note not in parsed.notes]  # the door's
    return parsed


def stage(parsed: ParsedFile, fmo_id: UUID, progress: Progress, known: KnownRows) -> Staged:
    """Stream the file's rows into the staging tables of the transaction at work, but for those that are `known`.

    Where a row tells a policy again of which another was passed over, both count: the file is read again, with it.
    """
    staging.prepare()
    outcome.prepare()
    staged, problems = _read(parsed, fmo_id, progress, known)
    twice = known.among(winners.touched()) if known.passed else set()
    if twice:
        problems.close()
        known.again(twice)
        staging.empty()
        winners.forget()
        staged, problems = _read(parsed, fmo_id, progress, known)
    with problems:
        outcome.collect(json.loads(line) for line in problems)
    return staged


def _read(parsed: ParsedFile, fmo_id: UUID, progress: Progress, known: KnownRows) -> tuple[Staged, IO[str]]:
    staged, problems = Staged(), TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed by `stage`
    columns = _columns(fmo_id)

    def batches() -> Iterator[Iterator[Sequence[Any]]]:
        for batch in parsed.batches(known):
            problems.writelines(f"{json.dumps(one)}\n" for one in _problems(batch))
            yield columns(batch, staged.taken, len(known.pieces))
            staged.passed += batch.passed
            staged.taken += len(batch.rows)
            staged.refused += len(batch.refused)
            staged.dropped += len(batch.dropped)
            staged.kept.take(batch, parsed, fmo_id)
            known.end_batch(batch.passed + len(batch.rows))
            progress.at("Reading the file", staged.rows)

    staging.copy_rows(batches())
    # Of few rows among many that the book is known to have, each is looked up by itself.
    staging.few_rows(staged.taken * FEW < staged.passed)
    winners.choose(fmo_id)
    problems.seek(0)
    return staged, problems


def _problems(batch: Batch) -> Iterator[Problem]:
    for refusal in batch.refused:
        yield ("refused", *refusal)
    for one in batch.dropped:
        yield ("dropped", one.sheet, one.row, None, None, one.reason)


def _columns(fmo_id: UUID) -> Callable[[Batch, int, int], Iterator[Sequence[Any]]]:
    """A function (batch, first number, piece) → rows in the order of `staging.COLUMNS`; nothing secret is readable."""
    sealed: dict[str, tuple[str, str]] = {}

    def columns(batch: Batch, first: int, piece: int) -> Iterator[Sequence[Any]]:
        for number, (row, sign) in enumerate(zip(batch.rows, batch.prints, strict=True), first):
            mbi = row.mbi
            if mbi is None:
                values: list[Any] = [number, *row, piece, sign, None, None]
            else:
                if mbi not in sealed:
                    if len(sealed) >= _REMEMBERED:
                        sealed.clear()
                    hashed = keyed_hash(mbi, fmo_id=fmo_id, field="mbi")
                    sealed[mbi] = hashed, crypto.encrypt(mbi, fmo_id=fmo_id, field="mbi")
                values = [number, *row, piece, sign, sealed[mbi][1], None]
                values[_MBI] = sealed[mbi][0]
            if row.writer_kind == "tin" and row.writer_value is not None:
                values[_TIN] = keyed_hash(row.writer_value, fmo_id=fmo_id, field="tin")
                values[-1] = row.writer_value[-4:]  # by these alone two of them can be told apart on a page
            yield values

    return columns
