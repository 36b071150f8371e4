"""Under which name and address passkeys are made and asked for: the configured one, never what a request claims."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from flask import current_app

_PORTS = {"http": 80, "https": 443}
NEEDS_A_NAME = (
    "Passkeys belong to a name, and this portal is reached by a number. Whoever runs it can set PORTAL_URL to an"
    " address with a name."
)
NEEDS_TLS = (
    "Browsers offer passkeys over encrypted connections only. Whoever runs this portal can put it behind https and set"
    " PORTAL_URL to that address."
)


@dataclass(frozen=True, slots=True)
class Party:
    """Who asks for a passkey, in the words of the standard the relying party."""

    id: str  # the host's name; the device keeps a passkey under it
    origin: str  # where a page must stand for its answer to count


class NoParty(Exception):
    """This portal's address cannot have passkeys; the text says why, for people."""


def party() -> Party:
    """The party of this installation; raises `NoParty`."""
    return party_at(current_app.config["PORTAL"].public_url)


def party_at(public_url: str) -> Party:
    """The party of a portal at `public_url`.

    The machine's own number becomes its name `localhost`: that is the one host that browsers trust without encryption,
    and the demo's address can be opened under both. Any other number raises `NoParty`, as does a name without https.
    """
    parts = urlsplit(public_url)
    host, scheme = parts.hostname or "", parts.scheme
    number = _number(host)
    if number is not None and not number.is_loopback:
        raise NoParty(NEEDS_A_NAME)
    name = "localhost" if number is not None else host.encode("idna").decode()
    if scheme != "https" and not (name == "localhost" or name.endswith(".localhost")):
        raise NoParty(NEEDS_TLS)
    port = f":{parts.port}" if parts.port and parts.port != _PORTS.get(scheme) else ""
    return Party(name, f"{scheme}://{name}{port}")


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
