"""An FMO and the scopes in which its jobs work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from bench.servers import Place
from portal.core import access, scope
from portal.core.ids import new_id
from portal.core.scope import Login, Role, Scope
from portal.extensions import db


def fmo(place: Place, slug: str) -> UUID:
    """A new FMO; its id."""
    made = new_id()
    place.setup.execute("INSERT INTO fmo (id, slug, name) VALUES (%s, %s, %s)", (made, slug, slug.title()))
    return made


@contextmanager
def job(place: Place, fmo_id: UUID) -> Iterator[None]:
    """Work as a job of the FMO does: the jobs login, row security, one transaction, its log entries at the end."""
    with place.app.app_context(), scope.acting(Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id)):
        yield
        access.write_entries()
        db.session.commit()
