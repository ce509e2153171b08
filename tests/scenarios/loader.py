"""A loader that is not FortiSOAR's: does one of the ordinary things that a loader may do, and then works the engine.

    loader.py CASE ROOT SOCKET PACKAGE...

ROOT holds the framework's modules and each PACKAGE, the dotted name under which a connector is imported.
"""

from __future__ import annotations

import copy
import importlib
import importlib.util
import inspect
import itertools
import os
import pickle
import pkgutil
import random
import runpy
import sys
import threading
import typing
from collections import OrderedDict, UserDict
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

CASE, ROOT, SOCKET, PACKAGE, *OTHERS = sys.argv[1:]
CONFIG: dict[str, Any] = {"protocol": "UNIX", "server_address": SOCKET, "rate_limit": 0}
# A socket that is not there: what gets as far as this went through the connector as it should.
NOWHERE: dict[str, Any] = {**CONFIG, "server_address": "/nowhere/docker.sock"}
HOOKS = ("on_app_start", "on_add_config", "on_delete_config", "on_activate", "on_deactivate", "teardown")
MODULES = ("connector", "errors", "given", "health_check", "native", "operations", "services", "_engine")


def framework() -> Any:
    return importlib.import_module("connectors.core.connector")


def walked(module: ModuleType) -> list[type]:
    """The classes of a module that can be worked with, as Fortinet's own library looks for them."""
    base = framework().Connector
    classes = [member for _, member in inspect.getmembers(module) if inspect.isclass(member)]
    return [one for one in classes if issubclass(one, base) and one is not base and not inspect.isabstract(one)]


def loaded(package: str = PACKAGE) -> Any:
    """The connector's class."""
    module = importlib.import_module(f"{package}.connector")
    (found,) = walked(module)
    assert found.__module__ == module.__name__, found.__module__
    return found


def works(connector: Any) -> None:
    """The engine answers through it, and an error is the framework's."""
    assert connector.execute(CONFIG, "ping", {})["response"] == "OK"
    assert connector.check_health(CONFIG) is True
    refused("[unknown_operation]", connector.execute, CONFIG, "no_operation", {})
    refused("[unreachable]", connector.check_health, NOWHERE)


def refused(code: str, call: Any, *arguments: Any) -> None:
    try:
        result = call(*arguments)
    except framework().ConnectorError as fault:
        assert str(fault).startswith(code), fault
    else:
        raise AssertionError(f"{arguments!r} gave {result!r}")


def every_module() -> dict[str, ModuleType]:
    """Each module of the package, imported as a walk through it does."""
    package = importlib.import_module(PACKAGE)
    names = [found.name for found in pkgutil.walk_packages(package.__path__, f"{PACKAGE}.")]
    return {name.rpartition(".")[2]: importlib.import_module(name) for name in names}


def names_are_walked() -> None:
    modules = every_module()
    assert set(MODULES) <= set(modules), modules
    for name, module in modules.items():
        assert len(walked(module)) == (1 if name == "connector" else 0), name
        assert all(isinstance(member, str) for member in dir(module)) and vars(module)
        for _, member in inspect.getmembers(module, inspect.isclass):
            for other in (framework().ConnectorError, Exception, object):
                issubclass(member, other)
    connector = loaded()()
    assert inspect.getmembers(connector) and inspect.getsource(type(connector))
    works(connector)


def annotations_can_be_evaluated() -> None:
    for name, module in every_module().items():
        typing.get_type_hints(module)
        for _, member in inspect.getmembers(module):
            if getattr(member, "__module__", None) != module.__name__:
                continue
            functions = inspect.getmembers(member, inspect.isfunction) if inspect.isclass(member) else [("", member)]
            for _, function in functions:
                if inspect.isfunction(function) and function.__module__ == module.__name__:
                    typing.get_type_hints(function)
                    inspect.signature(function)
        assert name in MODULES


