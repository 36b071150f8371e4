"""Pages between the factors, before what is delicate, and on which people see how they sign in."""

import portal.identity.views  # noqa: F401  # first, whoever asks: it gathers the pages of every shelf, these among them
from portal.identity.factors.views import challenge, enrolling, security, step_up

__all__ = ["challenge", "enrolling", "security", "step_up"]
