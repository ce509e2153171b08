"""The connector's class, through which FortiSOAR enters. What thinks is in the native module.

A loader may walk the names of this package's modules, so none of them is a generic alias: until Python 3.10
`dict[str, Any]` counts as a class, and `issubclass` refuses it. Annotations are such that Python 3.9 can evaluate them.
"""

import functools
import os
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from types import ModuleType
from typing import Any

from connectors.core.connector import Connector, ConnectorError

if not __package__:

    def _package_of_this_folder() -> str:
        """For a loader that takes this file by its path alone: the modules beside it are found within a package."""
        folder = os.path.dirname(os.path.abspath(__file__))
        name = re.sub(r"\W", "_", folder)
        if name not in sys.modules:
            package = os.path.join(folder, "__init__.py")
            spec = spec_from_file_location(name, package, submodule_search_locations=[folder])
            assert spec is not None and spec.loader is not None  # noqa: S101 (always so for a Python file)
            sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(sys.modules[name])
        return name

    __package__ = _package_of_this_folder()
    # What a relative import asks besides; the two must agree.
    globals()["__spec__"] = spec_from_file_location(f"{__package__}.connector", __file__)

from . import given, health_check, services
from .errors import as_connector_error


class DockerEngine(Connector):
    """Works a Docker Engine for playbooks."""

    # Whoever runs calls may set this, to be told how far one is, a few times a second: a dictionary of `part` (such as
    # a layer; empty is the call as a whole), `text`, `bytes` and `total` (numbers or None), and `is_done`. FortiSOAR
    # leaves it alone; the local host sets it for its page.
    on_progress: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """FortiSOAR's class takes keywords, such as `info_json`; another loader's may take none."""
        try:
            super().__init__(*args, **kwargs)
        except TypeError:
            super().__init__()

    def execute(self, config: Any, operation: str, params: Any = None, *args: Any, **kwargs: Any) -> Any:
        with as_connector_error(operation):
            config = given.configuration(config, operation)
            params = given.parameters(params, operation)
            return _engine().execute(config, str(operation), params, services, self.on_progress)

    def check_health(self, config: Any = None, *args: Any, **kwargs: Any) -> bool:
        """True, or a ConnectorError. Of a list of configurations, each must work."""
        with as_connector_error("check_health"):
            for one in config if config and isinstance(config, (list, tuple)) else [config]:
                health_check.check(given.configuration(one, "check_health"))
            return True

    # The hooks. What a configuration keeps from call to call, its connections and the certificates read for it,
    # goes when it changes or rests; and one that is new, or awake again, begins with none of an older one's.
    # A hook may be called with one configuration, a list of them, an empty one, or nothing.

    def on_app_start(self, config: Any = None, active: bool = True, *args: Any, **kwargs: Any) -> None:
        _prepare()

    def on_add_config(self, config: Any = None, active: bool = True, *args: Any, **kwargs: Any) -> None:
        _forget(config)

    def on_activate(self, config: Any = None, *args: Any, **kwargs: Any) -> None:
        _forget(config)

    def on_update_config(
        self, old_config: Any = None, new_config: Any = None, active: bool = True, *args: Any, **kwargs: Any
    ) -> None:
        _forget(old_config)
        _forget(new_config)

    def on_delete_config(self, config: Any = None, *args: Any, **kwargs: Any) -> None:
        _forget(config)

    def on_deactivate(self, config: Any = None, *args: Any, **kwargs: Any) -> None:
        _forget(config)

    def teardown(self, config: Any = None, *args: Any, **kwargs: Any) -> None:
        _forget(config)


@functools.cache
def _engine() -> ModuleType:
    """The native module, loaded by the first call, not with this file: where it cannot run, health checks say why."""
    from .native import engine

    return engine


def _prepare() -> None:
    """Loads the native module before the first call waits for it, and tells in the log if it cannot run here."""
    try:
        with as_connector_error("on_app_start"):
            from . import native  # noqa: F401
    except ConnectorError as fault:
        services.logger.error("%s", fault)


def _forget(configs: Any) -> None:
    """Drops the connections of configurations. A hook never stands in the way of what the administrator does."""
    for config in given.configurations(configs):
        try:
            with as_connector_error("forget"):
                _engine().forget(config)
        except ConnectorError as fault:
            services.logger.warning("%s", fault)
