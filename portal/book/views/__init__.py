"""The FMO's pages of the book. Importing them puts every change of the crosswalk under the book's eyes."""

from __future__ import annotations

from flask import Blueprint

from portal.book.layouts.carriers import own_carriers
from portal.book.operations import change_crosswalk
from portal.downline.hooks import watch_crosswalk
from portal.downline.keys import more_carriers

bp = Blueprint("book", __name__, url_prefix="/fmo")
watch_crosswalk(change_crosswalk)
more_carriers(own_carriers)

from portal.book.drift import views as drift  # noqa: E402, F401  # they add routes to bp
from portal.book.mapping import editing  # noqa: E402, F401  # they add routes to bp
from portal.book.mapping import views as mapping  # noqa: E402, F401  # they add routes to bp
from portal.book.quarantine import views as quarantine  # noqa: E402, F401  # they add routes to bp
from portal.book.views import absence, connectors, feeds, held, members, policies, sources  # noqa: E402, F401  # likewise
from portal.book.views import report as _report  # noqa: E402, F401  # likewise
from portal.book.views import undo as _undo  # noqa: E402, F401  # likewise
