"""The pages of held changes, as a browser asks for them."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient, FlaskCliRunner
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from portal.book import operations
from portal.book.models import HeldChange, Policy
from portal.downline.models import CarrierIdentifier, Producer
from portal.identity.models import Fmo, User
from tests.portal.book.conftest import Load
from tests.portal.book.held_files import AMY, NORA, SWAPPED, first_file, swap
from tests.portal.book.rows import mutual
from tests.portal.sync.runs import rows
from tests.support import builders

Client = Callable[[User], FlaskClient]


@pytest.fixture
def amy(store: Session, fmo: Fmo) -> Producer:
    """An agent with an account."""
    found = builders.agent(store, fmo, AMY, first_name="Amy", last_name="Stone")
    builders.business(store, found, "Stone Insurance")
    builders.identifier(store, found, "0118BK05", carrier="mutual_of_omaha", kind="writing_number")
    return found


@pytest.fixture
def asker(client_for: Client, store: Session, fmo: Fmo) -> FlaskClient:
    """The browser of the admin who asks."""
    return client_for(builders.user(store, fmo))


@pytest.fixture
def nora(store: Session, fmo: Fmo) -> Producer:
    """An agent without an account."""
    return builders.agent(store, fmo, NORA, first_name="Nora", last_name="Field")


@pytest.fixture
def asked(load: Load, store: Session, amy: Producer, nora: Producer, asker: FlaskClient) -> HeldChange:
    """The asker gives Amy's writing number to Nora too, by the form: twenty policies would be nobody's."""
    load(mutual(*({"Policy Number": f"56{n:04}-40M"} for n in range(20))))
    form = {"carrier": "mutual_of_omaha", "kind": "writing_number", "value": "0118bk05"}
    answer = asker.post(f"/fmo/identifiers/{nora.id}/new", data=form)
    store.rollback()
    held = store.scalars(select(HeldChange)).one()
    assert answer.status_code == 303 and answer.location.endswith(f"/fmo/held/{held.id}")
    return held


def test_the_asker_is_told_and_cannot_decide(
    asked: HeldChange, asker: FlaskClient, store: Session, amy: Producer, fmo: Fmo
) -> None:
    """What was held, that nothing was changed, who gains and who loses; no button; how to get a second admin."""
    shown = asker.get(f"/fmo/held/{asked.id}").text
    assert "Nothing was changed. It waits under Held changes" in shown
    assert "Another administrator must decide" in shown and "Approve" not in shown
    assert "20 policies (100 % of 20): 20 from an agent to nobody." in shown
    assert f"/fmo/agents/{amy.id}" in shown and "Stone Insurance" in shown
    assert f"flask user add EMAIL --fmo {fmo.slug} --role fmo_admin" in shown
    assert len(store.scalars(select(CarrierIdentifier)).all()) == 1
    refused = asker.post(f"/fmo/held/{asked.id}/approve", data={"shown": asked.digest}, follow_redirects=True)
    assert "Another administrator must decide: you asked for this change" in refused.text


def test_the_second_admin_finds_it_and_approves(
    asked: HeldChange, client_for: Client, store: Session, fmo: Fmo
) -> None:
    second = client_for(builders.user(store, fmo))
    home = second.get("/fmo/").text
    assert "A change of the crosswalk would move 20 policies between agents; a second administrator must decide" in home
    listed = second.get("/fmo/held?state=waiting").text
    assert asked.title in listed and "Add the Writing number 0118BK05 of Mutual of Omaha" in listed
    shown = second.get(f"/fmo/held/{asked.id}").text
    assert "Approve" in shown and "flask user add" not in shown
    done = second.post(f"/fmo/held/{asked.id}/approve", data={"shown": asked.digest}, follow_redirects=True)
    assert "Approved, and done." in done.text and "Decision" in done.text
    store.rollback()
    assert set(store.scalars(select(Policy.writing_npn))) == {None}
    assert "Nothing matches" in second.get("/fmo/held?state=waiting").text
    assert "must decide" not in second.get("/fmo/").text


def test_rejecting_needs_a_reason(asked: HeldChange, client_for: Client, store: Session, fmo: Fmo) -> None:
    second = client_for(builders.user(store, fmo))
    refused = second.post(f"/fmo/held/{asked.id}/reject", data={"reason": ""})
    assert refused.status_code == 422 and "Say why" in refused.text
    done = second.post(f"/fmo/held/{asked.id}/reject", data={"reason": "Wrong number."}, follow_redirects=True)
    assert "Rejected. Nothing was changed." in done.text and "Wrong number." in done.text
    again = second.post(f"/fmo/held/{asked.id}/approve", data={"shown": asked.digest}, follow_redirects=True)
    assert "This was decided already" in again.text


def test_an_import_waits_as_one(load: Load, store: Session, amy: Producer, nora: Producer, asker: FlaskClient) -> None:
    """Its lines are shown to whoever decides."""
    load(mutual(*({"Policy Number": f"56{n:04}-40M"} for n in range(20))))
    file = f"carrier,kind,value,npn\nMutual of Omaha,writing_number,0118BK05,{NORA}\n".encode()
    preview = asker.post("/fmo/agents/import/identifiers", data={"file": (io.BytesIO(file), "x.csv")})
    packed = preview.text.split('name="packed" value="')[1].split('"')[0]
    answer = asker.post("/fmo/agents/import/identifiers/apply", data={"packed": packed}, follow_redirects=True)
    assert "Import 1 carrier identifier" in answer.text and "0118BK05" in answer.text
    assert "Nothing was changed" in answer.text
    assert len(store.scalars(select(CarrierIdentifier)).all()) == 1


def test_a_held_file_says_so_everywhere(
    load: Load, store: Session, fmo: Fmo, amy: Producer, client_for: Client
) -> None:
    """Its run, the list of runs, the start page; after a no the run has failed and nobody is asked to repair it."""
    second = client_for(builders.user(store, fmo))
    load(first_file())
    run = load(swap(), day="20261201")
    shown = second.get(f"/fmo/feeds/{run.id}").text
    held = store.scalars(select(HeldChange)).one()
    assert "Held" in shown and f"/fmo/held/{held.id}" in shown
    assert run.file_name.replace("_", "_<wbr>") in second.get("/fmo/feeds?state=held").text
    assert f"A file would move {SWAPPED} policies between agents" in second.get("/fmo/").text
    second.post(f"/fmo/held/{held.id}/reject", data={"reason": "Wrong column."})
    assert "could not be loaded" not in second.get("/fmo/").text
    assert "Wrong column." in second.get(f"/fmo/feeds/{run.id}").text


def test_the_command_ends_with_1_and_says_what_is_held(
    shell: FlaskCliRunner, load: Load, fmo: Fmo, tmp_path: Path
) -> None:
    load(first_file())
    file = tmp_path / "book_20261201.csv"
    file.write_bytes(swap())
    done = shell.invoke(args=["feed", "load", str(file), "--fmo", fmo.slug, "--json"])
    assert done.exit_code == 1, done.output
    said = json.loads(done.stdout)
    assert (said["changed"], said["held"]["policies"], said["held"]["between"]) == (SWAPPED, SWAPPED, SWAPPED)
    assert "more than one administrator may move alone" in said["error"]


def test_the_limits_are_the_fmos_own(asker: FlaskClient) -> None:
    shown = asker.get("/fmo/settings").text
    assert "Changes that a second administrator must approve" in shown and 'name="held_number"' in shown


def test_looser_limits_wait_for_a_second_admin(client_for: Client, store: Session, fmo: Fmo) -> None:
    fmo = store.merge(fmo)
    fmo.rules = {"held_number": 50, "held_share": 5, "held_share_from": 10}
    store.commit()
    one, two = (client_for(builders.user(store, fmo)) for _ in range(2))
    form = {"agreements": "block", "tell_left": "y", "held_number": "0", "held_share": "4", "held_share_from": "10"}
    answer = one.post("/fmo/settings", data=form)
    held = store.scalars(select(HeldChange)).one()
    assert answer.location == f"/fmo/held/{held.id}" and held.arguments == {"held_number": 0}
    assert _rules(store, fmo) == {"held_number": 50, "held_share": 4, "held_share_from": 10, "agreements": "block"}
    page = one.get(answer.location).text
    assert "No policy moves by this" in page and "Withdraw" in page and "Approve" not in page
    assert one.post(f"{answer.location}/approve", data={"shown": held.digest}).status_code == 303
    assert _rules(store, fmo)["held_number"] == 50
    assert "Looser limits would let one administrator move more alone" in two.get("/fmo/").text
    two.post(f"{answer.location}/approve", data={"shown": held.digest})
    assert _rules(store, fmo)["held_number"] == 0
    one.post("/fmo/settings", data={**form, "held_number": "20"})
    assert _rules(store, fmo)["held_number"] == 20, "what is tighter needs nobody else"


def test_limits_that_are_tightened_at_the_same_moment_are_not_loosened_alone(
    client_for: Client, store: Session, fmo: Fmo, setup_engine: Engine
) -> None:
    """The form of the second admin still has the number that held when it was sent."""
    fmo = store.merge(fmo)
    fmo.rules = {"held_number": 50, "held_share": 5, "held_share_from": 10}
    store.commit()
    admin = client_for(builders.user(store, fmo))
    form = {"agreements": "block", "tell_left": "y", "held_number": "50", "held_share": "5", "held_share_from": "10"}
    tighter = text("UPDATE fmo SET rules = rules || '{\"held_number\": 10}' WHERE id = :fmo")
    with ThreadPoolExecutor(1) as pool, setup_engine.begin() as connection:
        connection.execute(tighter, {"fmo": fmo.id})
        answer = pool.submit(lambda: admin.post("/fmo/settings", data=form))
        _await_a_waiting_statement(setup_engine)
        connection.commit()
        assert "/fmo/held/" in (answer.result(timeout=20).location or "")
    assert _rules(store, fmo)["held_number"] == 10


def test_who_asks_for_and_who_approves_the_same_limits_wait_for_each_other(
    client_for: Client, store: Session, fmo: Fmo, monkeypatch: pytest.MonkeyPatch
) -> None:
    fmo = store.merge(fmo)
    fmo.rules = {"held_number": 50, "held_share": 5, "held_share_from": 10}
    store.commit()
    one, two = (client_for(builders.user(store, fmo)) for _ in range(2))
    form = {"agreements": "block", "tell_left": "y", "held_number": "60", "held_share": "5", "held_share_from": "10"}
    waits = one.post("/fmo/settings", data=form).location
    held = store.scalars(select(HeldChange)).one()
    keep, asking = operations.keep_limits, threading.Event()

    def slowly(loosened: Any) -> None:
        asking.set()
        approval.join(1)
        keep(loosened)

    answers: list[Any] = []
    monkeypatch.setattr(operations, "keep_limits", slowly)
    approval = threading.Thread(
        target=lambda: answers.append(asking.wait(10) and two.post(f"{waits}/approve", data={"shown": held.digest}))
    )
    approval.start()
    assert one.post("/fmo/settings", data=form).location == waits
    approval.join(30)
    assert [answer.status_code for answer in answers if answer] == [303]
    assert _rules(store, fmo)["held_number"] == 60


def _await_a_waiting_statement(engine: Engine) -> None:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    deadline = time.monotonic() + 20
    while not rows(engine, waiting):
        assert time.monotonic() < deadline, "nobody waits"
        time.sleep(0.05)


def _rules(store: Session, fmo: Fmo) -> dict[str, object]:
    store.rollback()
    return dict(store.get_one(Fmo, fmo.id, populate_existing=True).rules)


def test_what_its_asker_takes_back_was_withdrawn(asked: HeldChange, asker: FlaskClient, load: Load) -> None:
    """Everywhere: on its page, in the list, and as a state to look for; nobody has rejected it."""
    asker.post(f"/fmo/held/{asked.id}/reject", data={"reason": "Not yet."})
    assert "Withdrawn" in asker.get(f"/fmo/held/{asked.id}").text.split("page-facts")[1].split("</p>")[0]
    assert asked.title in asker.get("/fmo/held?state=withdrawn").text
    assert "Nothing matches" in asker.get("/fmo/held?state=rejected").text


def test_before_the_click_it_says_that_a_group_waits(load: Load, amy: Producer, asker: FlaskClient) -> None:
    """And why, with the numbers; of few policies that they move at once."""
    group = "/fmo/unattributed/group?carrier=mutual_of_omaha&kind=writing_number"
    rows = ({"Policy Number": f"56{n:04}-40M", "Writing Agent Number": "0555"} for n in range(20))
    load(mutual(*rows, {"Policy Number": "570001-40M", "Writing Agent Number": "0777"}))
    many = asker.get(f"{group}&value=0555&agent={amy.id}").text
    assert "This waits for a second administrator: 20 policies, 95.2 % of the 21 of this carrier" in many
    assert "There is no second administrator yet" in many
    few = asker.get(f"{group}&value=0777&agent={amy.id}").text
    assert "This takes effect at once." in few and "This waits for" not in few
