"""Whether the person at work may open an address of ours: what a page offers goes nowhere else."""

from __future__ import annotations

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.core.permissions import access_of, may
from portal.core.scope import current_or_none


def opens(href: str) -> bool:
    """Whether the page behind `href`, a path of ours with or without its query, is open to the person at work.

    Asks for the permission alone, not whether the record is theirs. Other addresses are open.
    """
    path = href.partition("?")[0].partition("#")[0]
    if not path.startswith("/"):
        return True
    try:
        endpoint, _ = current_app.url_map.bind("").match(path, method="GET")
    except (HTTPException, RequestRedirect):
        return True
    declared = access_of(current_app.view_functions[endpoint])
    return declared is not None and (declared.permission is None or may(current_or_none(), declared.permission))
