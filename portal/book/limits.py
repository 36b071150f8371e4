"""How much one admin may move alone: the FMO's own limits, and whether an effect is beyond them."""

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


def loosened(new: Mapping[str, rules.Value]) -> dict[str, rules.Value]:
    """Those of the limits in `new` (rule → value) that would let one admin move more alone than today."""
    held = rules.values()
    found: dict[str, rules.Value] = {}
    for rule in (NUMBER, SHARE):
        now, then = int(held[rule.name]), int(new.get(rule.name, held[rule.name]))
        if now and (then > now or not then):  # 0 holds nothing
            found[rule.name] = then
    if int(new.get(SHARE_FROM.name, 0)) > int(held[SHARE_FROM.name]):
        found[SHARE_FROM.name] = new[SHARE_FROM.name]
    return found


def labels(limits: Mapping[str, rules.Value]) -> list[tuple[str, rules.Value]]:
    """(label, value) of limits by their rules' names."""
    return [(rule.label, limits[rule.name]) for rule in (NUMBER, SHARE, SHARE_FROM) if rule.name in limits]


def exceeded(effect: Effect) -> bool:
    """Whether the effect is beyond what one admin of the scope's FMO may do alone."""
    if not effect.total:
        return False
    held = rules.values()
    number, share, least = (int(held[rule.name]) for rule in (NUMBER, SHARE, SHARE_FROM))
    beyond_number = bool(number) and effect.total > number
    return beyond_number or (bool(share) and effect.total >= least and effect.total * 100 > share * effect.base)
