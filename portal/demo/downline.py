"""The downline as files that an FMO admin would import: `agents.csv` and `crosswalk.csv` per FMO."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from portal.demo.cast import Fmo
from portal.demo.crosswalk import crosswalk
from portal.demo.files.output import TextOutput

AGENT_COLUMNS = ("kind", "npn", "first_name", "last_name", "name", "email", "phone", "state", "agency_npn", "principal")
CROSSWALK_COLUMNS = ("carrier", "kind", "value", "npn", "valid_from", "valid_to")


def write_agents(path: Path, fmo: Fmo) -> None:
    """Agencies first, then agents. `principal` is yes for the agent who is the principal of `agency_npn`."""
    output = TextOutput(path, encoding="utf-8", delimiter=",", line_end="\n")
    output.write(AGENT_COLUMNS)
    principals = {one.principal for one in fmo.agencies}
    for one in (*fmo.agencies, *fmo.agents):
        names = ("agency" if one.name else "agent", one.npn, one.first, one.last, one.name)
        principal = "yes" if one.npn in principals else ""
        output.write((*names, one.email, one.phone, one.state, one.agency_npn, principal))
    output.close()


def write_crosswalk(path: Path, fmo: Fmo, as_of: date) -> None:
    """One line per carrier identifier; dates are ISO and empty where open."""
    output = TextOutput(path, encoding="utf-8", delimiter=",", line_end="\n")
    output.write(CROSSWALK_COLUMNS)
    for one in crosswalk(fmo, as_of):
        dates = (day.isoformat() if day else "" for day in (one.valid_from, one.valid_to))
        output.write((one.carrier, one.kind, one.value, one.npn, *dates))
    output.close()
