"""`dlt_merge.py FOLDER URL FILE …`: merge each file after the other into one table with dlt, from Arrow.

Prints the seconds of each as a line. The table is dropped before the first.
"""

from __future__ import annotations

import os
import sys
from time import perf_counter

KEY = ["Humana ID", "Effective Date", "CoverageType"]


def main(folder: str, url: str, files: list[str]) -> None:
    """Each file is read, and merged by the columns that make an enrolment."""
    os.environ |= {"RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "CRITICAL"}
    import dlt
    from pyarrow import csv, string

    target = dlt.destinations.postgres(url)
    pipeline = dlt.pipeline("portal_bench", pipelines_dir=folder, destination=target, dataset_name="dlt_bench")
    for number, path in enumerate(files):
        begun = perf_counter()
        with open(path, encoding="utf-8") as file:
            names = file.readline().strip().split(",")
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, string())))
        pipeline.run(
            table, table_name="book", write_disposition="merge", primary_key=KEY,
            refresh=None if number else "drop_sources",
        )  # fmt: skip
        print(perf_counter() - begun, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
