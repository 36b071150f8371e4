"""Sign-in, sign-out, and the page behind an invitation's link."""

from portal.identity.views import invitation, signing_in
from portal.identity.views.parts import bp

__all__ = ["bp", "invitation", "signing_in"]
