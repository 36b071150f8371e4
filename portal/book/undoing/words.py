"""How undoing reads."""

from __future__ import annotations

from portal.book.undoing.models import FeedUndo
from portal.book.undoing.queries import Plan
from portal.core.words import counted

WHY_STUCK = {
    "file": "A later file tells it otherwise.",
    "told": "A later file told it, or its member, again. Undo that file’s run first.",
    "writer": "Its writing agent was changed since: in the crosswalk, or by hand.",
    "member": "A later change of the policy or its member came after this run.",
}


def said(plan: Plan) -> str:
    """What would happen, in a sentence or two."""
    if not plan.free and not plan.stuck:
        return "The run wrote nothing: no policy changes. From then on it no longer counts as the carrier's last file."
    new = counted(plan.new, "policy that came with this run leaves", "policies that came with this run leave")
    changed = counted(plan.changed, "changed policy becomes", "changed policies become")
    text = f"{new} the book; {changed} what it was before."
    if plan.changed != 1:
        text = f"{new} the book; {changed} what they were before."
    if plan.moved:
        text += f" {counted(plan.moved, 'of them goes', 'of them go')} back to another writing agent."
    return text


def done(order: FeedUndo) -> str:
    """What an order that was carried out did."""
    new, changed, stuck, released = (order.counts[name] for name in ("new", "changed", "stuck", "released"))
    was = counted(changed, "changed policy is", "changed policies are")
    text = f"{counted(new, 'new policy', 'new policies')} left the book, {was} as before,"
    text += f" {counted(released, 'copy', 'copies')} left accounts."
    if stuck:
        text += f" {counted(stuck, 'policy', 'policies')} could not be taken back."
    return f"{order.asked_name} undid this run: {text} The file can be loaded again."
