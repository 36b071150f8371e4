"""What the browser's script gets: what to ask a device, or a sentence that says why not. And where passkeys work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response, jsonify, make_response, request

from portal.identity.passkeys.operations import Refused
from portal.identity.passkeys.party import NoParty, party
from portal.identity.views.parts import bp

GONE = "Your sign-in took too long, so nothing was confirmed. Sign in again."


@dataclass(frozen=True, slots=True)
class Place:
    """The one address at which passkeys work, or why there is none."""

    origin: str | None
    why_not: str = ""


@bp.app_template_global("passkey_place")
def place() -> Place:
    """For the templates."""
    try:
        return Place(party().origin)
    except NoParty as why:
        return Place(None, str(why))


def asked(made: Callable[[], str]) -> Response:
    """The question that `made` makes, as JSON, or why there is none."""
    try:
        return Response(made(), mimetype="application/json")
    except (NoParty, Refused) as why:
        return refused(str(why))


def refused(why: str) -> Response:
    """A sentence for the person, in place of a question."""
    return make_response(jsonify(message=why), 409)


def answer() -> str:
    """What the device answered, as the script put it into the form."""
    return request.form.get("answer", "")