def signatures_are_the_contracts() -> None:
    connector = loaded()()
    inspect.signature(connector.execute).bind(CONFIG, "ping", {}, request=None, env={})
    inspect.signature(connector.execute).bind(config=CONFIG, operation="ping", params={}, env={})
    assert list(inspect.signature(connector.execute).parameters)[:3] == ["config", "operation", "params"]
    inspect.signature(connector.check_health).bind()
    inspect.signature(connector.check_health).bind(CONFIG, True, connector_info={})
    inspect.signature(connector.check_health).bind(config=CONFIG, active=True)
    engine = importlib.import_module(f"{PACKAGE}.native").engine
    for name in ("execute", "check_health", "forget", "operations"):
        inspect.signature(getattr(engine, name))


def constructed() -> None:
    found = loaded()
    for connector in (found(), found(info_json={"operations": []}), found(info_json=None, agent=None)):
        works(connector)
    assert getattr(found(info_json={"name": "x"}), "_info_json", {"name": "x"}) == {"name": "x"}


def calls_take_what_loaders_give() -> None:
    connector = loaded()()
    empty: list[Any] = [None, {}, [], "", ()]
    for params in [*empty, OrderedDict(), MappingProxyType({}), UserDict()]:
        assert connector.execute(CONFIG, "ping", params)["response"] == "OK", params
    for config in (OrderedDict(CONFIG), MappingProxyType(CONFIG), UserDict(CONFIG)):
        assert connector.execute(config, "ping", {})["response"] == "OK"
        assert connector.check_health(config) is True
    assert connector.execute(CONFIG, "ping")["response"] == "OK"
    assert connector.execute(config=CONFIG, operation="ping", params={}, env={}, request=None)["response"] == "OK"
    assert connector.check_health(CONFIG, True, connector_info={}) is True
    refused("[invalid_configuration]", connector.check_health)
    for nothing in empty:
        refused("[invalid_configuration]", connector.execute, nothing, "ping", {})
        refused("[invalid_configuration]", connector.check_health, nothing)
    odd: list[Any] = ["secret", 7, [1], {1, 2}]
    for one in odd:
        refused("[invalid_configuration]", connector.check_health, one)
    for one in [*odd, [CONFIG], [{}]]:
        refused("[invalid_configuration]", connector.execute, one, "ping", {})
        refused("[invalid_parameters]", connector.execute, CONFIG, "ping", one)
    operations: list[Any] = [None, "", 7, b"ping", ["ping"]]
    for operation in operations:
        refused("[unknown_operation]", connector.execute, CONFIG, operation, {})
    # Of a list of configurations, each must work.
    assert connector.check_health([CONFIG]) is True and connector.check_health((CONFIG, CONFIG)) is True
    refused("[unreachable]", connector.check_health, [CONFIG, NOWHERE])
    refused("[invalid_configuration]", connector.check_health, [CONFIG, {}])


def hooks_take_anything() -> None:
    given: tuple[Any, ...] = (None, {}, CONFIG, [], [CONFIG], (CONFIG, NOWHERE), [{}], [None], [CONFIG, None, 7])
    given += ("", "text", 7, MappingProxyType(CONFIG), iter([CONFIG]), {"config": CONFIG}, {"odd": {1, 2}}, object())
    connector = loaded()()
    for name in HOOKS:
        hook = getattr(connector, name)
        hook()
        for config in given:
            for further in ((), (True,), (False,), (None,)):
                hook(config, *further)
            hook(config=config)
            hook(config, connector_info={})
    connector.on_update_config()
    for old, new in itertools.product(given, repeat=2):
        connector.on_update_config(old, new, True)
        connector.on_update_config(old_config=old, new_config=new, active=False)
        connector.on_update_config(old, new)
    works(connector)


def reloaded_in_any_order() -> None:
    importlib.import_module(f"{PACKAGE}.connector")
    earlier = loaded()()
    works(earlier)
    orders = [list(MODULES), list(reversed(MODULES))]
    shuffle = random.Random(24)
    orders += [shuffle.sample(MODULES, len(MODULES)) for _ in range(6)]
    for order in orders:
        for name in order:
            importlib.import_module(f"{PACKAGE}.{name}")
            importlib.reload(sys.modules[f"{PACKAGE}.{name}"])
            works(loaded()())
        importlib.reload(sys.modules[PACKAGE])
        works(loaded()(info_json={}))
        works(earlier)


def reloaded_with_the_framework() -> None:
    earlier = loaded()()
    works(earlier)
    importlib.reload(framework())
    works(earlier)
    for name in MODULES:
        importlib.reload(importlib.import_module(f"{PACKAGE}.{name}"))
    works(loaded()())
    works(earlier)


