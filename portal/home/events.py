"""What the start pages and the search leave in the log."""

from __future__ import annotations

from portal.core.events import reads

ACCOUNT_HOME = reads("contact.home", "looked at the start page of the account")
SEARCHED = reads("search.all", "searched by name or number", ("groups",))
