"""`flask log …`: what an operator asks of the access log."""

from __future__ import annotations

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.compliance.verification import Verdict, verify
from portal.core.shell import servers

group = AppGroup("log", help="The access log.")
NOT_SEALED = (
    "Entries are not sealed in this version: this proves that the log's tables, rights and dates are right, not that "
    "nobody with the server's own rights changed an entry."
)


@group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: entries, faults, sealed.")
@with_appcontext
def verify_log(as_json: bool) -> None:
    """Check the log's partitions, rights, triggers and dates; exit status 1 if anything is wrong."""
    settings = current_app.config["PORTAL"]
    with servers(anyhow=True):
        verdict = verify(lambda login: settings.login_name(login.value))
    click.echo(_as_json(verdict) if as_json else _as_words(verdict))
    if verdict.faults:
        raise SystemExit(1)


def _as_json(verdict: Verdict) -> str:
    return json.dumps({"entries": verdict.entries, "faults": verdict.faults, "sealed": False})


def _as_words(verdict: Verdict) -> str:
    checked = f"{verdict.entries:,} entries are in the log."
    if not verdict.faults:
        return f"{checked} Nothing wrong was found.\n{NOT_SEALED}"
    listed = "\n".join(f"- {fault}" for fault in verdict.faults)
    return f"{checked} {len(verdict.faults)} faults were found:\n{listed}\n{NOT_SEALED}"
