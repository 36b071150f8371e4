"""`flask user …` and `flask fmo …`: what an operator does at the shell."""

from __future__ import annotations

import secrets
from typing import Any

import click
from flask.cli import AppGroup, with_appcontext

from portal.core.scope import STAFF_ROLES, Role
from portal.core.shell import servers
from portal.core.words import counted
from portal.identity import accounts
from portal.identity.sso.operations.rescuing import passwords_in

user_group = AppGroup("user", help="People who sign in.")
fmo_group = AppGroup("fmo", help="The FMOs of this installation.")
groups = [user_group, fmo_group]


@fmo_group.command("add")
@click.argument("slug")
@click.argument("name")
@with_appcontext
def add_fmo(slug: str, name: str) -> None:
    """Add an FMO with its SLUG (for commands) and NAME."""
    with servers():
        _say(lambda: accounts.add_fmo(slug, name))
        click.echo(f"Added the FMO {name} ({slug}).")


@fmo_group.command("passwords-on")
@click.argument("slug")
@with_appcontext
def passwords_on(slug: str) -> None:
    """Let passwords in again at the FMO SLUG, whose identity provider and keeper of a password are both gone."""
    with servers():
        _say(lambda: passwords_in(accounts.fmo_by_slug(slug)))
        click.echo(f"Passwords work again at {slug}. `flask user reset` gives somebody a new one.")


@user_group.command("add")
@click.argument("email")
@click.option("--fmo", "slug", required=True)
@click.option("--role", type=click.Choice([role.value for role in (*STAFF_ROLES, Role.COMPLIANCE)]), required=True)
@click.option("--first-name", required=True)
@click.option("--last-name", required=True)
@with_appcontext
def add_user(email: str, slug: str, role: str, first_name: str, last_name: str) -> None:
    """Add somebody of an FMO's staff, or a compliance officer; the password is made here and shown once."""
    password = secrets.token_urlsafe(16)
    with servers():
        _say(lambda: accounts.add_officer(slug, email, Role(role), first_name, last_name, password))
    click.echo(f"Added {email}. First password, shown only now: {password}")


@user_group.command("deactivate")
@click.argument("email")
@click.option("--yes-last", is_flag=True, help="Also where it is the last active administrator of an FMO.")
@with_appcontext
def deactivate(email: str, yes_last: bool) -> None:
    """End a person's sign-in at once; no policy moves."""
    with servers():
        _say(lambda: accounts.deactivate(email, even_last=yes_last))
    click.echo(f"{email} can no longer sign in.")


@user_group.command("reset")
@click.argument("email")
@with_appcontext
def reset(email: str) -> None:
    """Give a person a new password, shown once, and end all their sessions."""
    password = secrets.token_urlsafe(16)
    with servers():
        _say(lambda: accounts.reset_password(email, password))
    click.echo(f"New password of {email}, shown only now: {password}")


@user_group.command("reset-factor")
@click.argument("email")
@click.option("--reason", required=True, help="Why, for the access log.")
@with_appcontext
def reset_factor(email: str, reason: str) -> None:
    """Take away a person's second factors and recovery codes, after they lost them, and end all their sessions."""
    with servers():
        _say(
            lambda: click.echo(f"Removed {counted(accounts.reset_factor(email, reason), 'second factor')} of {email}.")
        )


def _say(work: Any) -> None:
    try:
        work()
    except accounts.AccountError as error:
        raise click.ClickException(str(error)) from error
