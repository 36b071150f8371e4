"""The lock of whoever adds, merges, removes or releases contacts of an account; it ends with the transaction.

One at a time: two could make the same person twice, or write what the other is changing. Who needs the FMO's writers
takes those before.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from portal.extensions import db

_KEY = "hashtextextended('portal.contacts:' || CAST(:business AS text), 0)"
_HOLD, _TRY = f"SELECT pg_advisory_xact_lock({_KEY})", f"SELECT pg_try_advisory_xact_lock({_KEY})"


def hold(business_id: UUID) -> None:
    """Wait for whoever else is changing the account's contacts, and keep others out until this transaction ends."""
    db.session.execute(text(_HOLD), {"business": str(business_id)})


def try_hold(business_id: UUID) -> bool:
    """Hold it where nobody else does; False, at once, where somebody does."""
    return bool(db.session.execute(text(_TRY), {"business": str(business_id)}).scalar_one())
