"""What the log says about a run's report."""

from portal.core.events import changes, reads

NEW_SEEN = reads("feed.new", "looked at the policies that a feed run brought")
CHANGED_SEEN = reads("feed.changed", "looked at what a feed run changed")
ALTERED_SEEN = reads("feed.altered", "looked at what a feed run read otherwise than it is spelled")
REPORT_EXPORTED = reads("feed.report", "downloaded the report of a feed run", ("section",))
INPUT_EXPORTED = reads("feed.input", "downloaded the carrier file of a feed run", ("size",))
READING_ASKED = changes("feed.reread", "had a carrier file read again for altered values")
