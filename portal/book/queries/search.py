"""What somebody types to find a policy: the beginning of a name, or exactly a policy, member or Medicare number.

Prefixes are ranges on stored keys: under row security only those use the index.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.book.models import Member, Policy
from portal.connectors import normalise
from portal.connectors.ladder import name_key
from portal.core import crypto, scope

_HIGH = "\uffff"
_MAX_WORDS = 5


def matching(text: str) -> ColumnElement[bool]:
    """Which policies `text` means."""
    if not any(c.isdigit() for c in text):
        return named(Policy.sort_key, text)
    number = normalise.number_key(text)
    found: list[ColumnElement[bool]] = [and_(Policy.number_key >= number, Policy.number_key < number + _HIGH)]
    hashed = _mbi_hash(text)
    if hashed:
        found.append(Policy.member_id.in_(select(Member.id).where(Member.mbi_hash == hashed)))
    return or_(*found) if number else Policy.number_key == _HIGH


def _mbi_hash(text: str) -> str | None:
    mbi = normalise.mbi_or_none(text)
    return crypto.keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi") if mbi else None


def named(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    """Whose sort key in `column` begins with the words of `text`, last or first name in front."""
    words = [key for word in text.replace(",", " ").split()[:_MAX_WORDS] if (key := name_key(word))]
    if not words:
        return column == ""
    starts = {"".join(words)}
    for cut in range(1, len(words)):  # last name first or first name first, either of several words
        one, other = "".join(words[:cut]), "".join(words[cut:])
        starts |= {f"{one} {other}", f"{other} {one}"}
    return or_(*(and_(column >= start, column < start + _HIGH) for start in sorted(starts)))
