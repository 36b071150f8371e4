"""The agreement between the FMO and a Business, and what an FMO wants to follow from a missing one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from portal.businesses.models import Business
from portal.core import clock
from portal.identity.rules import Rule, declare

State = Literal["none", "signed", "expired", "not_yet"]

AGREEMENTS = declare(
    Rule(
        "agreements",
        "Agreements",
        "Where no agreement is in force",
        "A Business carries the day on which its agreement was signed and, where one was agreed, its last day.",
        "warn",
        choices={
            "off": "Policy Sync runs, and nothing is said",
            "warn": "Policy Sync runs, with a warning",
            "block": "Policy Sync does not run",
        },
    )
)


@dataclass(frozen=True, slots=True)
class Agreement:
    """How a Business stands today. `warning` ("": none) is for whoever is about to sync; `blocked`: no run starts."""

    state: State
    blocked: bool
    warning: str


def judge(business: Business, today: date, rule: str) -> Agreement:
    """The agreement of a Business on a day, under the rule off, warn or block."""
    state = _state(business, today)
    if state == "signed" or rule == "off":
        return Agreement(state, False, "")
    blocked = rule == "block"
    then = " Policy Sync does not run until one is in force." if blocked else ""
    return Agreement(state, blocked, _sentence(business, state) + then)


def in_words(business: Business) -> str:
    """What is on record: "signed on 12 Mar 2026, until 11 Mar 2027"."""
    if business.agreement_signed_on is None:
        return "none on record"
    until = f", until {clock.day(business.agreement_until)}" if business.agreement_until else ", without an end"
    return f"signed on {clock.day(business.agreement_signed_on)}{until}"


def _state(business: Business, today: date) -> State:
    if business.agreement_signed_on is None:
        return "none"
    if business.agreement_signed_on > today:
        return "not_yet"
    if business.agreement_until is not None and business.agreement_until < today:
        return "expired"
    return "signed"


def _sentence(business: Business, state: State) -> str:
    first, last = business.agreement_signed_on, business.agreement_until
    if first is None:
        return f"No agreement with {business.name} is on record."
    if state == "not_yet" or last is None:
        return f"The agreement with {business.name} begins on {clock.day(first)}."
    return f"The agreement with {business.name} ended on {clock.day(last)}."
