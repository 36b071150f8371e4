"""The record of who saw, changed, received and was refused what, and the officer's pages over it."""

from __future__ import annotations

from flask import Flask


def init(app: Flask) -> None:
    """Make known what this room itself finds alarming."""
    from portal.compliance.alarms import kinds
    from portal.compliance.recertification import alarm as recertification
    from portal.compliance.reviews import alarm as reviews

    kinds.register()
    recertification.register()
    reviews.register()
