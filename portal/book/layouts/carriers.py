"""Carriers that only this FMO has: such a carrier's key is its name, so that every page can say it."""

from __future__ import annotations

from sqlalchemy import select

from portal.book.models import Connector
from portal.connectors import words
from portal.extensions import db


def own_carriers() -> dict[str, str]:
    """Key → name of the carriers of the scope's FMO that the package does not know."""
    found = db.session.scalars(select(Connector.carrier).distinct())
    return {key: key for key in sorted(found) if key not in words.carriers()}


def carriers() -> dict[str, str]:
    """Every carrier that the scope's FMO can name, by name."""
    found = {**words.carriers(), **own_carriers()}
    return dict(sorted(found.items(), key=lambda one: one[1].casefold()))


def same_carrier(name: str) -> str | None:
    """The key of the carrier that goes by this name already, whatever its case; None for a new one."""
    wanted = " ".join(name.split()).casefold()
    return next((key for key, known in carriers().items() if wanted in (key.casefold(), known.casefold())), None)
