"""What the log says about columns that changed."""

from portal.core.events import changes

FROZEN = changes("feed.freeze", "froze a carrier file because its columns changed", ("missing", "new"))
COLUMNS_ACCEPTED = changes(
    "feed.accept_columns",
    "accepted other columns of a connector's files",
    ("missing", "new", "renamed", "layout_version"),
)
COLUMNS_REJECTED = changes(
    "feed.reject_columns", "rejected a carrier file because its columns changed", ("missing", "new")
)
