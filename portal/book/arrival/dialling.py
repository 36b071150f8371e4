"""Reaching a server by its name: it is looked up once, judged, and exactly what was judged is connected to.

An administrator types the name, and the portal stands inside somebody's network: addresses that are not on the public
internet are refused unless the operator allows them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

from portal.book.arrival.places import LookFailed
from portal.core.network import Address, is_public

PATIENCE = 15.0  # seconds, for the look-up and for the connection


async def dial(host: str, port: int, *, private: bool) -> socket.socket:
    """A connected socket; raises `LookFailed`. `private`: addresses inside a network are allowed too."""
    addresses = await _looked_up(host, port)
    if not private and not all(is_public(one) for one in addresses):
        raise LookFailed(
            f"{host} is an address inside a private network, which this portal does not connect to. Whoever runs the"
            " portal can allow it."
        )
    error: OSError | None = None
    for address in addresses[:4]:
        try:
            return await _connected(address, port)
        except OSError as failed:  # TimeoutError is one
            error = failed
    if isinstance(error, ConnectionRefusedError):
        raise LookFailed(f"{host} does not accept connections at port {port}.") from error
    raise LookFailed(f"{host} did not answer at port {port} within {PATIENCE:.0f} seconds.") from error


async def _looked_up(host: str, port: int) -> list[Address]:
    try:
        asked = asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found = await asyncio.wait_for(asked, PATIENCE)
    except (OSError, UnicodeError) as error:
        raise LookFailed(f"The name {host} was not found. Check how it is spelled.") from error
    addresses = [ipaddress.ip_address(str(one[4][0]).partition("%")[0]) for one in found]
    if not addresses:
        raise LookFailed(f"The name {host} was not found. Check how it is spelled.")
    return list(dict.fromkeys(addresses))


async def _connected(address: Address, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
    made.setblocking(False)
    try:
        reached = asyncio.get_running_loop().sock_connect(made, (str(address), port))
        await asyncio.wait_for(reached, PATIENCE)
    except BaseException:
        made.close()
        raise
    return made
