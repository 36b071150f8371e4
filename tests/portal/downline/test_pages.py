"""The pages of the downline."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.core.ids import new_id
from portal.downline.models import CarrierIdentifier, Producer
from portal.identity.models import User
from tests.support import builders as make
from tests.support.world import World

ClientFor = Callable[[User | None], FlaskClient]


def _names(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', page)


@pytest.fixture
def client(world: World, client_for: ClientFor) -> FlaskClient:
    """The admin of Summit."""
    return client_for(world.summit.admin)


@pytest.mark.parametrize(
    "typed", ["qagentamy", "Amy", "amy qagent", "Qagentamy, Amy", "1001001", "0001001001", "10010"]
)
def test_an_agent_is_found_by_name_and_npn(client: FlaskClient, typed: str) -> None:
    page = client.get("/fmo/agents", query_string={"q": typed}).text
    assert _names(page) == ["Amy Qagentamy"]
    assert "Remove " in page  # the chip


def test_a_list_shows_only_its_own_fmo_and_kind(client: FlaskClient) -> None:
    page = client.get("/fmo/agents").text
    assert _names(page) == ["Amy Qagentamy", "Lee Qagentlee", "Nora Qagentnora", "Pat Qagentpat", "Olga Qoutsidesummit"]
    assert "Qagentlou" not in page
    assert _names(client.get("/fmo/agencies").text) == ["Qagencyharbor Insurance"]


def test_filters_sort_and_pages_stand_in_the_address(client: FlaskClient, world: World, store: Session) -> None:
    for number in range(30):
        make.agent(store, world.summit.fmo, last_name=f"Zz{number:02}", state="TX", active=number != 3)
    page = client.get("/fmo/agents?state=TX&sort=-name&size=25").text
    assert _names(page)[:2] == ["Ann Zz29", "Ann Zz28"]
    assert _names(client.get("/fmo/agents?state=TX&sort=-name&size=25&page=2").text)[-1] == "Ann Zz00"
    assert _names(client.get("/fmo/agents?active=no").text) == ["Ann Zz03"]
    harbor = client.get(f"/fmo/agents?agency={world.agency.id}").text
    assert _names(harbor) == ["Lee Qagentlee", "Pat Qagentpat"]
    assert "Pat Qagentpat" not in client.get("/fmo/agents?agency=none&size=100").text
    assert "Nothing matches these filters" in client.get("/fmo/agents?agency=nonsense").text
    assert client.get("/fmo/agents?sort=evil&page=x&size=9999").status_code == 200


def test_a_fragment_is_the_results_alone(client: FlaskClient) -> None:
    answer = client.get("/fmo/agents", headers={"HX-Request": "true"})
    assert "Amy Qagentamy" in answer.text and "<html" not in answer.text


def test_records_show_facts_members_and_timeline(client: FlaskClient, world: World) -> None:
    page = client.get(f"/fmo/agents/{world.pat.producer.id}").text
    for word in ("2001001", "Qagencyharbor Insurance", "Principal", "Log Activity"):
        assert word in page
    page = client.get(f"/fmo/agencies/{world.agency.id}").text
    assert _names(page) == ["Pat Qagentpat", "Lee Qagentlee"]


def test_a_neighbours_record_is_the_same_404_everywhere(client: FlaskClient, world: World) -> None:
    line = world.lakeside.identifier
    foreign, missing = world.lou.people[0].producer.id, new_id()
    for address in (
        "/fmo/agents/{0}",
        "/fmo/agencies/{0}",
        "/fmo/agents/{0}/edit",
        "/fmo/identifiers/{0}/new",
        f"/fmo/identifiers/{{0}}/{line.id}",
        f"/fmo/identifiers/{world.pat.producer.id}/{{0}}/end",
    ):
        theirs, none = client.get(address.format(foreign)), client.get(address.format(missing))
        assert (theirs.status_code, none.status_code) == (404, 404), address
    assert client.get(f"/fmo/identifiers/{line.producer_id}/{line.id}").status_code == 404
    assert client.get(f"/fmo/agencies/{world.pat.producer.id}").status_code == 404


def test_an_agent_is_added_and_changed(client: FlaskClient, world: World, store: Session) -> None:
    data = {"npn": "00812", "first_name": "Dana", "last_name": "O'Brien", "state": "Ohio", "active": "y",
            "phone": "(614) 555-0142", "email": "Dana@agency.example", "agency_id": str(world.agency.id)}  # fmt: skip
    answer = client.post("/fmo/agents/new", data=data)
    assert answer.status_code == 303
    added = store.scalars(select(Producer).where(Producer.npn == "812")).one()
    assert (added.name_key, added.state, added.phone) == ("obriendana", "OH", "+16145550142")
    edit = client.get(f"/fmo/agents/{added.id}/edit").text
    assert f'<option selected value="{world.agency.id}">' in edit
    answer = client.post(f"/fmo/agents/{added.id}/edit", data={**data, "agency_id": "", "active": ""})
    assert answer.status_code == 303
    store.expire_all()
    assert (added.agency_id, added.active) == (None, False)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"npn": "12345678901"}, "An NPN has 1 to 10 digits"),
        ({"npn": "1001001"}, "Amy Qagentamy has the NPN 1001001 already"),
        ({"last_name": ""}, "Enter the last name."),
        ({"email": "nonsense"}, "Enter an address like"),
        ({"is_principal": "y"}, "Choose the agency first."),
    ],
)
def test_a_refused_form_keeps_what_was_typed(client: FlaskClient, change: dict[str, str], says: str) -> None:
    data = {"npn": "812", "first_name": "Typed", "last_name": "Name", "agency_id": "", "active": "y", **change}
    answer = client.post("/fmo/agents/new", data=data)
    assert answer.status_code == 422
    page = unescape(answer.text)
    assert says in page and 'value="Typed"' in page and "There is a problem" in page


def test_an_npn_in_use_by_an_account_is_not_changed(client: FlaskClient, world: World) -> None:
    amy = world.amy.people[0].producer
    data = {"npn": "4444", "first_name": "Amy", "last_name": "Q", "agency_id": "", "active": "y"}
    answer = client.post(f"/fmo/agents/{amy.id}/edit", data=data)
    assert answer.status_code == 422
    assert "in use by the Agent CRM Business Qbusinessamy" in answer.text


def test_a_file_is_looked_at_then_imported(client: FlaskClient, store: Session, world: World) -> None:
    text = "kind,npn,first_name,last_name,email\nagent,900,New,Person,\nagent,,No,Number,\n"
    sent = {"file": (io.BytesIO(text.encode()), "agents.csv")}
    preview = client.post("/fmo/agents/import/records", data=sent, content_type="multipart/form-data").text
    assert "Import 1 row" in preview and "The npn must be 1 to 10 digits." in preview
    assert not store.scalars(select(Producer).where(Producer.npn == "900")).all()
    packed = re.search(r'name="packed" value="([^"]+)"', preview)
    assert packed
    done = client.post("/fmo/agents/import/records/apply", data={"packed": unescape(packed[1])}).text
    assert "The import is done" in done
    store.expire_all()
    assert store.scalars(select(Producer).where(Producer.npn == "900")).one().fmo_id == world.summit.fmo.id
    refused = client.post("/fmo/agents/import/records/refused", data={"packed": unescape(packed[1])})
    assert refused.text.splitlines()[1] == "3,,No Number,The npn must be 1 to 10 digits."
    assert "attachment" in refused.headers["Content-Disposition"]


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", b"%PDF-1.4"])
def test_a_wrong_file_says_what_to_do(client: FlaskClient, data: bytes) -> None:
    sent = {"file": (io.BytesIO(data), "x.csv")}
    answer = client.post("/fmo/agents/import/identifiers", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 422
    assert "Nothing was saved." in answer.text


def test_an_identifier_is_added_and_its_tin_never_shown(client: FlaskClient, world: World, store: Session) -> None:
    agent = world.pat.producer
    data = {"carrier": "aetna", "kind": "tin", "value": "96-0000137", "valid_from": "", "valid_to": ""}
    answer = client.post(f"/fmo/identifiers/{agent.id}/new", data=data)
    page = client.get(answer.location).text
    assert "ends in 0137" in page and "960000137" not in page
    line = store.scalars(select(CarrierIdentifier).where(CarrierIdentifier.kind == "tin")).one()
    address = f"/fmo/identifiers/{agent.id}/{line.id}"
    assert "0137" in client.get(address).text and line.value not in client.get(address).text
    assert client.post(f"{address}/end", data={"last_day": "2026-01-31"}).status_code == 303
    store.expire_all()
    assert line.valid_to is not None and line.valid_to.isoformat() == "2026-01-31"


def test_a_contradicting_identifier_is_saved_and_said(client: FlaskClient, world: World, store: Session) -> None:
    make.identifier(store, world.nora.people[0].producer, "SHARED", carrier="humana")
    data = {"carrier": "humana", "kind": "san", "value": "shared", "valid_from": "", "valid_to": ""}
    answer = client.post(f"/fmo/identifiers/{world.pat.producer.id}/new", data=data)
    page = client.get(answer.location).text
    assert "also belongs to NPN 1003003" in page and "stay unattributed" in page
