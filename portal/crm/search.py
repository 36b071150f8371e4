"""Finding a client by what an agent types: a name's beginning, or exactly a policy, telephone or Medicare number."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.connectors import normalise
from portal.connectors.ladder import name_key
from portal.core import crypto, scope
from portal.crm.models import Contact, CrmPolicy

MAX_WORDS = 5
_LAST = "\uffff"


def contacts(text: str) -> ColumnElement[bool]:
    """Which contacts `text` means."""
    if not any(c.isdigit() for c in text):
        return _named(text)
    numbers = select(CrmPolicy.contact_id).where(_numbered(text))
    found: list[ColumnElement[bool]] = [Contact.id.in_(numbers)]
    if phone := normalise.phone(text):
        found.append(Contact.phone == phone)
    if (mbi := _mbi_hash(text)) is not None:
        found += [Contact.mbi_hash == mbi, Contact.typed_mbi_hash == mbi]
    return or_(*found)


def policies(text: str) -> ColumnElement[bool]:
    """Which policies `text` means: by number, or of whose name begins so."""
    if any(c.isdigit() for c in text):
        return _numbered(text)
    # Two branches, an index each: the contact's name as shown, and the carrier's where the agent typed another.
    copy = aliased(CrmPolicy)
    carrier_so = select(copy.contact_id).where(_begins(copy.sort_key, "".join(_words(text)) or _LAST))
    return CrmPolicy.contact_id.in_(union(select(Contact.id).where(_named(text)), carrier_so))


def _numbered(text: str) -> ColumnElement[bool]:
    member_number = "".join(c for c in text.upper() if c.isprintable() and not c.isspace())
    return or_(CrmPolicy.number_key == normalise.number_key(text), CrmPolicy.member_number == member_number)


def _mbi_hash(text: str) -> str | None:
    mbi = normalise.mbi_or_none(text)
    return crypto.keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi") if mbi else None


def _words(text: str) -> list[str]:
    return [key for word in text.replace(",", " ").split()[:MAX_WORDS] if (key := name_key(word))]


def _named(text: str) -> ColumnElement[bool]:
    words = _words(text)
    if not words:
        return Contact.sort_key == ""
    found = [_begins(Contact.sort_key, "".join(words)), _begins(Contact.first_key, "".join(words))]
    for cut in range(1, len(words)):  # last name first or first name first, either of several words
        one, other = "".join(words[:cut]), "".join(words[cut:])
        found += [
            and_(_begins(Contact.sort_key, last), _begins(Contact.first_key, first))
            for last, first in ((one, other), (other, one))
        ]
    return or_(*found)


def _begins(column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    return and_(column >= start, column < start + _LAST)
