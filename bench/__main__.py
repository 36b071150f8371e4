"""`python -m bench [NAME [PARAMETER=NUMBER …]]`: run one benchmark, or all of them one after another.

Exit status 0: measured, whether a goal was met or not; 1: something went wrong; 2: no such benchmark.
"""

from __future__ import annotations

import sys
from importlib import import_module

from bench import report, servers

BENCHES = ("load", "sync", "pages", "runs", "doors", "log", "follow")


def main(arguments: list[str]) -> int:
    """Run what is named; returns the exit status."""
    names, given = arguments[:1], [one.partition("=") for one in arguments[1:]]
    if not set(names) <= set(BENCHES) or not all(number.isdecimal() for _, _, number in given):
        report.say(f"Give one of {', '.join(BENCHES)}, or nothing to run them all; after it sizes, as in rounds=1.")
        return 2
    for name in names or BENCHES:
        with servers.fresh() as place:
            import_module(f"bench.{name}").run(place, **{key: int(number) for key, _, number in given})
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
