"""`flask demo load`."""

from __future__ import annotations

from importlib import import_module

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from portal.config import load_settings
from portal.core.shell import servers

group = AppGroup("demo", help="Invented people to try the portal with.")


@group.command("load")
@with_appcontext
def load() -> None:
    """Load the demo where no FMO exists yet."""
    settings = load_settings()
    if not settings.demo:
        raise click.ClickException("This is no demo. Set PORTAL_DEMO=1 to load invented people.")
    with servers():
        import_module("portal.demo.load").ensure(current_app, settings, click.echo)
