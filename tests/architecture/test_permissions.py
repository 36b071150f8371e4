"""The permission table: told in the documentation as it is, and closed where nobody said otherwise."""

from __future__ import annotations

import pytest
from flask import Flask

from portal.core.permission_table import MEANS, PLACE, as_markdown
from portal.core.permissions import GRANTED, Permission, access_of
from portal.core.scope import STAFF_ROLES, Role


def test_documentation_tells_the_table_that_the_program_obeys() -> None:
    said = PLACE.read_text(encoding="utf-8")
    assert said == as_markdown(), "docs/permissions.md is old: run `python -m portal permissions`"


def test_every_permission_says_what_it_means_and_somebody_holds_it() -> None:
    assert set(MEANS) == set(Permission)
    assert set(GRANTED) == set(Role)
    held = frozenset().union(*GRANTED.values())
    assert held == set(Permission)


def test_every_permission_opens_something(app: Flask) -> None:
    asked = {access.permission for view in app.view_functions.values() if (access := access_of(view))}
    asked.add(Permission.STAFF_ADMINS)  # asked beside `STAFF`: see `staff.operations.may_give`
    assert set(Permission) - asked == set()


MEMBERS = {Permission.BOOK_READ, Permission.BOOK_REVEAL, Permission.FEED_READ, Permission.FEED_INPUT}
MEMBERS |= {Permission.SYNC_REPORT, Permission.HELD_READ, Permission.CLAIM_ANSWER, Permission.BOOK_ATTRIBUTE}


@pytest.mark.parametrize("role", [Role.FMO_SUPPORT, Role.FMO_USERS])
def test_who_gets_counts_opens_nothing_of_a_member(role: Role) -> None:
    assert GRANTED[role] & MEMBERS == set()


def test_steward_has_no_users_no_accounts_and_no_settings() -> None:
    beyond = {Permission.PROVISION, Permission.BUSINESS_READ, Permission.BUSINESS_USERS, Permission.STAFF}
    assert GRANTED[Role.FMO_STEWARD] & (beyond | {Permission.SETTINGS, Permission.STAFF_ADMINS}) == set()


def test_only_the_administrator_has_what_is_the_administrators_alone() -> None:
    alone = {Permission.SETTINGS, Permission.STAFF_ADMINS, Permission.HELD_DECIDE, Permission.BOOK_REVEAL}
    for role in set(STAFF_ROLES) - {Role.FMO_ADMIN}:
        assert GRANTED[role] & alone == set()
        assert GRANTED[role] < GRANTED[Role.FMO_ADMIN]


def test_agents_and_officers_hold_nothing_of_the_staff() -> None:
    shared = {Permission.ANY_SIGNED_IN, Permission.SEARCH}
    for role in set(Role) - set(STAFF_ROLES):
        assert GRANTED[role] & GRANTED[Role.FMO_ADMIN] <= shared
