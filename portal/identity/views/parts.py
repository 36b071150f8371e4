"""What the views of this room share: where roles land, where a request comes from, which pages a link may lead to."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, g, request, session

from portal.core.scope import STAFF_ROLES, Role
from portal.identity.models import User
from portal.identity.origin import Origin
from portal.identity.sessions import StoredSession

bp = Blueprint("identity", __name__)  # one for the room: what strangers may open stands under its name
# Why a page between the factors is open to strangers.
BETWEEN = "whoever has proved one factor is nobody yet; this is where they prove the second"
HOMES = {**dict.fromkeys(STAFF_ROLES, "/fmo/"), Role.COMPLIANCE: "/compliance/", Role.EMERGENCY: "/emergency/contacts"}


def home_of(role: Role) -> str:
    """Where people of `role` land."""
    return HOMES.get(role, "/crm/")


def origin() -> Origin:
    """Where this request comes from."""
    held = stored()
    session_id = held.row_id if held.user_id or held.pending_user_id else None
    return Origin(request.remote_addr, request.user_agent.string, g.request_id, session_id)


def stored() -> StoredSession:
    """The session of this request."""
    found = session._get_current_object()  # type: ignore[attr-defined]  # Flask's proxy
    assert isinstance(found, StoredSession)
    return found


def me() -> User:
    """The person who is signed in, as the database has them at the start of this request."""
    user = stored().user
    assert user is not None, "only a page that asks for a permission may ask"
    return user


def local_page(target: str | None) -> str:
    """`target` if it is a page of ours, else "": a link must not lead a fresh session elsewhere."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return ""
    if not target.isprintable():
        return ""  # browsers pass over blanks and line ends, so that "/<tab>/elsewhere" would lead away
    parts = urlsplit(target)
    return target if not parts.scheme and not parts.netloc else ""
