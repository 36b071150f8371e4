"""Telling somebody that their second factors changed: if it was not them, they hear of it. Nothing secret is in it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from portal.core import clock, outbox, scope
from portal.extensions import db
from portal.identity.mail import compose, deliver, one_line
from portal.identity.models import Fmo, User

SAYS = {
    "added": "A second factor was set up for your account.",
    "removed": "A second factor was removed from your account.",
    "codes": "New recovery codes were made for your account. The older ones no longer work.",
    "reset": "Your second factors and recovery codes were removed: whoever looks after users was told that they "
    "are lost. You may be asked to set up new ones when you sign in next.",
}
MOST_TRIES = 8


def tell_change(user_id: UUID, what: str, *, tries: int) -> None:
    """Mail the user what changed (job scope). A mail that cannot be sent is ordered again, each time later."""
    user = db.session.scalar(select(User).where(User.id == user_id))
    fmo = db.session.scalar(select(Fmo).where(Fmo.id == scope.fmo_id()))
    if user is None or fmo is None or what not in SAYS:
        return
    contact = f" at {fmo.contact_phone}" if fmo.contact_phone else ""
    message = compose(
        fmo,
        user.email,
        "Your sign-in was changed",
        f"Hello {one_line(user.first_name)},\n\n{SAYS[what]}\n\n"
        f"That was at {clock.moment(clock.now())}. You were signed out everywhere else.\n\n"
        f"If this was you, there is nothing to do. If not, call {one_line(fmo.name)}{contact} now.\n",
    )
    try:
        deliver(message)
    except OSError:
        if tries < MOST_TRIES:
            later = timedelta(minutes=3) * 2**tries
            outbox.send_after_commit("tell_factor_change", user_id, what, str(tries + 1), wait=later)
