"""Only a server that proves to hold the confirmed key is told anything, and only one that stands outside."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from portal.book.arrival import signing_in
from portal.book.arrival.operations import trust
from portal.book.arrival.places import LookFailed
from portal.book.models import Connector
from portal.core.network import is_public
from portal.core.scope import Role
from portal.identity.models import Fmo
from tests.portal.book.arrival.conftest import (
    PUBLIC,
    Look,
    again,
    let_settle,
    outcomes,
    own,
    runs,
    sftp_source,
    write,
)  # fmt: skip
from tests.support import arrival_builders as arrivals
from tests.support import sftp as peers
from tests.support.people import acting

pytestmark = [pytest.mark.sftp, pytest.mark.usefixtures("openssh")]


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa"])
def test_a_changed_key_stops_everything_until_somebody_confirms_it(
    app: Flask, store: Session, connector: Connector, fmo: Fmo, tmp_path: Path, inbox: Path, carry_out: Look, kind: str
) -> None:
    (tmp_path / "remote").mkdir()
    write(tmp_path / "remote" / "a.csv", b"x", age=60)
    port = peers.free_port()
    with peers.sshd(tmp_path / "remote", tmp_path / "one", PUBLIC, port=port) as peer:
        source = sftp_source(store, connector, port, peer, every_minutes=60)
        assert carry_out(source).status == "done"
    let_settle(store)
    with peers.sshd(tmp_path / "remote", tmp_path / "two", PUBLIC, port=port, kind=kind):
        found = carry_out(source)
        assert found.status == "failed" and found.error == signing_in.CHANGED
        held = again(store, source)
        assert held.stopped and held.next_at is None and held.host_key == source.host_key
        assert carry_out(source).status == "failed", "it is never accepted by itself"
        carry_out(source, "key")
        offered = again(store, source).offered_key
        assert offered and offered != source.host_key and again(store, source).stopped
        with acting(app, Role.FMO_ADMIN, fmo):
            with pytest.raises(Exception, match="another key"):
                trust(own(source), "SHA256:something")
            trust(own(source), signing_in.fingerprint(offered))
        assert outcomes(carry_out(source)) == {"a.csv": "taken"}
        assert not again(store, source).stopped
    assert runs(store) == 1


def test_nothing_is_sent_before_the_key_is_confirmed(
    app: Flask, store: Session, connector: Connector, fmo: Fmo, tmp_path: Path, inbox: Path, carry_out: Look
) -> None:
    with peers.door(tmp_path) as peer:
        secret = json.dumps({"password": peers.PASSWORD})
        given = {"host": "127.0.0.1", "port": peer.port, "username": "reader", "folder": str(tmp_path)}
        source = arrivals.sftp_source(store, connector, secret, **given, host_key=None)
        with pytest.raises(Exception, match="Confirm the server"):
            carry_out(source)
        other = arrivals.sftp_source(store, connector, secret, **given, pattern="*.csv")  # with somebody else's key
        assert carry_out(other).error == signing_in.CHANGED
        assert peer.tried == []
        carry_out(source, "key")
        offered = again(store, source).offered_key
        assert offered and peer.tried == []
        with acting(app, Role.FMO_ADMIN, fmo):
            trust(own(source), signing_in.fingerprint(offered))
        write(tmp_path / "a.csv", b"x", age=60)
        first = carry_out(source)
        assert (first.status, first.error) == ("done", None) and peer.tried == [peers.PASSWORD]
        let_settle(store)
        assert outcomes(carry_out(source)) == {"a.csv": "taken"}


def test_a_wrong_password_is_said_and_three_stop_it(
    store: Session, connector: Connector, tmp_path: Path, inbox: Path, carry_out: Look, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = "Wrong-word-of-tests-4"
    with peers.door(tmp_path) as peer:
        given = {"host": "127.0.0.1", "port": peer.port, "username": "reader", "folder": str(tmp_path)}
        held = signing_in.shown_key("127.0.0.1", peer.port, private=True)
        source = arrivals.sftp_source(store, connector, json.dumps({"password": wrong}), **given, host_key=held)
        for number in (1, 2, 3):
            found = carry_out(source)
            assert found.status == "failed" and found.error and "refuses the login" in found.error
            assert again(store, source).stopped == (number == 3)
        assert found.error and "locked" in found.error
        assert wrong not in str(found.lines) + found.error + caplog.text


def test_addresses_inside_a_network_are_refused() -> None:
    inside = (
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "::", "ff02::1",
    )  # fmt: skip
    assert [one for one in inside if is_public(ipaddress.ip_address(one))] == []
    outside = ("8.8.8.8", "2606:4700::1111", "64:ff9b::808:808")
    assert all(is_public(ipaddress.ip_address(one)) for one in outside)
    with pytest.raises(LookFailed, match="private network"):
        signing_in.shown_key("localhost", 22, private=False)
