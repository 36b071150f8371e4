"""Which files of a connector are in a set, which sets count, and what a file is compared with."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

from portal.book.absence.sets import Declared, Told, comparable, counting, part_of
from portal.connectors.full_sets import FullSet

ONE = UUID(int=1)
SAID = Declared(FullSet(("Active", "Inactive"), 2), since=datetime(2026, 6, 1, tzinfo=UTC))
UNKNOWN = Declared(None)


def told(name: str, month: int, *, full: bool | None = None, rows: int = 100, loaded: int = 7) -> Told:
    """A file as of the first of a month of 2026."""
    return Told(UUID(int=month), ONE, name, date(2026, month, 1), full, rows, datetime(2026, loaded, 1, tzinfo=UTC))


def both(month: int, loaded: int = 7) -> list[Told]:
    return [told("a_Active.csv", month, loaded=loaded), told("a_Inactive.csv", month, loaded=loaded)]


def test_what_a_file_says_of_itself_counts_before_what_was_declared() -> None:
    """An enrollment file of changes is in no set; a full one is one by itself where nobody has said anything."""
    assert part_of(told("a_Active.csv", 1, full=False), SAID) is None
    assert part_of(told("any.edi", 1), UNKNOWN) is None
    assert counting([told("any.edi", month, full=True) for month in (1, 2)], UNKNOWN) == [
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]
    assert counting([told("any.edi", month, full=False) for month in (1, 2)], Declared(FullSet())) == []


def test_files_from_before_the_declaration_are_in_no_set() -> None:
    assert counting([*both(1, loaded=5), *both(2)], SAID) == [date(2026, 2, 1)]


def test_a_set_that_is_complete_after_a_newer_one_does_not_count() -> None:
    first, late = both(1)
    assert counting([first, *both(2), late, *both(3)], SAID) == [date(2026, 2, 1), date(2026, 3, 1)]


def test_like_is_compared_with_like_and_with_the_last_before_it() -> None:
    files = [*both(1), *both(3), told("fixes.csv", 3)]
    inactive = told("x_Inactive.csv", 4)
    assert comparable(inactive, files, SAID) == files[3]
    assert comparable(told("x_Inactive.csv", 2), files, SAID) == files[1]
    assert comparable(told("fixes_20260401.csv", 4), files, SAID) == files[4]
    assert comparable(told("other.csv", 4), files, SAID) is None
    assert comparable(told("a_Active.csv", 4, full=False), files, SAID) is None, "changes are as many as there are"
