"""`flask log …`: what an operator asks of the access log."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.compliance.retention.commands import retain, unpack
from portal.compliance.seals import witnesses
from portal.compliance.verification import Verdict, verify
from portal.core.shell import servers

group = AppGroup("log", help="The access log.")
group.add_command(retain)
group.add_command(unpack)


@group.command("verify")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: entries, seals, faults, sealed.")
@click.option(
    "--anchor", "copies", multiple=True, type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with mails of the anchor, in any form; may be given more than once.",
)  # fmt: skip
@with_appcontext
def verify_log(as_json: bool, copies: tuple[Path, ...]) -> None:
    """Check every entry against its seal, seals against the anchor, and the log's tables; exit status 1 on faults."""
    settings = current_app.config["PORTAL"]
    told = witnesses.by_chain(one for copy in copies for one in _lines_of(copy))
    with servers(anyhow=True):
        verdict = verify(lambda login: settings.login_name(login.value), told)
    click.echo(_as_json(verdict) if as_json else _as_words(verdict))
    if verdict.faults:
        raise SystemExit(1)


def _lines_of(copy: Path) -> list[witnesses.Told]:
    found = witnesses.read(copy.read_text("ascii", "replace"))
    if not found:
        raise click.ClickException(f"No line of an anchor was found in {copy}: give the mails as they came.")
    return found


def _as_json(verdict: Verdict) -> str:
    told = {"entries": verdict.entries, "seals": verdict.seals, "faults": verdict.faults, "sealed": True}
    return json.dumps(told | ({"archived": verdict.archived} if verdict.archived else {}))


def _as_words(verdict: Verdict) -> str:
    checked = f"{verdict.entries:,} entries are in the log, under {verdict.seals:,} seals."
    if verdict.archived:
        checked += f" {verdict.archived:,} more are archived, as their seals say."
    if not verdict.faults:
        return f"{checked} Nothing wrong was found."
    listed = "\n".join(f"- {fault}" for fault in verdict.faults)
    faults = "1 fault was" if len(verdict.faults) == 1 else f"{len(verdict.faults):,} faults were"
    return f"{checked} {faults} found:\n{listed}"
