"""The officer's pages about disclosures."""

from __future__ import annotations

from portal.compliance.disclosures.views import accounting, doubts, office, requests  # they add their routes
from portal.compliance.disclosures.views.parts import bp

__all__ = ["accounting", "bp", "doubts", "office", "requests"]
