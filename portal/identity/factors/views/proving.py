"""Reading a proof out of a form: an app's code, a recovery code or, of who holds no factor, the password."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import request

from portal.identity.factors import forms, operations
from portal.identity.factors.operations import Outcome
from portal.identity.models import User
from portal.identity.views.parts import origin

WRONG = {
    "totp": "This code is not right, or it was used already. Wait for the next one and type that.",
    "recovery": "This is none of your unused recovery codes.",
    "password": "This is not your password.",
}
OVER = "That was wrong too often. Wait a while, at least 15 minutes, and sign in again."
_FORMS: dict[str, Any] = {"totp": forms.CodeForm, "recovery": forms.RecoveryForm, "password": forms.PasswordForm}
_FIELDS = {"totp": "code", "recovery": "recovery", "password": "password"}
_CHECKS = {
    "totp": operations.code_is_right,
    "recovery": operations.recovery_is_right,
    "password": operations.password_is_right,
}


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a posted proof; `form` has the words for who must try again. None: the form was not filled in."""

    kind: str
    form: Any
    outcome: Outcome | None


def fresh_forms() -> dict[str, Any]:
    """An empty form of each kind, by the names that the templates know."""
    return {f"{kind}_form": made(formdata=None) for kind, made in _FORMS.items()}


def tried(user: User, *, at: str, allowed: set[str]) -> Tried:
    """Try the proof that was posted, if it is of an `allowed` kind; "totp" is what a form without any is taken for."""
    kind = next((kind for kind, name in _FIELDS.items() if name in request.form and kind in allowed), "totp")
    form = _FORMS[kind]()
    if kind not in allowed or not form.validate_on_submit():
        return Tried(kind, form, None)
    field = form[_FIELDS[kind]]
    outcome = operations.attempt(user, kind, _CHECKS[kind](user, field.data), origin(), at=at)
    if outcome is Outcome.WRONG:
        field.errors = [WRONG[kind]]
    return Tried(kind, form, outcome)


def allowed_for(held: dict[str, int], codes_left: int) -> set[str]:
    """Which forms somebody who holds these factors is offered."""
    if not held:
        return {"password"}
    return ({"totp"} if held.get("totp") else set()) | ({"recovery"} if codes_left else set())
