"""Pages behind the links of letters, and those on which people change their password and address."""

from portal.identity.letters.views import account, confirming, resetting

__all__ = ["account", "confirming", "resetting"]
