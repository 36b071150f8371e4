"""The commands that need what is installed in `.venv`: run, upgrade, assets, sbom. Started by `python3 -m portal`."""

import sys

from portal.runtime.errors import StartError


def _run() -> None:
    from portal.runtime import run

    run.run()


def _upgrade() -> None:
    from portal.runtime import run

    run.upgrade_only()


def _assets() -> None:
    from portal.runtime import assets

    for path in assets.ensure():
        print(f"Fetched {path.name}", file=sys.stderr)
    assets.drop_stale()


def _sbom() -> None:
    from portal.runtime import sbom

    sbom.write()


# Each imports what it needs by itself: fetching nothing should take no time.
COMMANDS = {"run": _run, "upgrade": _upgrade, "assets": _assets, "sbom": _sbom}


def main(arguments: list[str]) -> int:
    """Run one command; what a person can mend is said in a sentence and gives 1."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"Give one of: {', '.join(COMMANDS)}.", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]]()
    except StartError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
