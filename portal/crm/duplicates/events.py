"""What deciding about possible duplicates leaves in the log: ids, counts and names of fields."""

from __future__ import annotations

from portal.core.events import changes, reads

DUPLICATE_LIST = reads("contact.duplicates", "looked at possible duplicates")
DUPLICATE_READ = reads("contact.compare", "compared two contacts")
DUPLICATE_DIFFERENT = changes("contact.different", "said that two contacts are not the same person", ("pair",))
DUPLICATE_AGAIN = changes("contact.ask_again", "asked again whether two contacts are the same person", ("pair",))
CONTACT_MERGE = changes("contact.merge", "merged two contacts", ("kept", "merged", "merge", "policies", "notes"))
CONTACT_UNMERGE = changes("contact.unmerge", "took a merge of contacts back", ("kept", "merged", "merge"))
DUPLICATES_SOUGHT = changes("contact.duplicates_sought", "looked for possible duplicates", ("pairs", "new", "gone"))
