"""Following somebody is itself in the log, with whom."""

from __future__ import annotations

from portal.core.events import reads

PERSON = reads("access.person", "followed a person through the access log")
MEMBER = reads("access.member", "followed a member through the access log")
BUSINESS = reads("access.business", "followed a Business through the access log")
RUN = reads("access.run", "followed a run through the access log")
