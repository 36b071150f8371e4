"""A file that looks cut off: how many rows it has beside the last one like it, and how many policies it leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from portal.core.words import counted


@dataclass(frozen=True, slots=True)
class Short:
    """What an admin must look at. `before_*` are None where only the missing policies hold the file."""

    rows: int
    before_rows: int | None
    before_name: str | None
    before_day: str | None
    marks: tuple[tuple[str | None, int], ...]  # (writing agent's NPN, policies that would be marked)
    base: int  # policies that the last two sets tell, and those that would be marked
    which: str  # stands for exactly the policies that would be marked

    @property
    def missing(self) -> int:
        """How many policies would be marked."""
        return sum(count for _, count in self.marks)

    @property
    def digest(self) -> str:
        """Stands for all of it: a yes to these numbers is none to others."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """What is kept, beside the empty moves of a change that gives no policy to anybody."""
        return {"base": self.base, "pairs": [], "short": asdict(self)}

    def says(self) -> str:
        """Why the file is held, in one sentence or two."""
        said = []
        if self.before_rows is not None:
            fewer = 100 * (self.before_rows - self.rows) / self.before_rows
            said.append(
                f"The file has {counted(self.rows, 'row')}, {fewer:.0f} % fewer than {self.before_name} with"
                f" {self.before_rows:,}: it may have been cut off."
            )
        if self.missing:
            many = counted(self.missing, "policy", "policies")
            share = f" ({100 * self.missing / self.base:.3g} % of {self.base:,})" if self.base else ""
            said.append(f"{many}{share} would be marked as missing from the feed.")
        return " ".join(said)


def short_from(kept: Mapping[str, Any]) -> Short | None:
    """What `as_json` gave, read back; None for a change of another kind."""
    told = kept.get("short")
    if told is None:
        return None
    return Short(**{**told, "marks": tuple((npn, count) for npn, count in told["marks"])})
