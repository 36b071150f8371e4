"""How a carrier file shows the writing agent: by NPN, by the carrier's own number, under an agency, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

from portal.demo import crosswalk
from portal.demo.cast import Fmo, Producer
from portal.demo.plans import Carrier

NOBODY = Producer("", "House", "Account", "", "", "", "", "", "", "", "", "", share=0.0, listed=False)


@dataclass(frozen=True, slots=True)
class Credit:
    """What one row prints about agents. `writer.npn` is the truth; empty when nobody could know."""

    writer: Producer
    npn: str = ""  # as printed, perhaps with leading zeros
    number: str = ""  # the carrier's own number of the agent
    agency: Producer | None = None  # printed in the agent's place
    level: str = ""  # "10" solicitor, "20" agent, "" only the plain agent columns (UnitedHealthcare)
    of_record: Producer | None = None  # a second role, shown and never the writer


def credit(
    rng: Random, fmo: Fmo, carrier: Carrier, writer: Producer, *, signed: date, effective: date, as_of: date
) -> Credit:
    """Choose how this carrier prints this writer, so that the file says neither more nor less than `writer.npn`."""
    match carrier:
        case Carrier.UHC:
            return _by_level(rng, fmo, writer)
        case Carrier.HUMANA:
            return _by_san(rng, fmo, writer, signed, effective, as_of)
        case Carrier.AETNA:
            return _by_tin(rng, writer)
        case Carrier.MUTUAL:
            known = writer.writing_number if writer.npn else ""
            return Credit(writer, number=known or rng.choice((crosswalk.NUMBER_UNKNOWN, crosswalk.NUMBER_OF_TWO)))


def _by_level(rng: Random, fmo: Fmo, writer: Producer) -> Credit:
    if not writer.npn:
        return Credit(writer)
    if writer.agency_npn and rng.random() < 0.6:
        agency = next(one for one in fmo.agencies if one.npn == writer.agency_npn)
        return Credit(writer, writer.npn, agency=agency, level="20" if rng.random() < 0.75 else "10")
    return Credit(writer, _padded(rng, writer.npn), level="20" if not writer.name and rng.random() < 0.7 else "")


def _by_san(rng: Random, fmo: Fmo, writer: Producer, signed: date, effective: date, as_of: date) -> Credit:
    of_record = rng.choice(fmo.agents) if rng.random() < 0.2 else writer
    if not writer.npn:
        sans = (crosswalk.SAN_UNKNOWN, crosswalk.SAN_OF_TWO, crosswalk.SAN_EXPIRED)
        return Credit(writer, number=rng.choice(sans), of_record=of_record)
    if not writer.listed or rng.random() < 0.65:
        return Credit(writer, _padded(rng, writer.npn), number=writer.san, of_record=of_record)
    before, after, day = crosswalk.handover(fmo, as_of)
    handed_over = (writer is before and effective < day) or (writer is after and signed >= day)
    return Credit(writer, number=crosswalk.SAN_HANDED_OVER if handed_over else writer.san, of_record=of_record)


def _by_tin(rng: Random, writer: Producer) -> Credit:
    if not writer.npn:
        return Credit(writer, number=crosswalk.TIN_UNKNOWN)
    if not writer.listed or rng.random() < 0.8:
        return Credit(writer, _padded(rng, writer.npn), number=writer.tin if rng.random() < 0.5 else "")
    return Credit(writer, number=writer.tin)


def _padded(rng: Random, npn: str) -> str:
    return npn.zfill(10) if rng.random() < 0.06 else npn
