"""How the log is reviewed: the officers' own page, which the administrators do not have."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, flash, url_for

from portal.compliance.reviews import events
from portal.compliance.reviews import rules as kept
from portal.compliance.reviews.forms import RulesForm
from portal.compliance.reviews.views.parts import bp
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow


@bp.get("/rules")
@allow(Permission.ACCESS_READ, events.RULES_SEEN)
def rules() -> Response:
    """Every rule with what holds now."""
    return page("compliance/reviews/rules.html", form=RulesForm(data=asdict(kept.held())))


@bp.post("/rules")
@allow(Permission.ACCESS_READ, events.RULES_SEEN, fresh=True)
def change_rules() -> Response:
    """Keep what was decided, all of it or nothing."""
    form = RulesForm()
    if not form.validate_on_submit():
        return page("compliance/reviews/rules.html", form=form, status=422)
    changed = kept.change(form.rules())
    flash("The rules are saved; the change is in the access log." if changed else "Nothing was changed.")
    return go(url_for("reviews.reviews"))
