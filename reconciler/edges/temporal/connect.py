"""Connects to Temporal: over TLS wherever it is not on this machine.

Nothing of a connection is in what a client writes: the name that it gives itself, which Temporal
keeps with everything, is its task and a word of chance (TM-2). A key travels beside each request,
over that very connection, and is kept by nobody (TM-15).
"""

from __future__ import annotations

import asyncio
import ipaddress
from contextlib import suppress
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError, TLSConfig

from reconciler.edges.secrets import SECRETS
from reconciler.edges.temporal.limits import KEY_READ_EVERY_S, TEMPORAL_ANSWERS_S_MAX
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import InvalidInput, Problem, Unavailable


async def connected(place: TemporalPlace, name: str) -> Client:
    """Raises InvalidInput for what is no address, and Unavailable if it is not there, or where a
    key should be and is none."""
    host, _, port = place.address.rpartition(":")
    if not host or not port.isdigit():
        raise InvalidInput(_no_address())
    api_key = _key_now(place)
    try:
        return await Client.connect(
            place.address,
            namespace=place.namespace,
            identity=name,
            api_key=api_key,
            tls=_tls(place),
            connect_timeout=timedelta(seconds=TEMPORAL_ANSWERS_S_MAX),
        )
    except (RuntimeError, RPCError, ValueError):  # what it says may name the address
        raise Unavailable(not_there()) from None


async def renewed(
    client: Client, place: TemporalPlace, *, every_s: float = KEY_READ_EVERY_S
) -> None:
    """Until it is cancelled: a key lasts for hours, a worker for months. While there is no other
    one, the last is gone on with."""
    while True:
        await asyncio.sleep(every_s)
        with suppress(Unavailable):
            key = _key_now(place)
            if key != client.api_key:
                client.api_key = key


def _key_now(place: TemporalPlace) -> str | None:
    if place.api_key is None:
        return None
    key = place.api_key()
    SECRETS.renew(key, of="Temporal")
    return key


def not_there() -> Problem:
    return Problem(
        code="temporal-unreachable",
        message="Temporal could not be reached, or does not know the namespace",
        recovery="see that the address, the namespace, and the certificates or the API key are"
        " right, and that the server runs; rollouts that it keeps go on when it is back, and"
        " `reconciler status --region` in each region says what its own ledger knows",
    )


def _tls(place: TemporalPlace) -> TLSConfig | bool:
    if place.ca or place.certificate:
        return TLSConfig(
            server_root_ca_cert=place.ca,
            client_cert=place.certificate,
            client_private_key=place.key,
        )
    return not _is_this_machine(place.address)


def _is_this_machine(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _no_address() -> Problem:
    return Problem(
        code="temporal-address",
        message="the address of Temporal is not HOST:PORT",
        recovery="give --temporal or RECONCILER_TEMPORAL such as temporal.example:7233",
    )
