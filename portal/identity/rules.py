"""What each FMO decides for itself: a room declares a rule beside what obeys it; one page changes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from portal.core import access, scope
from portal.extensions import db
from portal.identity.events import RULES_CHANGE
from portal.identity.models import Fmo

Value = bool | int | str


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision: a tick (bool), a number from `least` to `most` (int) or one of `choices` (value → words)."""

    name: str
    group: str  # the heading under which the page shows it
    label: str
    hint: str
    default: Value
    least: int = 0
    most: int = 1_000_000
    choices: Mapping[str, str] | None = None
    reason_for: Value | None = None  # who changes to this value says why, for the log


_declared: dict[str, Rule] = {}


def declare(rule: Rule) -> Rule:
    """Make the rule known; its name is stored and must be unique over the program."""
    if rule.name in _declared:
        raise ValueError(f"The rule {rule.name} is declared twice.")
    _declared[rule.name] = rule
    return rule


def declared() -> list[Rule]:
    """Every rule, in the order in which the rooms declared them."""
    return list(_declared.values())


def value(rule: Rule) -> Value:
    """What the scope's FMO decided, else the default. One short statement."""
    return kept(rule, _stored())


def values() -> dict[str, Value]:
    """Every rule's value by name."""
    stored = _stored()
    return {rule.name: kept(rule, stored) for rule in declared()}


def _stored() -> Mapping[str, object]:
    found = db.session.scalar(select(Fmo.rules).where(Fmo.id == scope.fmo_id()))
    return found or {}


def kept(rule: Rule, stored: Mapping[str, object]) -> Value:
    """What an FMO whose rules are stored as `stored` decided, else the default."""
    held = stored.get(rule.name)
    return held if isinstance(held, type(rule.default)) else rule.default


def hold() -> Fmo:
    """Wait for whoever else is changing the FMO's rules; from now on until the transaction ends they stay as read."""
    fmo = select(Fmo).where(Fmo.id == scope.fmo_id()).with_for_update()
    return db.session.scalars(fmo.execution_options(populate_existing=True)).one()


def wants_reason(rule: Rule, to: Value) -> bool:
    """Whether changing the rule from what holds now to `to` asks for a reason."""
    return rule.reason_for is not None and to == rule.reason_for and value(rule) != to


def change(new: Mapping[str, Value], *, reason: str | None = None) -> list[str]:
    """Keep new values of known rules for the scope's FMO; the names of those that changed, which the log gets too."""
    fmo = hold()
    known = {rule.name: rule for rule in declared()}
    changed = [name for name, to in new.items() if kept(known[name], fmo.rules) != to]
    if changed:
        fmo.rules = {**fmo.rules, **{name: new[name] for name in changed}}
        db.session.flush()
        now = {name: new[name] for name in changed}
        access.record(RULES_CHANGE, kind="fmo", ids=[fmo.id], fields=changed, reason=reason, rules=now)
    return changed
