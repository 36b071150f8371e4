"""Days of the log that were counted when they were over tell the same as their entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.compliance.days import operations
from portal.compliance.days.models import PERSON, TOTAL, VIEWER, AccessDay
from portal.core.ids import new_id
from tests.portal.compliance.test_access import logged
from tests.portal.compliance.test_following import cells
from tests.support.world import World


def _midday(back: int) -> datetime:
    day = datetime.now(UTC) - timedelta(days=back)
    return day.replace(hour=12, minute=0, second=0, microsecond=0)


def _figures(store: Session, world: World, grain: str) -> dict[Any, int]:
    store.rollback()
    rows = store.scalars(select(AccessDay).where(AccessDay.fmo_id == world.summit.fmo.id, AccessDay.grain == grain))
    return {(row.day, row.actor_id, row.action, row.outcome): row.entries for row in rows}


def _lay(store: Session, world: World) -> None:
    amy = world.amy.people[0].user
    hers = {"actor_id": amy.id, "actor_name": amy.name, "role": "agent_admin", "business_id": world.amy.business.id}
    for back in (1, 3, 3, 5):
        logged(store, world.summit, at=_midday(back), member_ids=[new_id()])
        logged(store, world.summit, at=_midday(back), action="contact.edit", member_ids=[new_id()], **hers)
    logged(store, world.summit, at=_midday(3), action="refused.record", outcome="refused", member_ids=[new_id()])
    logged(store, world.lakeside, at=_midday(3))


def test_days_that_are_over_are_counted_once(app: Flask, world: World, store: Session) -> None:
    _lay(store, world)
    with app.app_context():
        assert operations.count(world.summit.fmo.id) == 2, "the day without entries is passed over, yesterday waits"
        assert operations.count(world.summit.fmo.id) == 0
    day, admin, amy = _midday(3).date(), world.summit.admin.id, world.amy.people[0].user.id
    assert {key[1:]: n for key, n in _figures(store, world, PERSON).items() if key[0] == day} == {
        (admin, "policy.list", "done"): 2, (admin, "refused.record", "refused"): 1, (amy, "contact.edit", "done"): 2,
    }  # fmt: skip
    assert {key[2:]: n for key, n in _figures(store, world, TOTAL).items() if key[0] == day} == {
        ("policy.list", "done"): 2, ("refused.record", "refused"): 1, ("contact.edit", "done"): 2,
    }  # fmt: skip
    assert {key[1]: n for key, n in _figures(store, world, VIEWER).items() if key[0] == day} == {admin: 2}
    theirs = select(func.count()).select_from(AccessDay).where(AccessDay.fmo_id == world.lakeside.fmo.id)
    assert store.scalar(theirs) == 0


def test_pages_tell_the_same_before_and_after_counting(
    app: Flask, world: World, store: Session, client_for: Any
) -> None:
    _lay(store, world)
    officer, told = client_for(world.summit.compliance), []
    for _ in range(2):
        person = officer.get(f"/compliance/people/{world.summit.admin.id}").text
        business = officer.get(f"/compliance/businesses/{world.amy.business.id}").text
        told.append((cells(person, "What they did"), cells(business, "In the account")))
        with app.app_context():
            operations.count(world.summit.fmo.id)
    assert told[0] == told[1]
    assert told[0][0][0][0] == "Looked at the list of policies"
    assert told[0][0][0][2] == "4"


def test_charts_count_what_their_links_show(world: World, store: Session, client_for: Any) -> None:
    _lay(store, world)
    logged(store, world.summit, at=_midday(3), action="feed.report")
    officer = client_for(world.summit.compliance)
    page = officer.get("/compliance/charts?days=7").text
    day = _midday(3).date().isoformat()
    for title, filters, count in (
        ("FMO administrator", f"role=fmo_admin&amp;from={day}&amp;to={day}", 4),
        ("Refused", f"outcome=refused&amp;from={day}&amp;to={day}", 1),
        ("Downloads", f"action=exports&amp;from={day}&amp;to={day}", 1),
    ):
        chart = page.partition(f"<figcaption>{title} ")[2].partition("</figure>")[0]
        assert f'<a href="/compliance/access?{filters}">{count}</a>' in chart
        shown = officer.get(f"/compliance/access?{filters.replace('&amp;', '&')}").text
        assert (f"{count} of {count} entries" if count > 1 else "1 entry") in shown
    assert world.summit.admin.name in page.partition("Who looked at members most often")[2]
