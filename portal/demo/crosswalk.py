"""What carriers call each producer, with the awkward lines: two owners, handed over on a day, long expired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from portal.demo.cast import CrosswalkLine, Fmo, Producer
from portal.demo.plans import Carrier

SAN_OF_TWO = "1499001"
SAN_HANDED_OVER = "1499002"
SAN_EXPIRED = "1499003"
SAN_UNKNOWN = "1499777"
NUMBER_OF_TWO = "0077AA10"
NUMBER_UNKNOWN = "0099ZZ31"
TIN_UNKNOWN = "969990137"
# Equal but for the leading zero, and two different people: a writing number is compared as it is written.
TWIN_NUMBERS = ("0118BK05", "118BK05")


def with_twin_numbers(fmo: Fmo) -> Fmo:
    """Give the last two busy agents of the FMO the writing numbers that differ in a zero only."""
    busy = [one.npn for one in fmo.agents if one.share > 0][-2:]
    numbers = dict(zip(busy, TWIN_NUMBERS, strict=True))
    agents = tuple(replace(one, writing_number=numbers.get(one.npn, one.writing_number)) for one in fmo.agents)
    return replace(fmo, agents=agents)


def handover(fmo: Fmo, as_of: date) -> tuple[Producer, Producer, date]:
    """Who had the handed-over SAN, who has it now, and the new owner's first day."""
    busy = [one for one in fmo.agents if one.share > 0]
    return busy[-4], busy[-3], date(as_of.year - 1, 7, 1)


def crosswalk(fmo: Fmo, as_of: date) -> Iterator[CrosswalkLine]:
    """Every line of the FMO's crosswalk, in a stable order."""
    for one in (*fmo.agencies, *fmo.agents):
        yield CrosswalkLine(Carrier.HUMANA.key, "san", one.san, one.npn)
        yield CrosswalkLine(Carrier.AETNA.key, "tin", one.tin, one.npn)
        yield CrosswalkLine(Carrier.MUTUAL.key, "writing_number", one.writing_number, one.npn)
    first, second = fmo.agents[-1], fmo.agents[-2]
    for one in (first, second):
        yield CrosswalkLine(Carrier.HUMANA.key, "san", SAN_OF_TWO, one.npn)
        yield CrosswalkLine(Carrier.MUTUAL.key, "writing_number", NUMBER_OF_TWO, one.npn)
    before, after, day = handover(fmo, as_of)
    yield CrosswalkLine(Carrier.HUMANA.key, "san", SAN_HANDED_OVER, before.npn, None, date(day.year, 6, 30))
    yield CrosswalkLine(Carrier.HUMANA.key, "san", SAN_HANDED_OVER, after.npn, day, None)
    yield CrosswalkLine(Carrier.HUMANA.key, "san", SAN_EXPIRED, first.npn, date(1998, 1, 1), date(2004, 12, 31))
