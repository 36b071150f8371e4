"""`flask log retain` and `flask log unpack`: ending what is past its term, and reading what was archived."""

from __future__ import annotations

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.compliance.retention import ending, files, unpacking
from portal.compliance.retention.ending import Step
from portal.core import clock
from portal.core.shell import servers

WORDS = {
    ending.HELD: "stays",
    ending.WAITS: "waits",
    ending.ARCHIVED: "was archived",
    ending.ENDED: "was taken out of the log",
    ending.REFUSED: "could not be ended",
    ending.WOULD: "is past its term",
}
NOTHING = "No month of the log is past its term."


@click.command("retain")
@click.option("--by", default="", help="Your name: one of the two people whom the end of a month needs.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: as_of, months.")
@with_appcontext
def retain(by: str, dry_run: bool, as_json: bool) -> None:
    """Archive months past their term; take out those that are archived and approved by two people.

    An officer of every FMO approves on the page "Retention"; the second is another officer, or you with --by. Exit
    status 1 where a month could not be archived or ended.
    """
    as_of = clock.now()
    with servers():
        steps = list(ending.run(as_of, by=by.strip(), dry=dry_run))
    if as_json:
        months = [{"month": str(s.month), "entries": s.entries, "state": s.state, "why": s.why} for s in steps]
        click.echo(json.dumps({"as_of": as_of.isoformat(), "months": months}))
    else:
        click.echo("\n".join(map(_in_words, steps)) or NOTHING)
    if any(step.state == ending.REFUSED for step in steps):
        raise SystemExit(1)


def _in_words(step: Step) -> str:
    return f"{step.month} with {step.entries:,} entries {WORDS[step.state]}. {step.why}".rstrip()


@click.command("unpack")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--by", required=True, help="Your name, for the access log.")
@with_appcontext
def unpack(file: Path, folder: Path, by: str) -> None:
    """Decrypt an archived month into FOLDER as an evidence pack, which verify_pack.py in it checks. It is logged."""
    if folder.exists() and any(folder.iterdir()):
        raise click.UsageError(f"{folder} is not empty.")
    with servers():
        try:
            number = unpacking.unpack(file, folder, by=by)
        except files.Unreadable as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"{number:,} entries are in {folder}. Check them with: python3 {folder / 'verify_pack.py'}")
