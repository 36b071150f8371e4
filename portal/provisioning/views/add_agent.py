"""[Agent CRM] Add Agent to Existing Agent CRM Business Activity, on a Business, an agent or an agency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import Response, abort, flash, request, url_for

from portal.businesses import operations as businesses
from portal.businesses import queries as accounts
from portal.businesses.models import Business
from portal.core import scope
from portal.core.fragments import go, page
from portal.core.ids import parse_id
from portal.core.lookup import find_or_404
from portal.core.paging import read_query
from portal.core.permissions import Permission, allow
from portal.core.scope import Role
from portal.core.sent import passes_over, repeats
from portal.downline.models import Producer
from portal.downline.views.records import record_of
from portal.identity.models import User
from portal.provisioning import foresight, operations, queries
from portal.provisioning.forms.activities import AddAgentForm
from portal.provisioning.operations import ADD_AGENT, Done
from portal.provisioning.views import LABELS, bp
from portal.sync import operations as runs
from portal.sync.expected import Expected
from portal.sync.models import SyncRun


@dataclass(frozen=True, slots=True)
class Choice:
    """The record that the activity is logged on, and what is chosen so far of the other side."""

    kind: str
    record_id: UUID
    agent: Producer | None
    business: Business | None
    agents: Sequence[Producer]
    businesses: Sequence[Business]

    @property
    def here(self) -> str:
        return url_for("provisioning.add_agent", kind=self.kind, record_id=self.record_id)

    @property
    def record(self) -> Producer | Business:
        found = self.business if self.kind == "business" else self.agent
        assert found is not None
        return found

    @property
    def other(self) -> str:
        """The field that is still to be chosen."""
        return "agent" if self.kind == "business" else "business"

    @property
    def chosen(self) -> UUID | None:
        """What is chosen for it so far."""
        found = self.agent if self.kind == "business" else self.business
        return found.id if found else None

    @property
    def back(self) -> str:
        endpoint = "businesses.business" if self.kind == "business" else f"downline.{self.kind}"
        return url_for(endpoint, record_id=self.record_id)

    @property
    def about(self) -> str:
        return f"{self.business.id if self.business else ''} {self.agent.id if self.agent else ''}"

    def again(self) -> User | None:
        """Who brought the agent's NPN into the Business before it left."""
        if self.agent is None or self.business is None or accounts.open_npn(self.business.id, self.agent.npn):
            return None
        return accounts.brings(self.business.id, self.agent.npn)

    def used(self, again: User | None) -> str | None:
        """The address on the record, where a user has it already: a further NPN of a person is a further user."""
        email = queries.who_signs_in(self.agent).email if self.agent else None
        return email if email and queries.taken([email.lower()]) and not again else None

    @property
    def under_way(self) -> SyncRun | None:
        """The Business's open run: what it will leave nobody knows yet."""
        return runs.open_run(self.business.id) if self.business else None

    def alone(self) -> Expected | None:
        """While a run is under way: what the agent's NPN alone would bring."""
        shown = self.agent is not None and self.business is not None and self.business.sync_enabled and self.under_way
        return foresight.foresee([self.agent.npn]) if shown and self.agent else None

    def expected(self) -> Expected | None:
        """What a run of the account with the agent's NPN in it would do; None where none can be started now."""
        if self.agent is None or self.business is None or not self.business.sync_enabled:
            return None
        if self.under_way:
            return None
        there = {one.npn for one in accounts.npns_of(self.business.id)}
        return foresight.foresee(sorted(there | {self.agent.npn}), self.business.id)


def _choice(kind: str, record_id: UUID, chosen: str | None) -> Choice:
    """What can be chosen; a chosen id that is not the actor's own gives the logged 404 like any foreign record."""
    other = parse_id(chosen or "")
    if kind == "business":
        business = find_or_404(Business, record_id)
        agent = find_or_404(Producer, other) if other else None
        return Choice(kind, record_id, agent, business, _with(agent, queries.colleagues(business)), [business])
    agent = record_of(kind, record_id)
    account = find_or_404(Business, other) if other else None
    asked = read_query(request.path, request.args, filters=("q",), sorts=("name",), default="name")
    return Choice(kind, record_id, agent, account, [agent], _with(account, queries.accounts(asked, agent)))


def _with(chosen: Any, offered: Sequence[Any]) -> Sequence[Any]:
    return [*offered] if chosen is None or chosen in offered else [chosen, *offered]


def _form(choice: Choice, **given: Any) -> AddAgentForm:
    form = AddAgentForm(
        agents={"": "Choose an agent"} | {str(one.id): f"{one.name}, NPN {one.npn}" for one in choice.agents},
        businesses={"": "Choose a Business"} | {str(one.id): one.name for one in choice.businesses},
        **given,
    )
    both = choice.agent is not None and choice.business is not None
    agent, business = choice.agent, choice.business
    form.keep(
        outside=both and agent is not None and business is not None and queries.is_outside(business, agent),
        shared=both and agent is not None and business is not None
        and bool(accounts.other_businesses_with(agent.npn, than=business.id)),
        enabled=business is None or business.sync_enabled,
    )  # fmt: skip
    return form