def imported_anew() -> None:
    earlier = loaded()()
    works(earlier)
    for _ in range(3):
        for name in [name for name in sys.modules if name == PACKAGE or name.startswith(f"{PACKAGE}.")]:
            del sys.modules[name]
        works(loaded()())
        works(earlier)


def imported_by_many_threads() -> None:
    count = 12
    start, faults = threading.Barrier(count), []

    def load(name: str) -> None:
        try:
            start.wait()
            importlib.import_module(f"{PACKAGE}.{name}")
            works(loaded()())
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=load, args=(MODULES[index % len(MODULES)],)) for index in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults


def copied_and_pickled() -> None:
    found = loaded()
    connector = found(info_json={"operations": []})
    for copied in (copy.copy(connector), copy.deepcopy(connector), pickle.loads(pickle.dumps(connector))):  # noqa: S301
        works(copied)
    for copied in (copy.copy(found), copy.deepcopy(found), pickle.loads(pickle.dumps(found))):  # noqa: S301
        assert copied is found
    fault = framework().ConnectorError("[internal] x")
    assert str(pickle.loads(pickle.dumps(fault))) == str(fault)  # noqa: S301


def imported_with_a_star() -> None:
    names: dict[str, Any] = {}
    exec(f"from {PACKAGE}.connector import *", names)  # noqa: S102
    works(names["DockerEngine"]())


def run_as_a_program() -> None:
    works(runpy.run_module(f"{PACKAGE}.connector")["DockerEngine"]())
    works(runpy.run_path(str(folder() / "connector.py"))["DockerEngine"]())


def taken_by_its_path() -> None:
    # With a package that the loader makes.
    for name in ("made", "made.of.parts"):
        package, top = str(folder()), str(folder() / "__init__.py")
        executed(importlib.util.spec_from_file_location(name, top, submodule_search_locations=[package]))
        spec = importlib.util.spec_from_file_location(f"{name}.connector", folder() / "connector.py")
        works(executed(spec).DockerEngine())
    bare = ModuleType("bare")
    bare.__path__ = [str(folder())]
    sys.modules["bare"] = bare
    works(importlib.import_module("bare.connector").DockerEngine())
    # Without one, known to sys.modules or not, twice.
    for is_known in (True, False, True):
        spec = importlib.util.spec_from_file_location("by_path", folder() / "connector.py")
        works(executed(spec, is_known).DockerEngine())


def executed(spec: Any, is_known: bool = True) -> Any:
    module = importlib.util.module_from_spec(spec)
    if is_known:
        sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def under_two_parents() -> None:
    """The usual one, and the same folder under another name, as Fortinet's library has it: its parent on the path."""
    usual = loaded()()
    sys.path.append(str(folder().parent))
    other = loaded(folder().name)()
    assert type(usual) is not type(other)
    for _ in range(2):
        works(usual)
        works(other)


def side_by_side() -> None:
    """Several names and versions in one process, each with a native module of its own."""
    packages = [PACKAGE, *OTHERS]
    connectors = [loaded(package)() for package in packages]
    assert len({type(connector) for connector in connectors}) == len(packages)
    for _ in range(2):
        for connector in connectors:
            works(connector)
    files = {importlib.import_module(f"{package}.native").engine.__file__ for package in packages}
    assert len(files) == len(packages), files


def found_from_elsewhere() -> None:
    """The path on which the package was found is relative, and the process goes elsewhere."""
    found = loaded()
    os.chdir("/")
    works(found())


def installed_over() -> None:
    """The files are written into while all that a walk loads is loaded."""
    every_module()
    connector = loaded()()
    works(connector)
    native = folder() / "_engine.so"
    contents = native.read_bytes()
    with open(native, "r+b") as file:
        file.truncate(0)
        file.write(bytes(len(contents)))
    works(connector)
    native.write_bytes(contents)


def plain() -> None:
    works(loaded()())


def folder() -> Path:
    (path,) = importlib.import_module(PACKAGE).__path__
    return Path(path)


if __name__ == "__main__":
    sys.path.insert(0, ROOT)
    globals()[CASE]()
