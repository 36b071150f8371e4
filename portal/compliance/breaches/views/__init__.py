"""The officer's pages about wrong deliveries."""

from __future__ import annotations

from portal.compliance.breaches.views import cases, work  # they add their routes
from portal.compliance.breaches.views.parts import bp

__all__ = ["bp", "cases", "work"]
