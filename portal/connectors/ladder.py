"""The one match ladder: by which keys two records are the same person, in Python and in SQL alike.

Each key exists twice, as a function for single records and as an SQL expression for set-based work; the two give the
same text for the same values under every collation of the database (its encoding must be UTF-8).
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Final, NamedTuple

NAME_KEY_SQL: Final = """regexp_replace(lower(normalize({0}, NFKD) collate "C"), '[^a-z0-9]+', '', 'g')"""
"""`name_key` of the SQL expression {0}. Decomposed first: what "C" then lowers is plain ASCII in every database."""

_NOT_KEY = re.compile("[^a-z0-9]+")


class Rung(NamedTuple):
    """One step of the ladder: the key, and the values that must not contradict where both sides know them."""

    name: str
    contradicted_by: tuple[str, ...]


RUNGS: Final = (
    Rung("mbi", ("birth_date",)),
    Rung("member_number", ("birth_date", "mbi")),  # within one carrier
    Rung("person", ("birth_date", "mbi")),
)
"""In order; the first rung with exactly one hit that nothing contradicts decides."""


def name_key(text: str) -> str:
    """The name in lower-case ASCII letters and digits only, accents taken off ("José-María" gives "josemaria")."""
    return _NOT_KEY.sub("", unicodedata.normalize("NFKD", text).lower())


def person_key(first: str | None, last: str | None, birth_date: date | None, zip_code: str | None) -> str | None:
    """ "first|last|YYYY-MM-DD|zip" with `name_key` of the names; None when any part is missing or empty."""
    first_key, last_key = name_key(first or ""), name_key(last or "")
    if not (first_key and last_key and birth_date and zip_code):
        return None
    return f"{first_key}|{last_key}|{birth_date.isoformat()}|{zip_code}"


def name_key_sql(expression: str) -> str:
    """The SQL expression for `name_key` of a text expression; NULL stays NULL."""
    return NAME_KEY_SQL.format(expression)


def person_key_of_sql(values: str) -> str:
    """The SQL expression for `person_key` of a jsonb expression whose keys are the fields' names."""
    first, last = (name_key_sql(f"{values}->>'{name}'") for name in ("first_name", "last_name"))
    born, zip_code = (f"nullif({values}->>'{name}', '')" for name in ("birth_date", "zip"))
    return f"nullif({first}, '') || '|' || nullif({last}, '') || '|' || {born} || '|' || {zip_code}"


def person_key_sql(first: str, last: str, birth_date: str, zip_code: str) -> str:
    """The SQL expression for `person_key` of four expressions (text, text, date, text); NULL where that gives None."""
    return (
        f"nullif({name_key_sql(first)}, '') || '|' || nullif({name_key_sql(last)}, '') || '|' || "
        f"to_char({birth_date}, 'YYYY-MM-DD') || '|' || nullif({zip_code}, '')"
    )
