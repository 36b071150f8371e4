"""How an FMO's connectors read files: the package's layouts, its own ones beside them, and accepted headers."""

from portal.book.layouts.known import Known, known
from portal.book.layouts.operations import accept_headers, add_version

__all__ = ["Known", "accept_headers", "add_version", "known"]
