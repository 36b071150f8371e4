"""What gunicorn reads by itself where it is started in this folder: the refusal to begin."""

import sys
from typing import Any

from portal.config import SettingsError, load_settings
from portal.runtime import starting


def on_starting(server: Any) -> None:
    """Refuse before any worker is forked; a database that is away is asked by the first request instead."""
    try:
        starting.require(load_settings())
    except starting.AwayError:
        server.log.warning("The database is away; until it answers, so does no page.")
    except (SettingsError, starting.Refused) as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201  # to the person who starts it
        raise SystemExit(1) from None
