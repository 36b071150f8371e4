"""What several tests of provisioning start from: an FMO, its admin's browser, and forms that are filled in."""

from __future__ import annotations

from typing import Any

from portal.core.scope import Role

HTMX = {"HX-Request": "true"}


def filled_in(**given: Any) -> dict[str, Any]:
    """The provision form, complete."""
    person = {"first_name": "Dana", "last_name": "Whitfield", "email": "dana@whitfield.example", "mobile": "555-0101"}
    account = {"business_name": "Whitfield Insurance", "time_zone": "America/New_York", "state": "OH"}
    return {**person, **account, "role": Role.AGENT_ADMIN.value, **given}
