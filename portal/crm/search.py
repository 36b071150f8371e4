"""Finding a client by what an agent types: a name's beginning, or exactly a policy, telephone or Medicare number."""

from __future__ import annotations

import unicodedata

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.connectors import normalise
from portal.connectors.dates import Unreadable
from portal.core import crypto, scope
from portal.crm.models import Contact, CrmPolicy

MAX_WORDS = 5
_LAST = "\uffff"


def name_key(text: str) -> str:
    """Lower case, accents off, letters and digits only: as the database makes `sort_key`."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if c.isascii() and c.isalnum())


def number_key(text: str) -> str:
    """Letters and digits in upper case: as policy numbers are compared."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def contacts(text: str) -> ColumnElement[bool]:
    """Which contacts `text` means."""
    if not any(c.isdigit() for c in text):
        return _named(Contact.sort_key, text)
    numbers = select(CrmPolicy.contact_id).where(_numbered(text))
    found: list[ColumnElement[bool]] = [Contact.id.in_(numbers)]
    if phone := normalise.phone(text):
        found.append(Contact.phone == phone)
    if (mbi := _mbi_hash(text)) is not None:
        found.append(Contact.mbi_hash == mbi)
    return or_(*found)


def policies(text: str) -> ColumnElement[bool]:
    """Which policies `text` means: by number, or of whose name begins so."""
    if any(c.isdigit() for c in text):
        return _numbered(text)
    typed_so = select(Contact.id).where(_named(Contact.sort_key, text))  # the agent's spelling counts too
    return or_(_named(CrmPolicy.sort_key, text), CrmPolicy.contact_id.in_(typed_so))


def _numbered(text: str) -> ColumnElement[bool]:
    member_number = "".join(c for c in text.upper() if c.isprintable() and not c.isspace())
    return or_(CrmPolicy.number_key == number_key(text), CrmPolicy.member_number == member_number)


def _mbi_hash(text: str) -> str | None:
    try:
        mbi = normalise.mbi(text)
    except Unreadable:
        return None
    return crypto.keyed_hash(mbi, fmo_id=scope.fmo_id(), field="mbi") if mbi else None


def _named(column: InstrumentedAttribute[str], text: str) -> ColumnElement[bool]:
    words = [key for word in text.replace(",", " ").split()[:MAX_WORDS] if (key := name_key(word))]
    if not words:
        return column == ""
    found = [_begins(column, "".join(words))]
    if len(words) == 1:
        found.append(_first_name(column, words[0]))
    for cut in range(1, len(words)):  # last name first or first name first, either of several words
        one, other = "".join(words[:cut]), "".join(words[cut:])
        found += [
            and_(_begins(column, last), _first_name(column, first)) for last, first in ((one, other), (other, one))
        ]
    return or_(*found)


def _begins(column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    return and_(column >= start, column < start + _LAST)


def _first_name(column: InstrumentedAttribute[str], start: str) -> ColumnElement[bool]:
    return func.strpos(column, f" {start}") > 0  # a sort key holds one blank, before the first name
