"""Saying what a carrier's columns mean, which can attribute policies anew."""

from __future__ import annotations

from sqlalchemy import select

from portal.book import rules, words
from portal.book.events import WRITER_CONFIRMED
from portal.book.models import Connector
from portal.book.operations.holding import Asked, carry_out
from portal.core import access, clock, scope
from portal.extensions import db


class RuleChanged(Exception):
    """What the admin has read is no longer what the layout does."""


def confirm_writer(*, connector: Connector, rule: str | None = None) -> int:
    """Say that the layout's rule names the writing agent, once for the carrier's layout; how many policies moved.

    `rule` is the key of the rule that was read, None for the present one. Raises `RuleChanged` where it is another by
    now, and `Held` where too many policies for one admin would move.
    """
    known = rules.writer_rule(connector)
    if known is None or rule not in (None, known.key):
        raise RuleChanged
    if connector.confirmed_rule == known.key:
        return 0
    if known.blocks and known.kind:
        return confirm_kind(connector=connector, kind=known.kind)
    _keep(connector)
    access.record(WRITER_CONFIRMED, subject=connector, columns=list(known.columns), policies=0, released=0)
    return 0


def confirm_kind(*, connector: Connector, kind: str, approval: str | None = None) -> int:
    """Say that identifiers of `kind` name the writing agent in this carrier's files; how many policies moved.

    Raises `Held` where these are too many for one admin. `approval`: what a second one has said yes to.
    """
    title = f"Confirm that the {words.identifier(kind)} names the writing agent in files of {connector.name}"
    asked = Asked("confirm", title, connector.id, {"identifier": kind}, approval)

    def write() -> None:
        if kind not in connector.confirmed_kinds:
            connector.confirmed_kinds = [*connector.confirmed_kinds, kind]
        _keep(connector)

    moved, released = carry_out(asked, write, [(connector.carrier, kind, None)])
    access.record(WRITER_CONFIRMED, subject=connector, identifier=kind, policies=moved, released=released)
    return moved


def _keep(connector: Connector) -> None:
    """Note who confirmed the present rule, on every connector that follows it."""
    same = select(Connector).where(Connector.carrier == connector.carrier, Connector.layout == connector.layout)
    found = rules.writer_rules(db.session.scalars(same).all())
    rule, by, now = found[connector.id], scope.current(), clock.now()
    for one in db.session.scalars(same):
        if rule and (its := found[one.id]) and its.key == rule.key:
            one.confirmed_rule, one.confirmed_at = rule.key, now
            one.confirmed_by, one.confirmed_name = by.actor_id, by.actor_name
