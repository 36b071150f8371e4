"""How a declaration of full sets reads."""

from __future__ import annotations

from portal.book.absence.sets import Declared
from portal.connectors.full_sets import FullSet
from portal.core.words import counted


def files(whole: FullSet) -> str:
    """Which files of one day are the set."""
    if not whole.words:
        return "Any file of a day" if whole.number == 1 else f"{whole.number:,} files of different names"
    named = " and ".join(f"“{word}”" for word in whole.words)
    more = f", {counted(whole.number, 'file')} in all" if whole.number > len(whole.words) else ""
    return (
        f"Files with {named} in their names{more}"
        if more or len(whole.words) > 1
        else f"The file with {named} in its name"
    )


def holds(declared: Declared) -> str:
    """What follows from a declaration."""
    if declared.full_set is None:
        return "Its files are not known to tell the carrier’s whole book: what one leaves out means nothing."
    said = "A policy that two full sets in a row do not list is marked as missing from the feed. Nothing else follows."
    return f"{said} What its files are is proposed by their layout." if declared.by_layout else said
