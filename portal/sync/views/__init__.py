"""The pages of Policy Sync, and what it shows on the records of other rooms."""

from __future__ import annotations

from flask import Blueprint

bp = Blueprint("sync", __name__)

from portal.sync.views import attributing, panels, resync, runs, sums, unattributed, why, why_not  # noqa: E402, F401  # they add routes to bp
