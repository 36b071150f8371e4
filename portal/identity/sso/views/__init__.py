"""Signing in at a provider, one's own link, and the FMO's page on which it is set up."""

from portal.identity.sso.views import account, invitation, settings, signing_in

__all__ = ["account", "invitation", "settings", "signing_in"]
