"""The policies that must be in the book, one after the other: who is insured, by whom, since when, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from portal.connectors.rows import Status
from portal.demo.cast import Fmo, Producer
from portal.demo.credit import NOBODY, Credit, credit
from portal.demo.months import end_of_month, first_of_month
from portal.demo.people import Person, households
from portal.demo.plans import PLANS, Carrier, Plan

RECENT = 500  # how many earlier members may come back with a policy of another agent or FMO
MEDICARE = (Carrier.UHC, Carrier.HUMANA, Carrier.AETNA)
CARRIER_WEIGHTS = {Carrier.UHC: 34, Carrier.HUMANA: 26, Carrier.AETNA: 23, Carrier.MUTUAL: 17}
REASONS = ("voluntary", "deceased", "other_coverage", "plan_terminated", "non_payment")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One policy. `term` None is open; `policy_key` is what the portal shows as the policy number (see `truth`)."""

    fmo: str
    carrier: Carrier
    person: Person
    policy_key: str
    application: str
    plan: Plan
    status: Status
    reason: str
    effective: date
    term: date | None
    signed: date
    received: date
    credit: Credit


@dataclass(frozen=True, slots=True)
class Term:
    """What is drawn about a policy's life before its carrier is known to accept it."""

    status: Status
    effective: date
    term: date | None
    reason: str = ""


def enrolments(rng: Random, fmos: Sequence[Fmo], *, seed: int, policies: int, as_of: date) -> Iterator[Enrolment]:
    """Yield exactly `policies` enrolments; an FMO's member has at most one per carrier and effective date."""
    newcomers = households(rng, seed=seed, as_of=as_of)
    recent: list[Person] = []
    serial = 0
    for fmo, writer, count in _portions(rng, fmos, policies):
        if recent and rng.random() < 0.07:
            members = [rng.choice(recent)]
        else:
            members = next(newcomers)
            _remember(rng, recent, members[0])
        for index in range(count):
            serial += 1
            yield _enrolment(rng, fmo, writer, members[index % len(members)], serial, as_of)


def member_number(carrier: Carrier, serial: int) -> str:
    """The carrier's own id of a member: the same for all plans, unlike for two members."""
    number = serial * 61_803_401 % 100_000_000
    return {Carrier.UHC: f"9{number:08d}", Carrier.HUMANA: f"H{number:08d}"}.get(carrier, f"1012{number:08d}")


def _portions(rng: Random, fmos: Sequence[Fmo], policies: int) -> list[tuple[Fmo, Producer, int]]:
    """Cut each writer's part of the book into households' portions of one to four policies, shuffled."""
    portions: list[tuple[Fmo, Producer, int]] = []
    done, share = 0, 0.0
    for fmo in fmos:
        unknown = 1.0 - sum(one.share for one in fmo.writers)
        for writer, part in [*((one, one.share) for one in fmo.writers), (NOBODY, unknown)]:
            share += part * fmo.share
            left = round(share * policies) - done
            done += left
            while left:
                count = min(left, rng.choices((1, 2, 3, 4), (45, 35, 15, 5))[0])
                portions.append((fmo, writer, count))
                left -= count
    rng.shuffle(portions)
    return portions


def _remember(rng: Random, recent: list[Person], person: Person) -> None:
    if len(recent) < RECENT:
        recent.append(person)
    else:
        recent[rng.randrange(RECENT)] = person


def _enrolment(rng: Random, fmo: Fmo, writer: Producer, person: Person, serial: int, as_of: date) -> Enrolment:
    while True:
        carrier = _carrier(rng, writer, person, as_of)
        life = _life(rng, carrier, person, as_of)
        if (fmo.slug, carrier, life.effective) not in person.taken:
            break
    person.taken.add((fmo.slug, carrier, life.effective))
    person.covered = person.covered or (carrier in MEDICARE and life.status in (Status.ACTIVE, Status.FUTURE_ACTIVE))
    plans = PLANS[carrier]
    signed = life.effective - timedelta(days=rng.randrange(8, 75))
    if signed > as_of:
        signed = as_of - timedelta(days=rng.randrange(1, 20))
    return Enrolment(
        fmo=fmo.slug,
        carrier=carrier,
        person=person,
        policy_key=f"{serial * 7_919 % 10_000_000:07d}-{serial % 97:02d}M" if carrier == Carrier.MUTUAL
        else member_number(carrier, person.serial),
        application=f"{carrier[0]}{30_000_000 + serial}",
        plan=plans[-1] if person.covered and carrier == Carrier.MUTUAL else rng.choice(plans),
        status=life.status,
        reason=life.reason,
        effective=life.effective,
        term=life.term,
        signed=signed,
        received=signed + timedelta(days=rng.randrange(0, 4)),
        credit=credit(rng, fmo, carrier, writer, signed=signed, effective=life.effective, as_of=as_of),
    )  # fmt: skip


def _carrier(rng: Random, writer: Producer, person: Person, as_of: date) -> Carrier:
    """Mutual's file has one name column and no NPN: two-word first names and strangers stay out of it."""
    weights = dict(CARRIER_WEIGHTS)
    if " " in person.first or (writer.npn and not writer.listed):
        weights[Carrier.MUTUAL] = 0
    elif _months_to_65(person, as_of) > 3:
        return Carrier.MUTUAL
    return rng.choices(tuple(weights), tuple(weights.values()))[0]


def _months_to_65(person: Person, as_of: date) -> int:
    return (person.birth.year + 65 - as_of.year) * 12 + person.birth.month - as_of.month


def _life(rng: Random, carrier: Carrier, person: Person, as_of: date) -> Term:
    if carrier == Carrier.MUTUAL:
        return _supplement_life(rng, as_of)
    ahead = _months_to_65(person, as_of)
    if 1 <= ahead <= 3 and rng.random() < 0.8:
        return Term(_future(carrier), first_of_month(as_of, ahead), None)
    draw = rng.random()
    if person.covered or draw < 0.17:
        ended = end_of_month(as_of, -rng.randrange(1, 3) if rng.random() < 0.35 else -rng.randrange(1, 49))
        return Term(Status.TERMINATED, first_of_month(ended, -rng.randrange(0, 40)), ended, rng.choice(REASONS))
    if draw < 0.25:
        return Term(_future(carrier), first_of_month(as_of, rng.randrange(1, 4)), None)
    if draw < 0.29 and carrier == Carrier.HUMANA:
        return Term(Status.CANCELLED, first_of_month(as_of, -rng.randrange(0, 14)), None)
    begun = first_of_month(as_of, -rng.randrange(0, 73))
    if rng.random() < 0.5:
        begun = date(as_of.year - rng.randrange(0, 5), 1, 1)
    return Term(Status.ACTIVE, begun, date(as_of.year, 12, 31) if rng.random() < 0.02 else None)


def _future(carrier: Carrier) -> Status:
    """Aetna's file knows A and T only: what has not begun reads as active there."""
    return Status.ACTIVE if carrier == Carrier.AETNA else Status.FUTURE_ACTIVE


def _supplement_life(rng: Random, as_of: date) -> Term:
    """Supplement and life policies start on any day; the carrier's file has no column for their end."""
    issued = as_of - timedelta(days=rng.randrange(20, 4000))
    status = rng.choices((Status.ACTIVE, Status.LAPSED, Status.TERMINATED, Status.PENDING), (82, 8, 7, 3))[0]
    if status == Status.PENDING:
        issued = as_of + timedelta(days=rng.randrange(1, 40))
    return Term(status, issued, None)
