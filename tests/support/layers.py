"""An image of several layers in a registry, and a way to it that is slow."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support import configurations, registry, session
from support.engine import IMAGE, remove, unique
from support.nginx import Nginx

SIGNED_IN = {"registry_username": registry.USERNAME, "registry_password": registry.PASSWORD}


def pushed(test: unittest.TestCase, layers: int, mebibytes: int) -> str:
    """The repository of an image in a registry for this test, tagged `1`, with so many layers beside its base.

    The engine does not have it any more.
    """
    server = registry.Registry()
    test.addCleanup(server.close)
    repository = f"team/{unique('layers')}"
    name = f"{registry.ADDRESS}/{repository}"
    steps = [f"RUN dd if=/dev/urandom of=/{number} bs=1M count={mebibytes}" for number in range(layers)]
    run("build_image", dockerfile_content="\n".join([f"FROM {IMAGE}", *steps]), t=[f"{name}:1"], rm=True)
    test.addCleanup(remove, f"/images/{name}:1?force=1")
    run("push_image", name=name, tag="1", **SIGNED_IN)
    remove(f"/images/{name}:1?force=1")
    return repository


def run(operation: str, **params: Any) -> Any:
    """An operation of the package, on the engine."""
    return session.execute(configurations.over_unix(), operation, **params)


@contextmanager
def slow(test: unittest.TestCase, repository: str, rate: str) -> Iterator[str]:
    """The image by another address, which gives no layer faster than this, such as `500k` bytes a second."""
    passed_on = f"proxy_pass http://{registry.ADDRESS}; proxy_set_header Host $http_host; limit_rate {rate};"
    with Nginx(f"location / {{ {passed_on} }}") as way:
        image = f"{way.address}/{repository}:1"
        test.addCleanup(remove, f"/images/{image}?force=1")
        yield image


def slow_engine(rate: str) -> Nginx:
    """The engine at an address of plain HTTP, whose answers come no faster than this."""
    return Nginx(f"location / {{ proxy_pass http://unix:ENGINE:; limit_rate {rate}; }}")
