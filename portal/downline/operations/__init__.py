"""Changing the downline: records, their carrier identifiers, and imports of both."""

from portal.downline.operations.again import make_again
from portal.downline.operations.identifiers import add_identifier, add_line, edit_identifier, end_identifier
from portal.downline.operations.imports import import_identifiers, import_producers
from portal.downline.operations.producers import Refused, add_producer, edit_producer

__all__ = [
    "Refused",
    "add_identifier",
    "add_line",
    "add_producer",
    "edit_identifier",
    "edit_producer",
    "end_identifier",
    "import_identifiers",
    "import_producers",
    "make_again",
]
