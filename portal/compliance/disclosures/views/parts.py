"""Where the routes of these pages are put."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("disclosures", __name__, url_prefix="/compliance/disclosures")
