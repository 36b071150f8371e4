"""Sending a browser to a provider.

After a form the page in between is needed: `form-action 'self'` would stop a redirect that leads from a form to
somebody else. The page goes on by itself, without script, and has a link for whoever waits.
"""

from __future__ import annotations

from flask import Response, redirect, session

from portal.core.fragments import go, page, wants_fragment
from portal.identity.sessions import VOUCHED
from portal.identity.sso.operations import end_there
from portal.identity.sso.operations.flows import Leaving
from portal.identity.views.parts import stored

HELD = "sso"


def note(leaving: Leaving) -> str:
    """Let this browser answer, and nobody else; where it goes."""
    session[HELD] = leaving.kept(session.get(HELD))
    return leaving.address


def lead(address: str, title: str, text: str) -> Response:
    """From a form to `address`."""
    if wants_fragment():
        return go(address)
    return page("identity/sso/leaving.html", address=address, title=title, text=text)


def send(address: str) -> Response:
    """From a link to `address`."""
    made = redirect(address, 303)
    assert isinstance(made, Response)
    return made


def leave_provider_too() -> Response | None:
    """For somebody who signs out: the way to the provider's own sign-out, or None where there is none to take."""
    address = end_there(stored().get(VOUCHED))
    if address is None:
        return None
    return lead(address, "You are signed out here", "Your identity provider ends its own session next.")