def _prefilled(choice: Choice) -> dict[str, Any]:
    known: dict[str, Any] = {"role": Role.AGENT_LIMITED.value}
    user = choice.again()
    if choice.business is not None:
        known |= {"business": str(choice.business.id), "sync_now": not accounts.agreement(choice.business).blocked}
    if choice.agent is not None:
        person = queries.who_signs_in(choice.agent)
        known |= {"agent": str(choice.agent.id), "first_name": person.first_name, "last_name": person.last_name}
        known |= {"email": "" if choice.used(user) else person.email, "mobile": person.phone}
    if user is not None:
        known |= {"first_name": user.first_name, "last_name": user.last_name, "role": user.role.value}
        known |= {"email": user.email, "mobile": user.mobile}
    return known


def _page(choice: Choice, form: AddAgentForm, status: int = 200) -> Response:
    typed = request.args.get("q", "")
    expected, business, again = choice.expected(), choice.business, choice.again()
    return page(
        "provisioning/add_agent.html",
        block="found" if "q" in request.args else "chosen" if "show" in request.args else "content",
        status=status,
        form=form,
        choice=choice,
        label=LABELS[ADD_AGENT],
        typed=typed,
        found=queries.find_producers(typed) if choice.kind == "business" else choice.businesses,
        shared=accounts.other_businesses_with(choice.agent.npn, than=business.id if business else None)
        if choice.agent
        else [],
        agreement=accounts.agreement(business) if business else None,
        under_way=choice.under_way,
        alone=choice.alone(),
        then=request.values.getlist("then"),
        again=again,
        used=choice.used(again),
        fill_in=choice.kind != "business" and "show" in request.args,  # then the fields stand outside of what is sent
        foresight=foresight,
        expected=expected,
        sealed=foresight.seal(choice.about, expected) if expected else "",
    )


@bp.get("/add-agent/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
def add_agent(kind: str, record_id: UUID) -> Response:
    """The form; `q` finds a record of the downline, `chosen` is the one (on an agent: the Business) to fill in from.

    With `show` the choice is that of the form's own field, and htmx gets what hangs on it.
    """
    picked = "chosen" if "chosen" in request.args else "agent" if kind == "business" else "business"
    choice = _choice(kind, record_id, request.args.get(picked))
    return _page(choice, _form(choice, formdata=None, data=_prefilled(choice)))


@bp.post("/add-agent/<kind>/<uuid:record_id>")
@allow(Permission.PROVISION)
@repeats("then")
@passes_over("shown", "then")
def complete_add_agent(kind: str, record_id: UUID) -> Response:
    """Add the NPN and the user and go to the Business."""
    choice = _choice(kind, record_id, request.form.get("agent" if kind == "business" else "business"))
    form = _form(choice)
    if "show" in request.form:
        return _page(choice, form)
    if not form.validate_on_submit() or choice.agent is None or choice.business is None:
        return _page(choice, form, status=422)
    if form.agent.data != str(choice.agent.id) or form.business.data != str(choice.business.id):
        abort(400)  # the form names another record than its address
    sync_now = bool(form.sync_now and form.sync_now.data)
    expected = choice.expected() if sync_now else None
    sealed = request.form.get("shown")
    if changed := foresight.drift(sealed, choice.about, expected):
        form.form_errors.append(changed)
        return _page(choice, form, status=422)
    try:
        done = operations.add_agent(
            business=choice.business,
            producer=choice.agent,
            person=form.person(),
            sync_now=sync_now,
            foreseen=form.foreseen(foresight.kept(sealed, choice.about, expected)),
            by=scope.current(),
        )
    except (businesses.Refused, runs.Blocked) as refusal:
        form.refuse(refusal)
        return _page(choice, form, status=422)
    flash(_told(done, choice.agent))
    return go(follow(done.business.id))


def follow(business_id: UUID) -> str:
    """The address after an activity: Add Agent for the first of those who were chosen to follow, else the Business."""
    chosen = [one for one in map(parse_id, request.form.getlist("then")) if one is not None]
    if not chosen:
        return url_for("businesses.business", record_id=business_id)
    then = chosen[1:]
    return url_for("provisioning.add_agent", kind="business", record_id=business_id, chosen=chosen[0], then=then)


def _told(done: Done, agent: Producer) -> str:
    invited = done.user is not None and done.user.state == "invited"
    parts = [f"{agent.name} is added to {done.business.name}."]
    if done.started:
        parts.append("The policies are being copied.")
    elif done.run is not None:
        parts.append("A run is under way; another one follows it by itself for the new NPN.")
    else:
        parts.append("Their policies come with the next re-sync.")
    if invited:
        parts.append("The invitation goes out when that is done." if done.run else "The invitation is on its way.")
    else:
        parts.append("They sign in as before.")
    return " ".join(parts)
