"""Whose chains there are, and who works on them."""

from __future__ import annotations

from uuid import UUID

from portal.compliance.seals import statements
from portal.compliance.seals.models import INSTALLATION
from portal.core.scope import Login, Role, Scope
from portal.core.session import open_session


def sealing(chain: UUID | None = None) -> Scope:
    """The scope in which one chain is sealed and checked."""
    return Scope(login=Login.SEALER, role=Role.SYSTEM, fmo_id=chain, actor_name="Portal sealer")


def chains() -> list[UUID]:
    """Every chain: the FMOs' and the installation's own."""
    with open_session(sealing()) as session:
        return [INSTALLATION, *statements.fmo_ids(session)]
