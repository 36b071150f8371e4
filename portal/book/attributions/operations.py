"""Saying by hand who wrote policies, and taking it back; held for a second admin like any other move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import func

from portal.book.attributions import queries
from portal.book.attributions.events import GIVEN, TAKEN_BACK
from portal.book.attributions.models import HandAttribution
from portal.book.effect import Move
from portal.book.models import Policy
from portal.book.operations.connectors import blocked_kinds
from portal.book.operations.holding import Asked, carry_out_moves
from portal.book.statements import writers
from portal.core import access, scope
from portal.core.ids import new_id
from portal.core.scope import Scope
from portal.core.words import counted
from portal.downline import queries as downline
from portal.downline.models import Producer
from portal.downline.operations import Refused
from portal.extensions import db

KIND, END = "attribute", "attribute_end"


class Named(NamedTuple):
    """A policy, there or yet to come, and the writer whom its file names."""

    identity: str
    carrier: str
    name: str | None
    kind: str | None
    value: str | None


def attribute(policies: Sequence[Policy], producer: Producer, *, by: Scope, approval: str | None = None) -> int:
    """Say that `producer` wrote these policies; how many got another NPN by it.

    It holds in later files too, as long as they name the same writer as now, and no NPN. Raises `Held` where these
    are too many for one admin.
    """
    ids = [one.id for one in policies]
    title = f"Attribute {counted(len(ids), 'policy', 'policies')} by hand to {producer.name} (NPN {producer.npn})"
    told = {"policies": sorted(map(str, ids)), "npn": producer.npn}
    moved, released = carry_out_moves(
        Asked(KIND, title, producer.id, told, approval),
        lambda: give([_named(one) for one in policies], producer, by=by),
        lambda: writers.moved_by_hand(scope.fmo_id(), ids, producer.npn),
        sorted({one.carrier for one in policies}),
        source="hand",
    )
    access.record(GIVEN, kind="policy", ids=ids, policies=moved, released=released, npn=producer.npn)
    return moved


def make_again(subject: UUID | None, told: Mapping[str, Any], *, approval: str, by: Scope) -> None:
    """Make an attribution that was held; raises `Refused` where what it was about is gone."""
    producer = downline.by_id(subject)
    if producer is None or producer.npn != told["npn"]:
        raise Refused("npn", "The agent's record is gone, or has another NPN by now.")
    attribute(queries.policies(UUID(one) for one in told["policies"]), producer, by=by, approval=approval)


def _named(policy: Policy) -> Named:
    return Named(policy.identity, policy.carrier, policy.writer_name, policy.writer_kind, policy.writer_value)


def give(policies: Sequence[Named], producer: Producer, *, by: Scope) -> None:
    """Keep the word about these, in place of an earlier one; no policy is touched."""
    earlier = queries.standing_of([one.identity for one in policies], to_change=True)
    for old in earlier.values():
        old.ended_at, old.ended_name = func.now(), by.actor_name
    db.session.flush()
    for one in policies:
        row = HandAttribution(fmo_id=scope.fmo_id(), id=new_id(), identity=one.identity, carrier=one.carrier)
        row.npn, row.producer_id = producer.npn, producer.id
        row.name_written, row.kind_written, row.value_written = one.name, one.kind, one.value
        row.given_by, row.given_name = by.actor_id, by.actor_name
        db.session.add(row)
    db.session.flush()


def take_back(policy: Policy, *, by: Scope, approval: str | None = None) -> bool:
    """Let the policy be whose its file and the crosswalk say; False where nothing was said by hand. Raises `Held`."""
    word = queries.standing_of([policy.identity], to_change=True).get(policy.identity)
    if word is None:
        return False
    fmo_id, kind, value = scope.fmo_id(), policy.writer_kind, policy.writer_value

    def end() -> None:
        word.ended_at, word.ended_name = func.now(), by.actor_name
        if policy.writer_source == "hand":
            policy.writer_source = None  # the crosswalk may speak of it again
        db.session.flush()

    def moves() -> list[Move]:
        if policy.writer_source == "column":
            return []
        if kind is None or value is None or kind in blocked_kinds(policy.carrier):
            return writers.moved_by_hand(fmo_id, [policy.id], None)
        found = writers.newly_resolved(fmo_id, policy.carrier, kind, {value})
        return [one for one in found if one.policy_id == policy.id]

    title = f"Take back an attribution by hand to NPN {word.npn}"
    asked = Asked(END, title, policy.id, {"npn": word.npn}, approval)
    moved, released = carry_out_moves(asked, end, moves, [policy.carrier])
    if not moved and policy.writer_source is None and policy.writing_npn is not None:
        policy.writer_source = "crosswalk"  # which says the same
        db.session.flush()
    access.record(TAKEN_BACK, subject=policy, policies=moved, released=released, npn=word.npn)
    return True


def take_back_again(subject: UUID | None, *, approval: str, by: Scope) -> None:
    """Take back what was held; raises `Refused` where nothing is left of it."""
    policy = next(iter(queries.policies([subject])), None) if subject else None
    if policy is None or not take_back(policy, by=by, approval=approval):
        raise Refused("npn", "Nothing is said by hand about this policy any more.")
