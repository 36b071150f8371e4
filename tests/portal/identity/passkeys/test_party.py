"""Whose passkeys these are follows from the configured address alone."""

from __future__ import annotations

import pytest

from portal.identity.passkeys.party import NEEDS_A_NAME, NEEDS_TLS, NoParty, Party, party_at


@pytest.mark.parametrize(
    ("address", "host", "origin"),
    [
        ("https://portal.summit.example", "portal.summit.example", "https://portal.summit.example"),
        ("https://portal.summit.example:443", "portal.summit.example", "https://portal.summit.example"),
        ("https://Portal.Summit.example:8443/", "portal.summit.example", "https://portal.summit.example:8443"),
        ("https://bücher.example", "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_host_and_origin(address: str, host: str, origin: str) -> None:
    assert party_at(address) == Party(host, origin)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("https://192.0.2.10", NEEDS_A_NAME),
        ("http://10.0.0.7:8000", NEEDS_A_NAME),
        ("https://[2001:db8::1]", NEEDS_A_NAME),
        ("http://portal.summit.example", NEEDS_TLS),
        ("http://localhost.summit.example", NEEDS_TLS),
    ],
)
def test_addresses_that_cannot_have_passkeys(address: str, why: str) -> None:
    with pytest.raises(NoParty, match=why[:20]):
        party_at(address)
