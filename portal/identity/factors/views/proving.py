"""Reading a proof out of a form: an app's code, a recovery code, what another kind posts or the password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, request

from portal.identity.factors import forms, kinds, operations, queries
from portal.identity.factors.operations import Check, Outcome
from portal.identity.factors.recovery import COUNT
from portal.identity.models import User
from portal.identity.sso import queries as sso
from portal.identity.views.parts import origin, stored

PREFIX = "proof_"
WRONG = {
    "totp": "This code is not right, or it was used already. Wait for the next one and type that.",
    "recovery": "This is none of your unused recovery codes.",
    "password": "This is not your password.",
}
NOT_TAKEN = "That did not prove it. Try again, or use another way."


@dataclass(frozen=True, slots=True)
class Way:
    """One way to prove who one is by a form: its field, and what checks it."""

    form: Any
    field: str
    check: Callable[[User, str], Check]


_WAYS = {
    "totp": Way(forms.ProofByApp, "proof_code", operations.code_is_right),
    "recovery": Way(forms.ProofByRecovery, "proof_recovery", operations.recovery_is_right),
    "password": Way(forms.ProofByPassword, "proof_password", operations.password_is_right),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """How somebody may prove who they are, and what the templates of that need."""

    held: dict[str, int]
    allowed: set[str]
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a posted proof. No outcome: nothing was posted that could be tried."""

    outcome: Outcome | None
    shown: dict[str, Any]


def offer(user: User, *, at: str) -> Offer:
    """Every way that is open to `user`: their factors and recovery codes or, where they hold none, their password.

    Not the password where the FMO has switched passwords off.
    """
    with kinds.reading(user) as work:
        held = kinds.held_by(work, user)
        shown = kinds.offered(work, user, held)
        codes = queries.codes_left(work, user)
        shown["has_password"] = queries.has_password(work, user)
        by_password = set() if sso.local_password_off(work, user) else {"password"}
    shown["single_sign_on"] = at == "step_up" and sso.vouches_again(user)
    allowed = set(held) | ({"recovery"} if codes else set()) if held else by_password
    shown |= {"at": at, "allowed": allowed, "carried": [], "carries": False}
    return Offer(held, allowed, shown | {f"{kind}_form": way.form(formdata=None) for kind, way in _WAYS.items()})


def is_posted() -> bool:
    """Whether the form at hand holds a proof."""
    return any(name.startswith(PREFIX) for name in request.form)


def say_codes_left(user: User) -> None:
    """After a recovery code was used up, say how many still work, so that nobody is left without one unawares."""
    if _WAYS["recovery"].field not in request.form:
        return
    with kinds.reading(user) as work:
        left = queries.codes_left(work, user)
    said = f"That recovery code works no more; {left} of {COUNT} are left." if left else "That was your last code."
    flash(f"{said} Make new ones under Sign-in and security.")


def tried(user: User, offered: Offer) -> Tried:
    """Try the proof that was posted, if it is of a kind that was offered."""
    at = offered.shown["at"]
    for kind, way in _WAYS.items():
        if kind in offered.allowed and way.field in request.form:
            form = way.form()
            shown = {f"{kind}_form": form, "form": form}
            if not form.validate_on_submit():
                return Tried(None, shown)
            outcome = operations.attempt(user, kind, way.check(user, form[way.field].data), origin(), at=at)
            if outcome is Outcome.WRONG:
                form[way.field].errors = [WRONG[kind]]
            return Tried(outcome, shown)
    for other in kinds.every():
        if other.check is not None and other.name in offered.held and PREFIX + other.name in request.form:
            check = other.check(user, stored().row_id, request.form[PREFIX + other.name])
            outcome = operations.attempt(user, other.name, check, origin(), at=at)
            return Tried(outcome, {"not_taken": NOT_TAKEN} if outcome is Outcome.WRONG else {})
    return Tried(None, {})
