"""The page on which an FMO decides what the rooms ask it to decide."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import Blueprint, Response, flash, request, url_for
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from portal.book import limits
from portal.book import operations as book
from portal.core.forms import Form
from portal.core.fragments import go, page
from portal.core.permissions import Permission, allow
from portal.identity import rules
from portal.identity.rules import Rule

LEAST_REASON = 5
bp = Blueprint("settings", __name__, url_prefix="/fmo/settings")


def _field(rule: Rule) -> Any:
    if isinstance(rule.default, bool):
        return BooleanField(rule.label)
    if rule.choices is not None:
        offered = [SelectChoice(value, words) for value, words in rule.choices.items()]
        return SelectField(rule.label, choices=offered, validators=[InputRequired("Choose one.")])
    say = f"Enter a whole number from {rule.least:,} to {rule.most:,} for “{rule.label}”."
    return IntegerField(rule.label, validators=[InputRequired(say), NumberRange(rule.least, rule.most, say)])


def _form() -> Any:
    asked = [rule for rule in rules.declared() if _asked(rule)]
    fields = {rule.name: _field(rule) for rule in asked}
    fields |= {_why(rule): _reason(rule) for rule in asked if rule.reason_for is not None}
    return type("RulesForm", (Form,), fields)(data=rules.values())


def _why(rule: Rule) -> str:
    """The name of the field in which somebody says why."""
    return f"{rule.name}_reason"


def _reason(rule: Rule) -> Any:
    say = "Use at most 500 characters."
    return StringField(f"Reason for changing “{rule.label}”", validators=[Optional(), Length(max=500, message=say)])


def _reasons(form: Any) -> str | None:
    """What was said about the rules that ask for a reason, for the log; a missing one is noted on the form."""
    said = []
    for rule in [rule for rule in rules.declared() if rule.name in form]:
        if not rules.wants_reason(rule, form[rule.name].data):
            continue
        text = (form[_why(rule)].data or "").strip()
        if len(text) < LEAST_REASON:
            form[_why(rule)].errors = [f"Say why “{rule.label}” is switched off. The reason goes into the access log."]
        said.append(text)
    return "; ".join(said) or None


def _asked(rule: Rule) -> bool:
    """Whether the form has the rule: a page from before the rule was there asks nothing about it, and it stays."""
    if request.method == "GET" or rule.name in request.form:
        return True
    return isinstance(rule.default, bool) and (rule.reason_for is None or _why(rule) in request.form)


def _shown(form: Any, status: int = 200) -> Response:
    shown = [rule for rule in rules.declared() if rule.name in form]
    groups = [(name, list(held)) for name, held in groupby(shown, lambda rule: rule.group)]
    return page("home/settings.html", status=status, form=form, groups=groups)


@bp.get("")
@allow(Permission.SETTINGS)
def settings() -> Response:
    """Every rule with what holds now."""
    return _shown(_form())


@bp.post("")
@allow(Permission.SETTINGS)
def keep() -> Response:
    """Keep what was decided, all of it or, where something cannot be used, nothing."""
    form = _form()
    if not form.validate_on_submit():
        return _shown(form, 422)
    reason = _reasons(form)
    if form.errors:
        return _shown(form, 422)
    wanted = {rule.name: form[rule.name].data for rule in rules.declared() if _asked(rule)}
    rules.hold()  # what is looser than today must not be so by what somebody tightens at this moment
    loosened = limits.loosened(wanted)
    changed = rules.change({name: value for name, value in wanted.items() if name not in loosened}, reason=reason)
    if loosened:
        book.keep_limits(loosened)  # raises `Held`: the answer is the page on which it waits
    flash("The settings are saved; the change is in the access log." if changed else "Nothing was changed.")
    return go(url_for("settings.settings"))
