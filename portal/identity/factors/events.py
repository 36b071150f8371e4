"""What happens around second factors. A code, a seed or a recovery code is never part of it."""

from __future__ import annotations

from portal.core.events import changes, reads

PROVED = changes("factor.prove", "proved to be themself", ("kind_of_proof", "at"))
REFUSED = reads("factor.refused", "could not prove to be themself", ("kind_of_proof", "at", "why"))
ADDED = changes("factor.add", "set up a second factor", ("kind_of_proof",))
REMOVED = changes("factor.remove", "removed a second factor", ("kind_of_proof",))
CODES_MADE = changes("factor.codes", "made new recovery codes")
RESET = changes("factor.reset", "removed somebody's second factors", ("kinds",))
