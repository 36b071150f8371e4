"""How much one admin may move alone, and which files one must look at first: the FMO's own limits."""

from __future__ import annotations

from collections.abc import Mapping

from portal.book.effect import Effect
from portal.identity import rules

_GROUP = "Changes that a second administrator must approve"

NUMBER = rules.declare(
    rules.Rule(
        "held_number",
        _GROUP,
        "More policies than",
        "A file, a change of the crosswalk or an attribution is held if it would give another writing agent to more"
        " policies than this. Policies that are new in the book do not count. 0: the number alone holds nothing.",
        50,
    )
)
SHARE = rules.declare(
    rules.Rule(
        "held_share",
        _GROUP,
        "More than this share, in percent",
        "Measured against the policies that a file tells again or, where the crosswalk or an attribution changes,"
        " against the carrier’s policies in the book. 0: the share alone holds nothing.",
        5,
        most=100,
    )
)
SHARE_FROM = rules.declare(
    rules.Rule(
        "held_share_from",
        _GROUP,
        "The share counts from this many policies on",
        "So that a small book is not held for one or two policies.",
        10,
        least=1,
    )
)

_SHORT = "Files that an administrator must look at before they are loaded"
FEWER_ROWS = rules.declare(
    rules.Rule(
        "held_fewer_rows",
        _SHORT,
        "More than this share of rows fewer, in percent",
        "Compared with the last file of the same SmartConnector and the same name (or the same part of a full set): it"
        " may have been cut off. 0: the number of rows holds nothing.",
        20,
        most=100,
    )
)
MISSING_SHARE = rules.declare(
    rules.Rule(
        "held_missing_share",
        _SHORT,
        "More than this share of policies missing, in percent",
        "Of the policies that the carrier’s last two full sets tell or that would be marked as missing from the feed."
        " 0: nothing is held for it.",
        5,
        most=100,
    )
)
SHORT_FROM = rules.declare(
    rules.Rule(
        "held_short_from",
        _SHORT,
        "Both count from this many on",
        "So that a small file is not held for a few rows or policies fewer.",
        20,
        least=1,
    )
)
_SHARES = (NUMBER, SHARE, FEWER_ROWS, MISSING_SHARE)  # 0 holds nothing
_LEASTS = (SHARE_FROM, SHORT_FROM)


def loosened(new: Mapping[str, rules.Value]) -> dict[str, rules.Value]:
    """Those of the limits in `new` (rule → value) that would let one admin move more alone than today."""
    held = rules.values()
    found: dict[str, rules.Value] = {}
    for rule in _SHARES:
        now, then = int(held[rule.name]), int(new.get(rule.name, held[rule.name]))
        if now and (then > now or not then):
            found[rule.name] = then
    for rule in _LEASTS:
        if int(new.get(rule.name, 0)) > int(held[rule.name]):
            found[rule.name] = new[rule.name]
    return found


def labels(limits: Mapping[str, rules.Value]) -> list[tuple[str, rules.Value]]:
    """(label, value) of limits by their rules' names."""
    return [(rule.label, limits[rule.name]) for rule in (*_SHARES, *_LEASTS) if rule.name in limits]


def exceeded(effect: Effect) -> bool:
    """Whether the effect is beyond what one admin of the scope's FMO may do alone."""
    if not effect.total:
        return False
    held = rules.values()
    number, share, least = (int(held[rule.name]) for rule in (NUMBER, SHARE, SHARE_FROM))
    beyond_number = bool(number) and effect.total > number
    return beyond_number or (bool(share) and effect.total >= least and effect.total * 100 > share * effect.base)


def far_fewer_rows(before: int, now: int) -> bool:
    """Whether a file of `now` rows must be looked at, where the last one like it had `before`."""
    held = rules.values()
    share, least = int(held[FEWER_ROWS.name]), int(held[SHORT_FROM.name])
    return bool(share) and before - now >= least and (before - now) * 100 > share * before


def far_more_missing(marked: int, base: int) -> bool:
    """Whether a file that would mark so many of `base` policies as missing must be looked at."""
    held = rules.values()
    share, least = int(held[MISSING_SHARE.name]), int(held[SHORT_FROM.name])
    return bool(share) and marked >= least and marked * 100 > share * base
