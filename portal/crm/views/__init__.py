"""The agents' pages."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("crm", __name__, url_prefix="/crm")
emergency_bp = Blueprint("emergency", __name__, url_prefix="/emergency")
blueprints = [bp, emergency_bp]

from portal.crm.views import by_hand, contacts, duplicates, edit, emergency, leaving, policies, removed, uploads  # noqa: E402, F401  # they add routes to bp
