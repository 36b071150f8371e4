"""What the log says about mapping a carrier's file."""

from portal.core.events import changes, reads

SAMPLE_READ = reads("connector_draft.read", "looked at the sample of a carrier's file that is being mapped")
MAPPING_STARTED = changes("connector_draft.start", "handed in a sample of a carrier's file to map it", ("size",))
MAPPING_SAID = changes("connector_draft.say", "said how a sample of a carrier's file is read", ("page",))
MAPPING_DROPPED = changes("connector_draft.cancel", "gave the mapping of a carrier's file up")
CONNECTOR_MAPPED = changes("connector.map", "made a SmartConnector by mapping a carrier's file", ("layout_version",))
CONNECTOR_EDITED = changes("connector.edit", "changed how a carrier's file is read", ("layout_version",))
