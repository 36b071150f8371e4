"""What changes through Policy Sync: asking for runs, carrying them out, taking copies away."""

from portal.sync.operations.cancel import cancel
from portal.sync.operations.continuous import follow
from portal.sync.operations.execution import execute
from portal.sync.operations.reaper import reap
from portal.sync.operations.rehearsal import rehearse
from portal.sync.operations.release import release_npn, release_policies
from portal.sync.operations.requests import Blocked, SyncOff, ask, open_run, request_run, retry

__all__ = [
    "Blocked",
    "SyncOff",
    "ask",
    "cancel",
    "execute",
    "follow",
    "open_run",
    "reap",
    "rehearse",
    "release_npn",
    "release_policies",
    "request_run",
    "retry",
]
