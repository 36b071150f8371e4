"""The pages of the quarantine; they add routes to the book's blueprint."""

from portal.book.quarantine.views import groups, rows

__all__ = ["groups", "rows"]
