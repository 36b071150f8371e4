"""The agents' pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("crm", __name__, url_prefix="/crm")

from portal.crm.views import by_hand, contacts, duplicates, edit, leaving, policies, removed, uploads  # noqa: E402, F401  # they add routes to bp
