"""Pages between the factors, before what is delicate, and on which people see how they sign in."""

from portal.identity.factors.views import challenge, enrolling, security, step_up

__all__ = ["challenge", "enrolling", "security", "step_up"]
