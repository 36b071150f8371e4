"""The officer's pages: reviews, their findings, the watch list, the rules, and what proves a signed review."""

from portal.compliance.reviews.views import findings, pack, reviews, rules, watching
from portal.compliance.reviews.views.parts import bp

__all__ = ["bp", "findings", "pack", "reviews", "rules", "watching"]
