"""What the officers do with the seals."""

from __future__ import annotations

from portal.core.events import changes, reads

SEEN = reads("seal.view", "looked at the seals of the access log")
PACKED = reads("seal.pack", "took along entries of the access log with their seals", ("filters", "count"))
ORDERED = changes("seal.verify", "had the access log verified")
