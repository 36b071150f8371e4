"""The one search: what was typed, answered in groups. Exact numbers first, then beginnings of names.

Policies, members and contacts are loaded whole, so that the log knows whose were shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import select

from portal.book import queries as book
from portal.book import words as book_words
from portal.book.models import Policy
from portal.book.queries.search import matching
from portal.businesses import queries as businesses
from portal.connectors.normalise import number_key
from portal.core import access, scope
from portal.core.permissions import Permission, may
from portal.core.scope import Scope
from portal.crm import queries as crm
from portal.crm import words as crm_words
from portal.downline import queries as downline
from portal.downline.keys import canonical_npn
from portal.downline.models import Producer
from portal.extensions import db
from portal.home.events import SEARCHED

SHORTEST = 2
QUICK, WHOLE = 5, 25


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: what it is called, its NPN or policy number, and its page."""

    name: str
    number: str | None
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """Answers of one kind; `list_endpoint` is the list that takes a search token, where there is one."""

    heading: str
    hits: Sequence[Hit]
    list_endpoint: str | None = None


def find(text: str, *, limit: int = QUICK) -> list[Group]:
    """Groups that have an answer, at most `limit` each; [] for less than two letters or digits. Logged."""
    at_work, text = scope.current(), text.strip()
    if sum(map(str.isalnum, text)) < SHORTEST:
        return []
    groups = _of_fmo(text, limit, at_work) if at_work.role.is_staff else _of_account(text, limit)
    found = [group for group in groups if group.hits]
    access.record(SEARCHED, groups=[group.heading for group in found])
    return found


def _of_fmo(text: str, limit: int, at_work: Scope) -> list[Group]:
    found = []
    if may(at_work, Permission.DOWNLINE_READ):
        found += [
            Group("Agents", _producers("agent", text, limit)),
            Group("Agencies", _producers("agency", text, limit)),
        ]
    if may(at_work, Permission.BUSINESS_READ):
        found.append(Group("Businesses", _businesses(text, limit)))
    if may(at_work, Permission.BOOK_READ):
        found.append(Group("Policies", _policies(text, limit), "book.policies"))
    return found


def _of_account(text: str, limit: int) -> list[Group]:
    contacts = crm.found_contacts(text, limit)
    policies = crm.found_policies(text, limit)
    people = crm.contacts_of(policies)
    of_policies = [
        Hit(
            crm_words.name(people[policy.contact_id]) if policy.contact_id in people else "Policy",
            policy.policy_number,
            url_for("crm.policy", policy_id=policy.id),
        )
        for policy in policies
    ]
    of_contacts = [Hit(crm_words.name(one), None, url_for("crm.contact", contact_id=one.id)) for one in contacts]
    return [Group("Contacts", of_contacts, "crm.contacts"), Group("Policies", of_policies, "crm.policies")]


def _producers(kind: str, text: str, limit: int) -> list[Hit]:
    npn = canonical_npn(text)
    exact = downline.by_npn(npn) if npn else None
    found: list[Producer] = [exact] if exact is not None and exact.kind == kind else []
    found += [one for one in downline.found(text, limit, kind=kind) if one is not exact]
    return [Hit(one.name, one.npn, url_for(f"downline.{kind}", record_id=one.id)) for one in found[:limit]]


def _businesses(text: str, limit: int) -> list[Hit]:
    found = businesses.found(text, limit)
    npns = businesses.npns_by_business(one.id for one in found)
    return [
        Hit(one.name, next(iter(npns[one.id]), None), url_for("businesses.business", record_id=one.id)) for one in found
    ]


def _policies(text: str, limit: int) -> list[Hit]:
    number = number_key(text)
    numbered = any(c.isdigit() for c in text)
    found: list[Policy] = []
    if numbered:
        exact = select(Policy).where(Policy.number_key == number).order_by(Policy.id).limit(limit)
        found += db.session.scalars(exact).all()
    if len(found) < limit:
        known = {policy.id for policy in found}
        order = Policy.number_key if numbered else Policy.sort_key
        others = select(Policy).where(matching(text)).order_by(order, Policy.id).limit(limit)
        found += [policy for policy in db.session.scalars(others) if policy.id not in known]
    members = book.members_of(found)
    return [
        Hit(
            book_words.listed(members[policy.member_id]) if policy.member_id in members else "Policy",
            policy.policy_number,
            url_for("book.policy", policy_id=policy.id),
        )
        for policy in found[:limit]
    ]
