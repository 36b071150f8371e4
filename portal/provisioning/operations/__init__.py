"""What the [Agent CRM] activities do: one at a time, in bulk, and from a file."""

from portal.provisioning.operations.activities import (
    ADD_AGENT,
    PROVISION,
    SWITCH,
    Done,
    Foreseen,
    Person,
    Wanted,
    add_agent,
    provision,
    set_sync,
)
from portal.provisioning.operations.bulk import resync_all
from portal.provisioning.operations.imports import provision_all

__all__ = [
    "ADD_AGENT",
    "PROVISION",
    "SWITCH",
    "Done",
    "Foreseen",
    "Person",
    "Wanted",
    "add_agent",
    "provision",
    "provision_all",
    "resync_all",
    "set_sync",
]
