"""What the log says about taking runs back."""

from portal.core.events import changes, reads

COUNTS = ("new", "changed", "stuck", "released")

LOOKED = reads("feed.undo_look", "looked at what undoing a feed run would take back")
ASKED = changes("feed.undo_ask", "asked to undo a feed run", ("partly",))
UNDONE = changes("feed.undo", "undid a feed run", COUNTS)
REFUSED = changes("feed.undo_refuse", "did not undo a feed run", ("stuck",))
