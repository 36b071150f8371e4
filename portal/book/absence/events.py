"""What the log says about policies that are missing from their feed."""

from portal.core.events import changes, reads

SET_DECLARED = changes(
    "connector.full_set",
    "said which files of one day tell a carrier's whole book",
    ("is_full", "files", "number", "keeps_ended", "unmarked"),
)
MARKED = changes("policy.absence", "marked what is missing from its carrier's feed", ("marked", "unmarked"))
MISSING_EXPORTED = reads("absence.export", "downloaded the policies that a feed run marked as missing")
