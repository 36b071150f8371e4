"""When, from where and how much: what is unlike what the person, or others of the role, usually do."""

from __future__ import annotations

from collections.abc import Iterable

from portal.compliance import sentences
from portal.compliance.reviews.kinds import parts
from portal.compliance.reviews.registry import Found, Period, register
from portal.compliance.reviews.statements import acts, usual
from portal.core import clock
from portal.core.events import declared
from portal.core.words import counted

BACK, LEAST_DAYS, LEAST_PEERS = 28, 5, 3  # days that tell what is usual; how many days or people it takes
NETWORKS_BACK = 90


def off_hours(period: Period) -> Iterable[Found]:
    """People who worked outside office hours."""
    rules = period.rules
    hours = {"opens": rules.opens, "closes": rules.closes, "weekends": rules.weekends}
    office = f"{rules.opens:02}:00 to {rules.closes:02}:00{', Monday to Friday' if rules.weekends else ''}"
    for row in acts.off_hours(period.session, **hours, **period.values):
        when = f"at {row.first_hour}" if row.first_hour == row.last_hour else f"{row.first_hour} to {row.last_hour}"
        why = f"{counted(row.entries, 'entry', 'entries')} outside office hours ({when}; they are {office})."
        yield parts.found([row], why, figures={"from": row.first_hour, "to": row.last_hour})


def networks(period: Period) -> Iterable[Found]:
    """People who worked from somewhere for the first time."""
    for row in usual.networks(period.session, back=NETWORKS_BACK, **period.values):
        before = row.networks - len(row.nets)
        known = f"known since {clock.day(row.since)} from {counted(before, 'other network')}"
        why = f"Worked for the first time from {', '.join(row.nets)}; {known}."
        yield parts.found([row], why, figures={"networks": list(row.nets), "known": before})


def volume(period: Period) -> Iterable[Found]:
    """People who saw far more members in a day than they, or others of their role, usually do."""
    rules = period.rules
    asked = {"least": rules.least_members, "own_factor": rules.own_factor, "peer_factor": rules.peer_factor}
    asked |= {"back": BACK, "least_days": LEAST_DAYS, "least_peers": LEAST_PEERS}
    reads = [name for name, event in declared().items() if not event.change]
    for row in usual.volume(period.session, actions=reads, **asked, **period.values):
        own = (
            f"their usual day is {row.own_usual:,}" if (row.own_days or 0) >= LEAST_DAYS else "too new for a usual day"
        )
        role = f"that of the role {sentences.role_label(row.role)} is {row.peers_usual:,}"
        others = role if row.peers >= LEAST_PEERS else "too few hold the role to compare"
        why = f"Saw {counted(row.members, 'member')} on {clock.day(row.day)}; {own}, {others}."
        figures = {"members": row.members, "own": row.own_usual, "days": row.own_days or 0, "role": row.peers_usual}
        yield parts.found([row], why, more={"action": "reads"}, figures={**figures, "people": row.peers})


register(
    "off_hours",
    "Outside office hours",
    "Whatever people did outside the office hours of the rules.",
    off_hours,
)
register(
    "new_network",
    "New addresses",
    f"People who worked from a network from which they had not in the {NETWORKS_BACK} days before.",
    networks,
)
register(
    "volume",
    "Unusual volume",
    f"People who saw far more different members in a day than they in the {BACK} days before, or than their role.",
    volume,
)
