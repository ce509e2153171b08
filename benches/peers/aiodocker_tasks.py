"""aiodocker, on one event loop; tasks take the place of threads. It has no export of a container."""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections.abc import Awaitable, Callable

import aiodocker

from peer import PINGS_OF_A_THREAD, SOCKET, TALKER, TLS, UPLOAD, WORKER, Timed, certificate, serve

LOOP = asyncio.new_event_loop()


def in_loop(work: Callable[[str], Awaitable[object]]) -> Timed:
    """Times every single call, within the loop."""

    async def run(count: int, argument: str) -> list[float]:
        seconds = []
        for _ in range(count):
            began = time.perf_counter()
            await work(argument)
            seconds.append(time.perf_counter() - began)
        return seconds

    return lambda count, argument: LOOP.run_until_complete(run(count, argument))


@functools.cache
def unix() -> aiodocker.Docker:
    return aiodocker.Docker(url=f"unix://{SOCKET}", api_version="v1.41")


@functools.cache
def tls() -> aiodocker.Docker:
    context = ssl.create_default_context(cafile=certificate("ca.pem"))
    context.load_cert_chain(certificate("cert.pem"), certificate("key.pem"))
    return aiodocker.Docker(url=f"https://{TLS}", ssl_context=context, api_version="v1.41")


async def ping(docker: aiodocker.Docker) -> None:
    # It has no call of its own for this one.
    async with docker._query("_ping", versioned_api=False) as answer:
        assert await answer.text() == "OK"


async def ping_unix(_: str) -> None:
    await ping(unix())


async def ping_tls(_: str) -> None:
    await ping(tls())


async def containers(limit: str) -> None:
    await unix().containers.list(all="true", limit=limit)


async def copy(_: str) -> None:
    with open(UPLOAD, "rb") as file:
        await unix().containers.container(WORKER).put_archive("/tmp", file)  # noqa: S108


async def logs(_: str) -> None:
    assert await unix().containers.container(TALKER).log(stdout=True, stderr=True)


async def run(_: str) -> None:
    command = await unix().containers.container(WORKER).exec(["true"])
    async with command.start(detach=False) as stream:
        while await stream.read_out() is not None:
            pass
    while (state := await command.inspect())["Running"]:
        await asyncio.sleep(0.001)
    assert state["ExitCode"] == 0


async def _all_at_once(tasks: int) -> float:
    async def pings() -> None:
        for _ in range(PINGS_OF_A_THREAD):
            await ping(unix())

    await asyncio.gather(*(ping(unix()) for _ in range(tasks)))
    began = time.perf_counter()
    await asyncio.gather(*(pings() for _ in range(tasks)))
    return (time.perf_counter() - began) / (tasks * PINGS_OF_A_THREAD)


def together(count: int, argument: str) -> list[float]:
    return [LOOP.run_until_complete(_all_at_once(int(argument))) for _ in range(count)]


async def main() -> None:
    """Clients are made where a loop runs."""
    unix(), tls()


if __name__ == "__main__":
    LOOP.run_until_complete(main())
    serve(
        {
            "ping": in_loop(ping_unix),
            "ping_tls": in_loop(ping_tls),
            "list": in_loop(containers),
            "threads": together,
            "copy": in_loop(copy),
            "logs": in_loop(logs),
            "exec": in_loop(run),
        }
    )
