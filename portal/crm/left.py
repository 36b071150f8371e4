"""What left the account: told to its people for 90 days, where their FMO allows it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, func, select

from portal.core.paging import Asked, Column, Listing, fetch
from portal.crm.models import CrmPolicy, LeftPolicy
from portal.extensions import db
from portal.identity import rules
from portal.identity.rules import Rule

DAYS = 90  # the database shows no older ones either
SORTS = ("when", "name")
TELL_LEFT = rules.declare(
    Rule(
        "tell_left",
        "What agents are told",
        "Tell agents which policies left their account",
        f"For {DAYS} days they see name, carrier, date and the reason in plain words, and each look is in the"
        " access log. Unticked, a policy that leaves is simply gone.",
        default=True,
    )
)


def is_told() -> bool:
    """Whether the FMO lets its agents see the list."""
    return bool(rules.value(TELL_LEFT))


def _gone() -> Select[LeftPolicy]:
    # One that is in the account again has not left.
    back = select(CrmPolicy.policy_id)
    return select(LeftPolicy).where(LeftPolicy.policy_id.not_in(back))


def listing(asked: Asked) -> Listing[LeftPolicy]:
    """One page of what left, the last first."""
    sorts: dict[str, list[Column]] = {
        "when": [LeftPolicy.left_at],
        "name": [LeftPolicy.last_name, LeftPolicy.first_name],
    }
    return fetch(_gone(), asked, sorts, tie=LeftPolicy.id)


def lately() -> int:
    """How many left in the last seven days, for the account's home."""
    week = _gone().where(LeftPolicy.left_at > func.now() - timedelta(days=7))
    counted = select(func.count()).select_from(week.with_only_columns(LeftPolicy.id).subquery())
    return db.session.scalar(counted.execution_options(unlogged="a count for the home page")) or 0
