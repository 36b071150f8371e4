"""An FMO, a Business and their people, and the scopes in which jobs work for them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer

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
def job(place: Place, fmo_id: UUID, business_id: UUID | None = None) -> Iterator[None]:
    """Work as a job of the FMO does: the jobs login, row security, one transaction, its log entries at the end."""
    at_work = Scope(login=Login.JOBS, role=Role.SYSTEM, fmo_id=fmo_id, business_id=business_id)
    with place.app.app_context(), scope.acting(at_work):
        yield
        access.write_entries()
        db.session.commit()


def business(place: Place, fmo_id: UUID, npn: str) -> UUID:
    """A Business with Policy Sync enabled and one NPN; its id."""
    producer, made = new_id(), new_id()
    place.setup.execute(
        "INSERT INTO producer (fmo_id, id, kind, npn, name, name_key) VALUES (%s, %s, 'agent', %s, 'Ann', 'ann')",
        (fmo_id, producer, npn),
    )
    place.setup.execute(
        "INSERT INTO business (fmo_id, id, name, name_key, time_zone, producer_id, sync_enabled)"
        " VALUES (%s, %s, 'Ann Bench CRM', 'annbenchcrm', 'America/New_York', %s, true)",
        (fmo_id, made, producer),
    )
    place.setup.execute(
        "INSERT INTO business_npn (fmo_id, business_id, id, npn, producer_id) VALUES (%s, %s, %s, %s, %s)",
        (fmo_id, made, new_id(), npn, producer),
    )
    return made


def signed_in(place: Place, fmo_id: UUID, role: Role, business_id: UUID | None = None) -> FlaskClient:
    """A browser in which somebody of this role is signed in."""
    user, token, raw = new_id(), secrets.token_urlsafe(32), secrets.token_hex(20)
    place.setup.execute(
        "INSERT INTO portal_user (fmo_id, id, business_id, email, first_name, last_name, role, npn, state)"
        " VALUES (%s, %s, %s, %s, 'Pat', 'Bench', %s, '10000001', 'active')",
        (fmo_id, user, business_id, f"{role.value}@bench.example", role.value),
    )
    place.setup.execute(
        "INSERT INTO login_session (id, token_hash, user_id, fmo_id, data, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, now() + interval '1 day')",
        (new_id(), hashlib.sha256(token.encode()).hexdigest(), user, fmo_id, json.dumps({"csrf_token": raw})),
    )
    client = place.app.test_client()
    client.set_cookie(place.app.config["SESSION_COOKIE_NAME"], token)
    # What Flask-WTF prints on a page of this session; forms send it back.
    signed = URLSafeTimedSerializer(place.app.secret_key or "", salt="wtf-csrf-token").dumps(raw)
    client.environ_base["HTTP_X_CSRFTOKEN"] = str(signed)
    return client
