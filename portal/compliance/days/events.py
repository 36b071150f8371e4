"""Looking at the figures is in the log like everything else."""

from __future__ import annotations

from portal.core.events import reads

CHARTS = reads("access.charts", "looked at the charts of the access log")
