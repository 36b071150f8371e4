"""`python -m bench.load_memory FMO RUN`: load a queued run; print the peak of its memory in MiB, and the seconds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import perf_counter
from uuid import UUID

from bench.servers import Place


def peak_of(place: Place, fmo_id: UUID, run_id: UUID) -> tuple[float, float]:
    """The peak of a process that does nothing but load the run, and how long that took without starting it."""
    command = [sys.executable, "-m", "bench.load_memory", str(fmo_id), str(run_id)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=dict(os.environ))
    peak, seconds = done.stdout.split()[-2:]
    return float(peak), float(seconds)


def main(fmo_id: str, run_id: str) -> None:
    """Work as the worker does."""
    from tasks.jobs import application, load_feed

    application()
    begun = perf_counter()
    load_feed(fmo_id, run_id)
    seconds = perf_counter() - begun
    print(_peak(), seconds)


def _peak() -> float:
    # Not what `resource` calls the peak: a process begins with that of the one which started it, here the benchmark's.
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("This system does not tell how much memory a process has taken at most.")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
