"""`flask keys …`: what an operator does with the keys that encrypt fields and files."""

from __future__ import annotations

import json

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.compliance.operations import write_installation_entry
from portal.core import crypto, key_use, rotation, start
from portal.core.rotation import Left, Outcome
from portal.core.scope import Login
from portal.core.session import open_session
from portal.core.shell import servers
from portal.identity.sessions import IDENTITY_SCOPE

keys_group = AppGroup("keys", help="The keys that encrypt fields and files.")
group = keys_group


@keys_group.command("rotate")
@click.option("--status", is_flag=True, help="Only count what stands under which key; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@with_appcontext
def rotate(status: bool, as_json: bool) -> None:
    """Bring everything encrypted under the first of FIELD_KEYS, beside web and worker.

    May be broken off and begun again. Exit status 1 where something is left that could not be brought over.
    """
    with servers():
        engine = rotation.engine_of(current_app.config["PORTAL"])
        outcome = Outcome(left=rotation.status(engine)) if status else rotation.rotate(engine)
        unused = _unused(outcome.left)
        if not status:
            _note(outcome, unused)
    click.echo(_as_json(outcome, unused) if as_json else "\n".join(_as_words(outcome, unused, status=status)))
    if outcome.left.old and not status:
        raise SystemExit(1)


def _unused(left: Left) -> set[str]:
    """Keys of ours that nothing stands under, but the one that encrypts and the one that keys the hashes."""
    return set(crypto.proofs()) - set(left.by_key) - {crypto.first_key(), crypto.hash_key()}


def _note(outcome: Outcome, unused: set[str]) -> None:
    with start.pooled(Login.IDENTITY) as connection, connection.begin():
        key_use.note_unused(connection, unused)
    done = "done" if not outcome.left.old else "failed"
    told = f"{outcome.renewed} values are now under {crypto.first_key()}; {outcome.left.old} are left"
    with open_session(IDENTITY_SCOPE) as session:
        nobody: dict[str, str | None] = {"address": None, "user_agent": None, "request_id": None}
        write_installation_entry(session, "keys.rotated", outcome=done, reason=told, request=nobody)


def _as_json(outcome: Outcome, unused: set[str]) -> str:
    told = {
        "renewed": outcome.renewed,
        "unreadable": dict(outcome.unreadable),
        "keys": {key: outcome.left.by_key.get(key, 0) for key in sorted({*crypto.proofs(), *outcome.left.by_key})},
        "encrypts": crypto.first_key(),
        "hashes": crypto.hash_key(),
        "unused": sorted(unused),
    }
    return json.dumps(told)


def _as_words(outcome: Outcome, unused: set[str], *, status: bool) -> list[str]:
    lines = [] if status else [f"{outcome.renewed:,} values were encrypted anew."]
    for key in dict.fromkeys([*crypto.proofs(), *sorted(outcome.left.by_key)]):
        lines.append(f"{key}: {outcome.left.by_key.get(key, 0):,} values. {_says(key, unused)}".rstrip())
        if key != crypto.first_key():
            standing = sorted((name, number) for (name, under), number in outcome.left.by_place.items() if under == key)
            lines += [f"  {name}: {number:,}" for name, number in standing]
    lines += [f"{number:,} values of {name} cannot be read." for name, number in sorted(outcome.unreadable.items())]
    return lines


def _says(key: str, unused: set[str]) -> str:
    if key not in crypto.proofs():
        return "It is not among FIELD_KEYS, so these cannot be read."
    said = []
    if key == crypto.first_key():
        said.append("It encrypts.")
    if key == crypto.hash_key():
        said.append("It keys the hashes and must stay the last of FIELD_KEYS.")
    if key in unused:
        said.append("Nothing needs it: it may be removed from FIELD_KEYS once every process has the first key.")
    return " ".join(said)
