"""Runs the migrations as the owner of the tables, on the connection that the upgrade hands in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, text

import portal.activities.models
import portal.book.absence.models
import portal.book.arrival.models
import portal.book.attributions.models
import portal.book.drift.models
import portal.book.layouts.models
import portal.book.mapping.models
import portal.book.models
import portal.book.prints.models
import portal.book.quarantine.models
import portal.book.report.models
import portal.book.undoing.models
import portal.businesses.models
import portal.compliance.alarms.models
import portal.compliance.breaches.models
import portal.compliance.days.models
import portal.compliance.disclosures.models
import portal.compliance.exports.models
import portal.compliance.models
import portal.compliance.recertification.models
import portal.compliance.retention.models
import portal.compliance.reviews.models
import portal.compliance.seals.models
import portal.core.key_use
import portal.core.outbox
import portal.core.search_tokens
import portal.crm.duplicates.models
import portal.crm.models
import portal.crm.uploads.models
import portal.downline.models
import portal.identity.emergency.models
import portal.identity.factors.models
import portal.identity.guessing.models
import portal.identity.letters.models
import portal.identity.models
import portal.identity.passkeys.models
import portal.identity.sso.models
import portal.identity.staff.models
import portal.provisioning.models
import portal.sync.claims.models
import portal.sync.models  # noqa: F401  # imported for their tables
from migrations import rotation_rights
from portal.config import load_settings
from portal.core.models import Base
from portal.runtime import servers
from portal.runtime.upgrade import ready


def _include(name: str | None, kind: str, parents: object) -> bool:
    # The partitions of the log are made by a function, month by month; the index is on an expression of its migration.
    if kind == "index":
        return name != "ix_access_entry_about"
    return not (kind == "table" and (name or "").startswith("access_entry_"))


def run(connection: Connection) -> None:
    database = connection.execute(text("SELECT current_database()")).scalar_one()
    # A migration waits a short while for a busy table and then gives up, rather than queue everybody behind it.
    connection.execute(text("SET lock_timeout = '5s'"))
    connection.execute(text("SET statement_timeout = '15min'"))
    connection.execute(text(f'SET ROLE "{database}_owner"'))
    connection.commit()
    context.configure(
        connection=connection, target_metadata=Base.metadata, include_name=_include, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
    rotation_rights.grant(connection)
    connection.commit()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    # `flask db …` comes without a connection, and perhaps before any server runs.
    settings = load_settings()
    with servers.running(settings), ready(settings) as connection:
        run(connection)
