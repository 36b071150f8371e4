"""What this room writes into the log."""

from __future__ import annotations

from portal.core.events import changes

_LINE = ("carrier", "identifier_kind", "npn")

PRODUCER_ADD = changes("producer.add", "added an agent or agency to the downline", ("npn",))
PRODUCER_EDIT = changes("producer.edit", "changed an agent or agency of the downline", ("changed", "npn"))
PRODUCER_IMPORT = changes("producer.import", "imported agents and agencies", ("created", "updated", "refused"))
IDENTIFIER_ADD = changes("identifier.add", "added a carrier identifier", _LINE)
IDENTIFIER_EDIT = changes("identifier.edit", "changed a carrier identifier", (*_LINE, "changed"))
IDENTIFIER_END = changes("identifier.end", "ended a carrier identifier", (*_LINE, "until"))
IDENTIFIER_IMPORT = changes("identifier.import", "imported carrier identifiers", ("created", "unchanged", "refused"))
