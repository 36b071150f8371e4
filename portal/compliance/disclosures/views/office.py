"""Where members write and call: the officers' form."""

from __future__ import annotations

from dataclasses import asdict

from flask import Response, flash, url_for

from portal.compliance.disclosures import events
from portal.compliance.disclosures import office as kept
from portal.compliance.disclosures.forms import OfficeForm
from portal.compliance.disclosures.views.parts import bp
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow


@bp.get("/office")
@allow(Permission.DISCLOSURES, events.OFFICE_SEEN)
def office() -> Response:
    """The form with what holds now."""
    held = kept.held()
    form = OfficeForm(formdata=None, data=asdict(held) if held else None)
    return page("compliance/disclosures/office.html", form=form, held=held)


@bp.post("/office")
@allow(Permission.DISCLOSURES, events.OFFICE_SEEN, fresh=True)
def change_office() -> Response:
    """Keep what was said."""
    form = OfficeForm()
    if not form.validate_on_submit():
        return page("compliance/disclosures/office.html", form=form, held=kept.held(), status=422)
    changed = kept.change(form.office())
    flash("Letters bear this from now on; the change is in the access log." if changed else "Nothing was changed.")
    return go(url_for("disclosures.home"))
