"""The FMO's pages of the book. Importing them lets a change of the crosswalk attribute policies anew."""

from __future__ import annotations

from flask import Blueprint

from portal.book import operations, queries
from portal.downline.hooks import on_crosswalk_changed

bp = Blueprint("book", __name__, url_prefix="/fmo")


def _crosswalk_changed(carrier: str, kind: str, value: str) -> None:
    operations.reattribute(carrier, kind, value)


on_crosswalk_changed(_crosswalk_changed, concerned=queries.any_policies)

from portal.book.views import connectors, feeds, members, policies  # noqa: E402, F401  # they add routes to bp
