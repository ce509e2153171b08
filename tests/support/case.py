"""The test case of everything that runs an operation."""

from __future__ import annotations

import json
import unittest
from contextlib import suppress
from typing import Any, ClassVar

from support import configurations, results, session, transports
from support.recording_proxy import RecordingProxy, Request, is_look_for_isolation
from support.session import given


class OperationTestCase(unittest.TestCase):
    """Runs operations with the class's configuration: this run's, unless a subclass says otherwise."""

    config: ClassVar[configurations.Config] = transports.of_this_run()

    def run_operation(self, operation: str, /, **params: Any) -> Any:
        """The operation's result, which must be storable as JSON, and what the package says of it."""
        return self.described(operation, params, self.checked(session.execute(self.config, operation, **params)))

    def refusal(self, operation: str, /, **params: Any) -> str:
        """The text of the error that an operation must end with."""
        return self.refusal_with(self.config, operation, **params)

    def refusal_with(self, config: configurations.Config, operation: str, /, **params: Any) -> str:
        """The text of the error that an operation must end with, for a configuration of its own."""
        with self.assertRaises(session.ConnectorError) as caught:
            if operation == "check_health":
                session.CONNECTOR.check_health(config)
            else:
                session.execute(config, operation, **params)
        return str(caught.exception)

    def ending(self, config: configurations.Config, operation: str, params: dict[str, Any]) -> str:
        """The text of the error, or of the result, for a configuration that is not needed afterwards."""
        try:
            return str(session.CONNECTOR.execute(config, operation, params))
        except session.ConnectorError as error:
            return str(error)
        finally:
            session.CONNECTOR.on_delete_config(config)

    def wire(self, operation: str, /, **params: Any) -> list[Request]:
        """The requests that an operation sends, whatever comes of them, but for the question for the API version and
        the look for isolated containers."""
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            with suppress(session.ConnectorError):
                session.execute(configurations.over_unix(proxy.socket), operation, **params)
            return [request for request in proxy.calls if not is_look_for_isolation(request.target)]

    def described(self, operation: str, params: dict[str, Any], result: Any) -> Any:
        """A real engine's result, of which a playbook's author must have been offered every path."""
        if faults := results.faults(operation, params, result):
            self.fail("\n".join([f"the output schema of {operation}:", *sorted(set(faults))]))
        results.remember(operation, params, result)
        return result

    def checked(self, result: Any) -> Any:
        """The result as FortiSOAR stores it."""
        self.assertEqual(json.loads(json.dumps(result, allow_nan=False)), result)
        return result
