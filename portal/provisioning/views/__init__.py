"""The [Agent CRM] activities as pages. Importing them puts the activities into the Log Activity menu."""

from __future__ import annotations

from flask import Blueprint, url_for

from portal.activities import registry
from portal.activities.models import Activity
from portal.core.permissions import Permission
from portal.provisioning.operations import ADD_AGENT, PROVISION, SWITCH
from portal.provisioning.operations.moving import MOVE
from portal.provisioning.operations.offboarding import OFFBOARD

bp = Blueprint("provisioning", __name__, url_prefix="/fmo")
LABELS = {
    PROVISION: "[Agent CRM] Provision New Agent Business Activity",
    SWITCH: "[Agent CRM] Enable/Disable Policy and Member Sync",
    ADD_AGENT: "[Agent CRM] Add Agent to Existing Agent CRM Business Activity",
    MOVE: "[Agent CRM] Move Agent to Another Business",
    OFFBOARD: "[Agent CRM] Off-board Agent",
}


def _offer(key: str, subjects: frozenset[str], endpoint: str, icon: str) -> None:
    offered = registry.ActivityType(
        key, LABELS[key], registry.AGENT_CRM, subjects, f"provisioning.{endpoint}", Permission.PROVISION, icon
    )
    registry.register(offered)
    registry.register_detail(key, _detail)


def _detail(activity: Activity) -> str:
    return url_for("sync.activity_runs", activity_id=activity.id)


_offer(PROVISION, frozenset({"agent", "agency"}), "provision", "briefcase")
_offer(SWITCH, frozenset({"business"}), "switch", "refresh-cw")
_offer(ADD_AGENT, registry.EVERY_KIND, "add_agent", "user-plus")
_offer(MOVE, registry.EVERY_KIND, "move_agent", "arrow-right-left")
_offer(OFFBOARD, frozenset({"agent", "agency"}), "off_board", "user-minus")
registry.register_detail(OFFBOARD, lambda activity: url_for("provisioning.off_boarded", activity_id=activity.id))

from portal.provisioning.views import (  # noqa: E402, F401  # they add routes to bp
    add_agent,
    imports,
    left_out,
    moving,
    offboarding,
    outcomes,
    provision,
    resync,
    switch,
)
