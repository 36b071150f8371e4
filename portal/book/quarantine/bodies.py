"""The cells of a refused row as they are kept: encrypted, the mapped columns only, each bounded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from portal.book.quarantine.models import BODY_FIELD
from portal.connectors.aliases import WORDS, as_word, word_columns
from portal.connectors.detect import Detection
from portal.connectors.headers import fields_of
from portal.connectors.layouts import header_key
from portal.connectors.one_row import mapped_places, tidy_cell
from portal.connectors.rows import Refusal
from portal.connectors.social_security import names_numbers
from portal.core import crypto


@dataclass(frozen=True, slots=True)
class Body:
    """Header and cells of one row, in the order of the file."""

    header: list[str]
    cells: list[str]

    def seal(self, fmo_id: UUID) -> str:
        """As it is stored."""
        return crypto.encrypt(self.plain(), fmo_id=fmo_id, field=BODY_FIELD)

    def plain(self) -> str:
        """One text for equal rows."""
        return json.dumps([self.header, self.cells], ensure_ascii=False, separators=(",", ":"))


def body_of(found: Detection, cells: Sequence[str]) -> Body:
    """What is kept of a row: a social security number or anything else that no column of the layout means is not."""
    places = mapped_places(found)
    if len(cells) != len(found.header) and any(map(names_numbers, found.header)):
        # Cells stand under wrong headers: which of them is the number that nobody may keep, cannot be said.
        cells = ()
    kept = [tidy_cell(cells[place]) if place < len(cells) else "" for place in places]
    return Body([found.header[place].strip() for place in places], kept)


def digest_of(found: Detection, cells: Sequence[str], fmo_id: UUID) -> str:
    """By what the same row is known when it is refused again: what it says, under whatever headers it says so."""
    text = json.dumps(_meant(found, cells) if len(cells) == len(found.header) else list(cells))
    return crypto.keyed_hash(text, fmo_id=fmo_id, field=BODY_FIELD)


def _meant(found: Detection, cells: Sequence[str]) -> list[tuple[str, str]]:
    """What each filled cell is used for, and the cell."""
    fields = fields_of(found.layout)
    told = ((" ".join(sorted(fields[key])), tidy_cell(cells[place])) for key, place in found.positions.items()
            if key in fields)  # fmt: skip
    return sorted(one for one in told if one[1].strip())


def opened(stored: str, fmo_id: UUID) -> Body:
    """What `Body.seal` gave."""
    header, cells = json.loads(crypto.decrypt(stored, fmo_id=fmo_id, field=BODY_FIELD))
    return Body(header, cells)


def seal_cells(cells: Sequence[str], fmo_id: UUID) -> str:
    """The cells of a row as somebody has put them right."""
    return crypto.encrypt(json.dumps(list(cells), ensure_ascii=False), fmo_id=fmo_id, field=BODY_FIELD)


def opened_cells(stored: str, fmo_id: UUID) -> list[str]:
    """What `seal_cells` gave."""
    found: list[str] = json.loads(crypto.decrypt(stored, fmo_id=fmo_id, field=BODY_FIELD))
    return found


def word_of(found: Detection, refusal: Refusal, body: Body) -> str | None:
    """The word that is the cause, as it is compared; None where the refused cell is no word, or empty."""
    key = header_key(refusal.column or "")
    if not key or key not in {column.key[0] for name, column in word_columns(found.layout) if name in WORDS}:
        return None
    named = next((cell for header, cell in zip(body.header, body.cells, strict=True) if header_key(header) == key), "")
    return as_word(named) or None


def cause_of(found: Detection, refusal: Refusal, word: str | None, fmo_id: UUID) -> str:
    """What rows of one cause have in common."""
    parts = (found.layout.name, header_key(refusal.column or ""), refusal.reason, word or "")
    return crypto.keyed_hash("\x1f".join(parts), fmo_id=fmo_id, field=BODY_FIELD)
