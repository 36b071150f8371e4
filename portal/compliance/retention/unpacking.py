"""An archived month as an evidence pack: for whoever may see it, checked without the portal."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from portal.compliance.retention import events, files
from portal.compliance.retention.ending import logging_for
from portal.compliance.seals import pack
from portal.core import access


def unpack(file: Path, folder: Path, *, by: str) -> int:
    """Write what `file` holds into `folder`; gives the number of entries. Logged; raises `files.Unreadable`.

    The file is read through before, and the entry of it kept: what is damaged or cannot be logged leaves nothing.
    """
    told = files.read(file)
    head: dict[str, Any] = next(told, {})
    if "chain" not in head:
        raise files.Unreadable("The file is no archive of a log.")
    number, month = sum("line" in one for one in told), str(head["begin"])[:7]
    with logging_for(UUID(head["chain"]), by) as session:
        access.record(events.UNPACKED, kind="log_archive", session=session, month=month, count=number)
    _write(files.read(file), folder)
    return number


def _write(told: Any, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as stack:

        def opened(name: str) -> Any:
            return stack.enter_context((folder / name).open("w", encoding="utf-8"))

        entries, seals, anchor = opened("entries.jsonl"), opened("seals.jsonl"), opened("anchor.txt")
        for one in told:
            if "line" in one:
                entries.write(_json({"line": one["line"], "seal": one["of"], "path": one["path"]}) + "\n")
            elif "seal" in one:
                seals.write(_json({"statement": one["seal"], "signature": one["signature"]}) + "\n")
            elif "anchored" in one:
                anchor.write(f"{one['anchored']}\n")
            elif "keys" in one:
                (folder / "keys.json").write_text(_json(one["keys"]) + "\n", encoding="utf-8")
    (folder / "README.txt").write_text(pack.FORMAT.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "verify_pack.py").write_text(pack.VERIFIER.read_text(encoding="utf-8"), encoding="utf-8")


def _json(told: Any) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
