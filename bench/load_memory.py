"""`python -m bench.load_memory FMO RUN`: load one queued run and print the most memory that took, in MiB."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from uuid import UUID

from bench.servers import Place


def peak_of(place: Place, fmo_id: UUID, run_id: UUID) -> float:
    """The peak of a process that does nothing but load the run."""
    command = [sys.executable, "-m", "bench.load_memory", str(fmo_id), str(run_id)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, env=dict(os.environ))
    return float(done.stdout.split()[-1])


def main(fmo_id: str, run_id: str) -> None:
    """Work as the worker does."""
    from tasks.jobs import load_feed

    load_feed(fmo_id, run_id)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
