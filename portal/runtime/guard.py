"""Ends what the supervisor started when the supervisor itself was killed and could not.

`python -m portal.runtime.guard` reads lines from its standard input: `+PID SIGNAL` for a process that now runs as the
head of its own session, `-PID` for one that is gone. When the input ends, everything that is still listed is ended.
"""

import signal
import sys
import time
from collections.abc import Iterable

from portal.runtime import children

PATIENCE = 10.0


def main(lines: Iterable[str]) -> None:
    """Follow `lines` to their end, then end what is still listed: by its signal, after PATIENCE seconds by force."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left = follow(lines)
    for session, number in left.items():
        children.signal_session(session, number)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(children.members(session) for session in left):
        time.sleep(0.1)
    for session in left:
        children.kill_session(session)


def follow(lines: Iterable[str]) -> dict[int, signal.Signals]:
    """The sessions, with the signal that each wants to end by, that are listed when the lines end."""
    listed: dict[int, signal.Signals] = {}
    for line in lines:
        number, *rest = line.split()
        if rest:
            listed[int(number)] = signal.Signals(int(rest[0]))
        else:
            listed.pop(-int(number), None)
    return listed


if __name__ == "__main__":
    main(sys.stdin)
