"""Sign-in, sign-out, and the page behind an invitation's link."""

from portal.identity.emergency import views as emergency
from portal.identity.factors import views as factors
from portal.identity.letters import views as letters
from portal.identity.passkeys import views as passkeys
from portal.identity.sso import views as sso
from portal.identity.staff import views as staff
from portal.identity.views import invitation, own_sessions, signing_in, staying
from portal.identity.views.parts import bp

__all__ = [
    "bp",
    "emergency",
    "factors",
    "invitation",
    "letters",
    "own_sessions",
    "passkeys",
    "signing_in",
    "sso",
    "staff",
    "staying",
]
