"""Signing in at a provider, linking, signing out, and setting it all up."""

from portal.identity.sso.operations.answering import Arrival, answer
from portal.identity.sso.operations.ending import came_back, end_there, obey, purge
from portal.identity.sso.operations.flows import begin, without

__all__ = ["Arrival", "answer", "begin", "came_back", "end_there", "obey", "purge", "without"]
