"""Where passkeys are added, kept and asked for; the forms stand on the pages of the second factors."""

from portal.identity.passkeys.views import account, enrolling, proving, signing_in

__all__ = ["account", "enrolling", "proving", "signing_in"]
