"""Collecting the refused rows of a file while it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from portal.book.quarantine.bodies import Body, body_of, cause_of, digest_of, word_of
from portal.connectors.detect import Detection
from portal.connectors.one_row import Identities
from portal.connectors.parse import ParsedFile
from portal.connectors.rows import Batch, Refusal

MOST = 5_000
"""Refused rows of one file that wait for a person; of more, the file itself is what must be put right."""


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused row as it will be kept."""

    refusal: Refusal
    body: Body
    digest: str
    identity: str | None
    cause: str
    grouped: bool


@dataclass(slots=True)
class Taken:
    """The refused rows of one file, at most `MOST`, each once; `more` counts the rest."""

    rows: dict[str, Refused] = field(default_factory=dict)  # by digest
    numbers: dict[int, Refusal] = field(default_factory=dict)  # by the row's number, of a file without sheets
    more: int = 0
    _identities: dict[str, Identities] = field(default_factory=dict)  # by sheet

    def take(self, batch: Batch, file: ParsedFile, fmo_id: UUID) -> None:
        """Keep the refused rows of one batch."""
        sheets = {found.sheet.name: found for found in file.detections}
        for refusal, cells in zip(batch.refused, batch.refused_cells, strict=True):
            if len(self.rows) >= MOST:
                self.more += 1
                continue
            found = sheets[refusal.sheet]
            if refusal.sheet not in self._identities:
                self._identities[refusal.sheet] = Identities(found, file)
            one = _refused(found, refusal, cells, self._identities[refusal.sheet].of(cells), fmo_id)
            self.rows.setdefault(one.digest, one)
            self.numbers[refusal.row] = refusal


def _refused(found: Detection, refusal: Refusal, cells: list[str], identity: str | None, fmo_id: UUID) -> Refused:
    body = body_of(found, cells)
    word = word_of(found, refusal, body)
    return Refused(
        refusal=refusal,
        body=body,
        digest=digest_of(found, cells, fmo_id),
        identity=identity,
        cause=cause_of(found, refusal, word, fmo_id),
        grouped=word is not None,
    )
