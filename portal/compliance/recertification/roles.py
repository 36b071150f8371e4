"""What each role can see and do, in the words of the permission table, and the order in which roles are listed."""

from __future__ import annotations

from portal.core.permission_table import MEANS
from portal.core.permissions import GRANTED, Permission
from portal.core.scope import AGENT_ROLES, STAFF_ROLES, Role

ORDER = (*STAFF_ROLES, Role.COMPLIANCE, *AGENT_ROLES)
_UNTOLD = {Permission.ANY_SIGNED_IN, Permission.SEARCH}  # everybody's, and nothing by themselves
_REACH = {
    **dict.fromkeys(STAFF_ROLES, "In the whole FMO."),
    Role.COMPLIANCE: "In the whole FMO. No policy and no contact, but the ids of their members in the access log.",
    Role.AGENT_ADMIN: "In their own Business, all of it.",
    Role.AGENT_ALL: "In their own Business, all of it.",
    Role.AGENT_LIMITED: "In their own Business, policies and contacts of their own NPN alone.",
}


def in_words() -> dict[str, list[str]]:
    """Role → how far it reaches, then everything it may see and do."""
    return {role.value: [_REACH[role], *_may(role)] for role in ORDER}


def _may(role: Role) -> list[str]:
    return [MEANS[one] for one in Permission if one in GRANTED[role] and one not in _UNTOLD]


def place(role: str) -> int:
    """Where a role stands in lists; one that is not known stands last."""
    known = [one.value for one in ORDER]
    return known.index(role) if role in known else len(known)
