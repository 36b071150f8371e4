"""Where the routes of these pages are put."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("breaches", __name__, url_prefix="/compliance/breaches")
