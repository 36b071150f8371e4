"""What every page's frame shows: places of the role, who is signed in, colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask import Flask, current_app, g, request
from lucide.jinja import lucide
from markupsafe import Markup

from portal.businesses.models import Business
from portal.compliance.exports import queries as log_files
from portal.core import clock
from portal.core.opens import opens
from portal.core.permissions import GRANTED, Permission, may
from portal.core.scope import STAFF_ROLES, Role, current_or_none
from portal.core.words import counted
from portal.crm.duplicates import queries as duplicates
from portal.extensions import db
from portal.identity import presence
from portal.identity.emergency import queries as emergencies
from portal.identity.emergency.models import EmergencyAccess
from portal.identity.models import Fmo
from portal.identity.views.parts import home_of, stored

PRODUCT_NAME = "Fairlead"


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the rail."""

    label: str
    href: str
    icon: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """Who is signed in, in words."""

    name: str
    role_label: str
    fmo_name: str
    business_name: str | None
    home_href: str


_FMO = (
    ("Home", "/fmo/", "house", Permission.FMO_HOME),
    ("Agents", "/fmo/agents", "user", Permission.DOWNLINE_READ),
    ("Agencies", "/fmo/agencies", "building-2", Permission.DOWNLINE_READ),
    ("Businesses", "/fmo/businesses", "briefcase", Permission.BUSINESS_READ),
    ("Policies", "/fmo/policies", "file-text", Permission.BOOK_READ),
    ("Unattributed", "/fmo/unattributed", "circle-question-mark", Permission.BOOK_READ),
    ("Feed runs", "/fmo/feeds", "inbox", Permission.FEED_READ),
    ("Quarantine", "/fmo/quarantine", "shield-alert", Permission.BOOK_READ),
    ("Sync runs", "/fmo/runs", "refresh-cw", Permission.SYNC_READ),
    ("Held changes", "/fmo/held", "scale", Permission.HELD_READ),
    ("Connectors", "/fmo/connectors", "cable", Permission.FEED_READ),
    ("Users", "/fmo/users", "user-cog", Permission.STAFF),
    ("Settings", "/fmo/settings", "settings", Permission.SETTINGS),
)
_AGENT = (
    ("Home", "/crm/", "house"),
    ("Contacts", "/crm/contacts", "users"),
    ("Policies", "/crm/policies", "file-text"),
)
_COMPLIANCE = (
    ("Home", "/compliance/", "house"),
    ("Alarms", "/compliance/alarms", "bell-ring"),
    ("Access log", "/compliance/access", "scroll-text"),
    ("Reviews", "/compliance/reviews", "clipboard-check"),
    ("Charts", "/compliance/charts", "chart-column"),
    ("Emergency access", "/compliance/emergency", "siren"),
    ("Disclosures", "/compliance/disclosures", "share-2"),
    ("Wrong deliveries", "/compliance/breaches", "package-x"),
    ("Seal", "/compliance/seal", "stamp"),
    ("Users’ access", "/compliance/recertification", "user-check"),
    ("Log files", "/compliance/exports", "file-down"),
    ("Retention", "/compliance/retention", "archive"),
    ("Officers", "/compliance/officers", "users"),
)
_EMERGENCY = (("Contacts", "/emergency/contacts", "users"), ("Back to the FMO", "/fmo/", "house"))
_DUPLICATES = ("Duplicates", "/crm/duplicates", "users-round")
_WHOLE_ACCOUNT = (*_AGENT, _DUPLICATES)
_ACCOUNT_ADMIN = (*_WHOLE_ACCOUNT, ("Uploads", "/crm/uploads", "file-up"), ("Users", "/crm/users", "user-cog"))
PLACES = {
    **{
        role: tuple((label, href, name) for label, href, name, asks in _FMO if asks in GRANTED[role])
        for role in STAFF_ROLES
    },
    Role.COMPLIANCE: _COMPLIANCE,
    Role.EMERGENCY: _EMERGENCY,
    Role.AGENT_ADMIN: _ACCOUNT_ADMIN,
    Role.AGENT_ALL: _WHOLE_ACCOUNT,
}


def init(app: Flask) -> None:
    """Give the templates what the frame needs; globals, since macros do not see context processors."""
    given: dict[str, object] = {
        "product_name": PRODUCT_NAME,
        "icon": icon,
        "nav": nav,
        "viewer": viewer,
        "presence": presence_now,
        "warn_seconds": presence.WARN_SECONDS,
        "can": can,
        "opens": opens,
        "counted": counted,
        "emergency": emergency,
        "theme": theme,
        "now": clock.now,
        "local_time": clock.local,
    }
    app.jinja_env.globals.update(given)


@lru_cache(maxsize=256)
def icon(name: str, size: int = 18) -> Markup:
    """A picture as inline SVG, hidden from screen readers: the words beside it say what it is."""
    return Markup(lucide(name, size=size, stroke_width="1.75", focusable="false"))  # nosec B704  # the library's own drawing


def nav() -> list[Place]:
    """The places of the signed-in role."""
    at_work = current_or_none()
    if at_work is None:
        return []
    places = PLACES.get(at_work.role, _AGENT)
    return [Place(label, href, name, _here(href), _waiting(href)) for label, href, name in places]


_COUNTED = {_DUPLICATES[1]: duplicates.waiting, "/compliance/exports": log_files.waiting}


def _waiting(href: str) -> int | None:
    """How many things of that place wait for a person; counted once a page, though the rail stands there twice."""
    if href not in _COUNTED:
        return None
    if "waiting" not in g:
        g.waiting = {}
    if href not in g.waiting:
        g.waiting[href] = _COUNTED[href]()
    found: int = g.waiting[href]
    return found


def _here(href: str) -> bool:
    return request.path == href if href.endswith("/") else request.path.startswith(href)


def viewer() -> Who | None:
    """Who is signed in, or None."""
    at_work = current_or_none()
    if at_work is None or at_work.fmo_id is None:
        return None
    if "who" not in g:
        fmo = db.session.get(Fmo, at_work.fmo_id)
        business = None
        if at_work.business_id is not None:
            business = db.session.get(Business, (at_work.fmo_id, at_work.business_id))
        g.who = Who(
            at_work.actor_name,
            at_work.role.label,
            fmo.name if fmo else "",
            business.name if business else None,
            home_of(at_work.role),
        )
    who: Who = g.who
    return who


def presence_now() -> presence.Presence | None:
    """How long the session of this request lasts; None for a stranger."""
    return presence.of_session(stored())


def emergency() -> EmergencyAccess | None:
    """The emergency access that the person at work holds, for the banner above each of their pages."""
    at_work = current_or_none()
    if at_work is None:
        return None
    if "emergency" not in g:
        g.emergency = emergencies.of_person(at_work)
    found: EmergencyAccess | None = g.emergency
    return found


def can(permission: str) -> bool:
    """Whether the signed-in person holds the permission of that name; unknown names are nobody's."""
    known = {p.value: p for p in Permission}
    return permission in known and may(current_or_none(), known[permission])


def theme() -> str:
    """The colours that the person chose: light, dark, or the system's."""
    prefix = "__Host-" if current_app.config["SESSION_COOKIE_SECURE"] else ""
    chosen = request.cookies.get(f"{prefix}theme", "")
    return chosen if chosen in ("light", "dark") else "system"
