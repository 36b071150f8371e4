"""Places from which files are taken, for tests: past every wall, as the other builders put rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from portal.book.arrival.models import ArrivalFile, ArrivalLook, ArrivalSource, Expectation
from portal.book.models import Connector, FeedRun
from portal.core.crypto import encrypt
from portal.core.ids import new_id
from tests.support.builders import add

HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO5ytfdXwBxaDDYj0MCD6hwKpTq2pEqoN4zS4/bxA4gq"


def folder_source(store: Session, connector: Connector, folder: str = "files", **values: Any) -> ArrivalSource:
    """A watched folder of `connector`."""
    made = {"kind": "folder", "folder": folder, "pattern": "*", "failures": 0, "stopped": False}
    row = ArrivalSource(fmo_id=connector.fmo_id, id=new_id(), connector_id=connector.id, **(made | values))
    return add(store, row)


def sftp_source(store: Session, connector: Connector, secret: str = "{}", **values: Any) -> ArrivalSource:
    """A folder on a server whose key somebody confirmed."""
    sealed = encrypt(secret, fmo_id=connector.fmo_id, field="arrival")
    made: dict[str, Any] = {
        "kind": "sftp",
        "host": "files.carrier.example",
        "port": 22,
        "username": "reader",
        "host_key": HOST_KEY,
    }
    made |= {"secret": sealed, "secret_kind": "password"}
    return folder_source(store, connector, **(made | values))


def look(store: Session, source: ArrivalSource, **values: Any) -> ArrivalLook:
    """A look at `source` that is over."""
    made = {"what": "take", "status": "done", "found": 1, "taken": 1, "asked_by": "Schedule", "lines": []}
    return add(store, ArrivalLook(fmo_id=source.fmo_id, id=new_id(), source_id=source.id, **(made | values)))


def taken_file(store: Session, source: ArrivalSource, run: FeedRun, name: str) -> ArrivalFile:
    """A file that was taken as `run`."""
    told = {"size": 3, "modified": 1, "state": "taken", "sha256": run.sha256, "run_id": run.id, "stands": "done"}
    return add(store, ArrivalFile(fmo_id=source.fmo_id, id=new_id(), source_id=source.id, name=name, **told))


def expectation(store: Session, connector: Connector, every_days: int = 7, **values: Any) -> Expectation:
    """A file of `connector` is expected so often."""
    made = {"every_days": every_days, "set_by": "Test"} | values
    return add(store, Expectation(fmo_id=connector.fmo_id, id=new_id(), connector_id=connector.id, **made))
