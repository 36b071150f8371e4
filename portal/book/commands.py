"""`flask feed load`: hand a carrier file in at the shell and wait for its run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import click
from flask.cli import AppGroup, with_appcontext
from sqlalchemy import select

from portal.book import operations
from portal.book.absence.short import short_from
from portal.book.effect import effect_from
from portal.book.models import FeedRun, HeldChange
from portal.book.operations import AlreadyLoading, UnknownConnector
from portal.book.words import outcome
from portal.core.scope import Scope
from portal.core.session import open_session
from portal.core.shell import one_transaction, operator, wait_for, workers
from portal.identity import accounts
from portal.identity.models import Fmo
from portal.identity.sessions import IDENTITY_SCOPE

group = AppGroup("feed", help="Carrier files.")
COUNTS = ("rows", "new", "changed", "unchanged", "refused", "dropped", "unattributed")


@group.command("load")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--connector", help="Name of the SmartConnector; without it the layout is recognised from the file.")
@click.option("--fmo", "slug", help="Slug of the FMO; may be left out where there is only one.")
@click.option("--dry-run", is_flag=True, help="Count and report, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON line.")
@with_appcontext
def load(file: Path, connector: str | None, slug: str | None, dry_run: bool, as_json: bool) -> None:
    """Load the carrier FILE into an FMO's book and wait until it is done.

    Exit status 0: done, refused rows included; 1: refused, failed, or held until an administrator decides.
    """
    with workers():
        scope = operator(_fmo(slug).id)
        run_id = _request(scope, file, connector, dry_run)
        run = wait_for(FeedRun, run_id, _is_over, scope)
    counts = {name: getattr(run, name) for name in COUNTS} | {"run": str(run.id)}
    if as_json:
        more = {} if run.status == "succeeded" else {"error": run.error, **_held(scope, run)}
        click.echo(json.dumps(counts | more))
    else:
        click.echo(outcome(run), err=run.status != "succeeded")
        if run.status == "succeeded":
            click.echo("  ".join(f"{name} {counts[name]:,}" for name in COUNTS))
    if run.status != "succeeded":
        raise SystemExit(1)


def _held(scope: Scope, run: FeedRun) -> dict[str, Any]:
    if run.status != "held":
        return {}
    with open_session(scope) as session:
        mine = select(HeldChange).where(HeldChange.subject_id == run.id)
        held = session.scalars(mine.order_by(HeldChange.asked_at.desc()).limit(1)).one()
    short = short_from(held.effect)
    if short is not None:
        told = {"rows": short.rows, "rows_before": short.before_rows, "missing": short.missing}
        return {"held": {"id": str(held.id), "kind": held.kind, **told}}
    effect = effect_from(held.effect, held.digest)
    moves = {"policies": effect.total, "between": effect.between, "lost": effect.lost, "given": effect.given}
    return {"held": {"id": str(held.id), **moves, "npns": [one._asdict() for one in effect.shares()]}}


def _fmo(slug: str | None) -> Fmo:
    if slug is not None:
        try:
            return accounts.fmo_by_slug(slug)
        except accounts.AccountError as error:
            raise click.BadParameter(str(error), param_hint="--fmo") from error
    with open_session(IDENTITY_SCOPE) as session:
        found = session.scalars(select(Fmo).order_by(Fmo.slug)).all()
    if len(found) != 1:
        slugs = ", ".join(fmo.slug for fmo in found) or "none yet"
        raise click.UsageError(f"Say whose file this is with --fmo SLUG. The FMOs are: {slugs}.")
    return found[0]


def _request(scope: Scope, file: Path, connector: str | None, dry_run: bool) -> UUID:
    try:
        with one_transaction(scope):
            run = operations.request_load(
                body=file, file_name=file.name, connector=connector, dry_run=dry_run, by="Operator"
            )
    except (AlreadyLoading, UnknownConnector) as error:
        raise click.ClickException(str(error)) from error
    return run.id


def _is_over(run: FeedRun) -> bool:
    return run.status not in ("queued", "running")
