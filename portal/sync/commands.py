"""`flask sync run`: start a run at the shell and wait for it."""

from __future__ import annotations

import json
from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import or_, select

from portal.businesses.models import Business
from portal.core.ids import parse_id
from portal.core.scope import Scope
from portal.core.session import open_session
from portal.core.shell import one_transaction, operator, wait_for, workers
from portal.extensions import db
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE
from portal.sync import operations, report
from portal.sync.models import SyncRun

group = AppGroup("sync", help="Policy Sync.")
COUNTS = ("policies", "contacts", "added", "updated", "unchanged", "released")


@group.command("run")
@click.argument("business")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON line.")
@click.option("--full", is_flag=True, help="Look at every policy, not only at what the book has changed since.")
@with_appcontext
def run(business: str, as_json: bool, full: bool) -> None:
    """Copy the policies of BUSINESS (its id, or its name where only one has it) and wait until that is done.

    Exit status 0: done; 1: failed, or Policy Sync may not run for it. A run that is under way already is waited for.
    """
    with workers():
        scope, business_id = _find(business)
        done = wait_for(SyncRun, _request(scope, business_id, whole=full), report.is_over, scope)
    counts = {name: getattr(done, name) for name in COUNTS} | {"run": str(done.id)}
    if as_json:
        click.echo(json.dumps(counts if done.status == "succeeded" else {**counts, "error": done.error}))
    else:
        click.echo(report.sentence(done), err=done.status != "succeeded")
    if done.status != "succeeded":
        raise SystemExit(1)


def _find(named: str) -> tuple[Scope, UUID]:
    with open_session(IDENTITY_SCOPE) as session:
        fmos = session.scalars(select(Fmo.id).order_by(Fmo.slug)).all()
    found: list[tuple[Scope, UUID]] = []
    for fmo_id in fmos:
        scope = operator(fmo_id)
        with open_session(scope) as session:
            same = or_(Business.id == parse_id(named), Business.name == named)
            found += [(scope, business_id) for business_id in session.scalars(select(Business.id).where(same))]
    if not found:
        raise click.BadParameter(f"No Business has the id or name {named!r}.", param_hint="BUSINESS")
    if len(found) > 1:
        ids = ", ".join(str(business_id) for _, business_id in found)
        raise click.BadParameter(f"Several Businesses are called {named!r}. Give one id: {ids}.", param_hint="BUSINESS")
    return found[0]


def _request(scope: Scope, business_id: UUID, *, whole: bool) -> UUID:
    try:
        with one_transaction(scope):
            business = db.session.scalars(select(Business).where(Business.id == business_id)).one()
            started, _ = operations.request_run(business, "command", by=scope, whole=whole)
    except operations.SyncOff as error:
        raise click.ClickException(
            f"Policy Sync is not enabled for {error}. Nothing was copied. An FMO admin enables it by Log Activity."
        ) from error
    except operations.Blocked as blocked:
        raise click.ClickException(str(blocked)) from blocked
    return started.id
