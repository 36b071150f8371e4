"""Whether a request can be served: database, tables, the wall between tenants, queue, a worker, the browser files."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path

from flask import current_app
from redis.exceptions import RedisError
from rq import Worker
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from portal.core import clock, start, wall
from portal.core.scope import Login
from portal.extensions import db, redis_client

WORKER_SEEN = timedelta(seconds=60)


def parts() -> dict[str, bool]:
    """Each part and whether it is right; never raises."""
    return {
        "database": all(_answers(login) for login in Login),
        "migrations": _holds(_migrated),
        "wall": _holds(lambda: not start.faults(start.pooled, current_app.config["PORTAL"])),
        "queue": _holds(lambda: bool(redis_client().ping())),
        "worker": _holds(worker_seen),
        "assets": _holds(_assets_right),
    }


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (SQLAlchemyError, RedisError, OSError, ValueError, KeyError):
        return False


def _answers(login: Login) -> bool:
    return _holds(lambda: _one(db.engines[login.value]))


def _one(engine: Engine) -> bool:
    with engine.connect() as connection:
        return connection.scalar(select(1)) == 1


def _migrated() -> bool:
    with start.pooled(Login.IDENTITY) as connection:
        return not wall.behind(connection)


def worker_seen() -> bool:
    """Whether some worker told within the last minute that it is there."""
    latest = clock.now() - WORKER_SEEN
    beats = [worker.last_heartbeat for worker in Worker.all(connection=redis_client())]
    return any(beat.replace(tzinfo=beat.tzinfo or UTC) >= latest for beat in beats if beat is not None)


def _assets_right() -> bool:
    folder = Path(str(current_app.static_folder))
    locked = json.loads((folder / "assets.lock.json").read_text())["files"]
    return all(_hash(folder / entry["target"]) == entry["sha384"] for entry in locked)


def _hash(path: Path) -> str:
    return base64.b64encode(hashlib.sha384(path.read_bytes()).digest()).decode()
