"""Changing Businesses: the account itself, its NPNs, its users."""

from portal.businesses.operations.accounts import (
    add_npn,
    create_business,
    end_npn,
    hold_npn,
    npn_guard,
    set_agreement,
    set_continuous,
    set_sync,
)
from portal.businesses.operations.refusal import Refused
from portal.businesses.operations.users import (
    EMAIL_REFUSED,
    add_user,
    bring_back,
    deactivate,
    let_leave,
    lift_suspension,
    move_user,
    reactivate,
    set_email,
    set_role,
    suspend,
    why_not_suspend,
    widens,
)

__all__ = [
    "EMAIL_REFUSED",
    "Refused",
    "add_npn",
    "add_user",
    "bring_back",
    "create_business",
    "deactivate",
    "end_npn",
    "hold_npn",
    "let_leave",
    "lift_suspension",
    "move_user",
    "npn_guard",
    "reactivate",
    "set_agreement",
    "set_continuous",
    "set_email",
    "set_role",
    "set_sync",
    "suspend",
    "why_not_suspend",
    "widens",
]
