"""The guard's looks, answered by anything but Docker."""

from __future__ import annotations

import re
from typing import Any

from support.access import PolicyTestCase, required
from support.configurations import over_http, over_unix
from support.protected import CONTAINERS
from support.recorder import Recorder
from support.scripted_server import Answer, ScriptedServer
from support.session import execute

HEX = "0123456789abcdef" * 4
PAGE = "<html><h1>404 Not Found</h1></html>"
TEXT, HTML = {"Content-Type": "text/plain"}, {"Content-Type": "text/html"}
# What comes in place of an answer of Docker's, whatever was asked for.
ODD = {
    "a router's page": Answer(404, "404 page not found\n", TEXT),
    "a web page": Answer(404, PAGE, HTML),
    "a web page as JSON": Answer(404, PAGE),
    "a 404 without a word": Answer(404, ""),
    "a 404 with an empty object": Answer(404, {}),
    "a 404 with a list": Answer(404, []),
    "another message": Answer(404, {"message": "page not found"}),
    "another message with the words in it": Answer(404, {"message": "endpoint 3: No such container"}),
    "the words as text": Answer(404, "No such container: web", TEXT),
    "the words in a web page": Answer(404, {"message": "No such container: web"}, HTML),
    "the words under another name": Answer(404, {"error": "No such container: web"}),
    "the words with another status": Answer(410, {"message": "No such container: web"}),
    "the words as a success": Answer(200, {"message": "No such container: web"}),
    "an empty object": Answer(200, {}),
    "an empty answer": Answer(200, ""),
    "no content": Answer(204, ""),
    "a web page as success": Answer(200, "<html>Sign in</html>", HTML),
    "null": Answer(200, "null"),
    "true": Answer(200, "true"),
    "text": Answer(200, '"web"'),
    "broken JSON": Answer(200, '{"Id": "' + HEX),
    "an object of objects": Answer(200, {"data": {"Id": HEX, "Name": "/web"}}),
    "a redirect": Answer(301, "", {"Location": "/elsewhere"}),
    "another redirect": Answer(307, "", {"Location": "/elsewhere"}),
    "not modified": Answer(304, ""),
    "forbidden": Answer(403, PAGE, HTML),
    "unauthorized": Answer(401, {"message": "who are you"}),
    "a failure": Answer(500, {"message": "oops"}),
    "a failed gateway": Answer(502, PAGE, HTML),
    "not now": Answer(503, ""),
}
OF_CONTAINERS = {
    **ODD,
    "an empty list": Answer(200, []),
    "a list with the inspection": Answer(200, [{"Id": HEX, "Name": "/web"}]),
    "a short id": Answer(200, {"Id": "0123456789ab", "Name": "/web"}),
    "a long id": Answer(200, {"Id": HEX + "0", "Name": "/web"}),
    "an id of other letters": Answer(200, {"Id": "g" + HEX[1:], "Name": "/web"}),
    "an id with a path": Answer(200, {"Id": "../" + HEX[3:], "Name": "/web"}),
    "an image's id": Answer(200, {"Id": f"sha256:{HEX}", "Name": "/web"}),
    "a number as id": Answer(200, {"Id": 7, "Name": "/web"}),
    "no id": Answer(200, {"Name": "/web"}),
    "no name": Answer(200, {"Id": HEX}),
    "an empty name": Answer(200, {"Id": HEX, "Name": "/"}),
    "a number as name": Answer(200, {"Id": HEX, "Name": 7}),
    "names": Answer(200, {"Id": HEX, "Name": ["/web"]}),
    "labels that are a list": Answer(200, {"Id": HEX, "Name": "/web", "Config": {"Labels": ["tier=db"]}}),
    "a configuration that is text": Answer(200, {"Id": HEX, "Name": "/web", "Config": "{}"}),
}
OF_EXECS = {
    **ODD,
    "an empty list": Answer(200, []),
    "no container": Answer(200, {"ID": HEX}),
    "a short id": Answer(200, {"ID": HEX, "ContainerID": HEX[:12]}),
    "a name": Answer(200, {"ID": HEX, "ContainerID": "web"}),
}
OF_LISTS = {
    **ODD,
    "an object": Answer(200, {"containers": []}),
    "no objects": Answer(200, ["web"]),
    "empty objects": Answer(200, [{}]),
    "no state": Answer(200, [{"Id": HEX, "Names": ["/web"], "Labels": {}}]),
    "no id": Answer(200, [{"Names": ["/web"], "State": "exited"}]),
}


class Looks(PolicyTestCase):
    """F41: an answer that is not Docker's opens nothing."""

    def assert_closed(
        self,
        look: str,
        answers: dict[str, Answer],
        operation: str,
        rule: str = "db",
        besides: dict[str, Answer] | None = None,
        **params: Any,
    ) -> None:
        for what, answer in answers.items():
            with self.subTest(what, operation=operation), ScriptedServer({**(besides or {}), look: answer}) as server:
                fields = {"protected_containers": rule, "retry_attempts": 0, "timeout": 5}
                text = self.refusal_with({**over_http(server.address), **fields}, operation, **params)
                self.assertIn("Nothing was done", text)
                self.assertNotIn("blocked_by_policy", text)
                changes = [seen for seen in server.seen if not seen.startswith(("GET", "HEAD"))]
                self.assertEqual([], changes)
                self.assertIn(look, server.seen)

    def test_at_containers(self) -> None:
        look = "GET /containers/web/json"
        for operation, field in CONTAINERS.items():
            answers = OF_CONTAINERS if operation in ("stop_container", "disconnect_network") else ODD
            self.assert_closed(look, answers, operation, **{**required(operation), field: "web"})

    def test_at_containers_by_force(self) -> None:
        params: dict[str, Any] = {"id": "n", "Container": "web", "Force": True}
        self.assert_closed("GET /containers/web/json", OF_CONTAINERS, "disconnect_network", **params)

    def test_at_containers_of_call_api(self) -> None:
        look = "GET /containers/web/json"
        self.assert_closed(look, OF_CONTAINERS, "call_api", method="DELETE", path="/containers/web")
        body = {"Container": "web"}
        self.assert_closed(look, ODD, "call_api", method="POST", path="/networks/n/disconnect", body=body)
        self.assert_closed(look, ODD, "call_api", method="POST", path="/commit", query={"container": "web"})

    def test_at_commands(self) -> None:
        look = f"GET /exec/{HEX}/json"
        self.assert_closed(look, OF_EXECS, "call_api", method="POST", path=f"/exec/{HEX}/start", body={"Detach": True})

    def test_at_a_commands_container(self) -> None:
        made = Answer(200, {"ID": HEX, "ContainerID": HEX})
        for what, answer in OF_CONTAINERS.items():
            script = {f"GET /exec/{HEX}/json": made, f"GET /containers/{HEX}/json": answer}
            with self.subTest(what), ScriptedServer(script) as server:
                config = {**over_http(server.address), "protected_containers": "db", "retry_attempts": 0}
                text = self.refusal_with(config, "call_api", method="POST", path=f"/exec/{HEX}/start")
                self.assertIn("Nothing was done", text)
                self.assertEqual([], [seen for seen in server.seen if seen.startswith("POST")])

    def test_at_lists(self) -> None:
        self.assert_closed("GET /containers/json", OF_LISTS, "call_api", method="POST", path="/containers/prune")

    def test_at_networks(self) -> None:
        answers = {**ODD, "no id": Answer(200, {"Name": "n"}), "no name": Answer(200, {"Id": HEX})}
        self.assert_closed("GET /networks/n", answers, "remove_network", id="n")
        self.assert_closed("GET /networks/n", answers, "call_api", method="DELETE", path="/networks/n")
        besides = {"GET /containers/web/json": Answer(200, {"Id": HEX, "Name": "/web", "Config": {}})}
        for operation in ("connect_network", "disconnect_network"):
            self.assert_closed("GET /networks/n", answers, operation, besides=besides, id="n", Container="web")

    def test_at_volumes(self) -> None:
        answers = {**ODD, "no name": Answer(200, {"Driver": "local"}), "a list": Answer(200, [{"Name": "v"}])}
        self.assert_closed("GET /volumes/v", answers, "remove_volume", name="v", force=True)
        self.assert_closed("GET /volumes/v", answers, "call_api", method="DELETE", path="/volumes/v")

    def test_at_images(self) -> None:
        answers = {**ODD, "a short id": Answer(200, {"Id": "sha256:0123456789ab", "RepoTags": []})}
        self.assert_closed("GET /images/app/json", answers, "remove_image", name="app", force=True)
        params: dict[str, Any] = {"method": "DELETE", "path": "/images/app", "query": {"force": "1"}}
        self.assert_closed("GET /images/app/json", answers, "call_api", **params)

    def test_at_services(self) -> None:
        answers = {**ODD, "no specification": Answer(200, {"ID": HEX})}
        self.assert_closed("GET /services/s", answers, "call_api", method="DELETE", path="/services/s")

    def test_at_what_a_protected_container_needs(self) -> None:
        """The list of containers decides, and then the inspection of each that is protected."""
        besides = {
            "GET /networks/n": Answer(200, {"Id": HEX, "Name": "n"}),
            "GET /volumes/v": Answer(200, {"Name": "v"}),
            "GET /images/app/json": Answer(200, {"Id": f"sha256:{HEX}", "RepoTags": ["app:latest"]}),
        }
        listed = {"Id": HEX, "Names": ["/db"], "State": "running", "Labels": {}}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("remove_network", {"id": "n"}),
            ("remove_volume", {"name": "v"}),
            ("remove_image", {"name": "app", "force": True}),
            ("create_container", {"image": "app", "Binds": "v:/data"}),
        ]
        for operation, params in calls:
            self.assert_closed("GET /containers/json", OF_LISTS, operation, besides=besides, **params)
            found = {**besides, "GET /containers/json": Answer(200, [listed])}
            self.assert_closed(f"GET /containers/{HEX}/json", ODD, operation, besides=found, **params)

    def test_at_an_images_labels(self) -> None:
        """An image that cannot be looked at takes no protection away."""
        image = f"sha256:{HEX}"
        inspection = {"Id": HEX, "Name": "/web", "Image": image, "Config": {"Labels": {"tier": "db"}}}
        besides = {"GET /containers/web/json": Answer(200, inspection)}
        look = f"GET /images/{image}/json"
        self.assert_closed(look, ODD, "pause_container", rule="label=tier=db", besides=besides, id="web")
        absent = {look: Answer(404, {"message": f"No such image: {image}"})}
        with ScriptedServer({**besides, **absent}) as server:
            config = {**over_http(server.address), "protected_containers": "label=tier=db"}
            self.assert_blocked(config, "pause_container", "tier=db", id="web")

    def test_labels_must_be_there_where_a_rule_asks_for_them(self) -> None:
        look, bare = "GET /containers/web/json", Answer(200, {"Id": HEX, "Name": "/web"})
        self.assert_closed(look, {"no configuration": bare}, "pause_container", rule="label=tier", id="web")
        with ScriptedServer({look: bare, f"POST /containers/{HEX}/rename": Answer(204)}) as server:
            config = {**over_http(server.address), "protected_containers": "db"}
            execute(config, "rename_container", id="web", name="new")
            self.assertIn(f"POST /containers/{HEX}/rename", server.seen)

    def test_a_body_that_names_no_container(self) -> None:
        """What cannot be told may be a protected one's."""
        for verb in ("connect", "disconnect"):
            for body in (
                None,
                {},
                [],
                "text",
                '{"Container": "web"} and more',
                {"Container": 7},
                [{"Container": "web"}],
            ):
                with self.subTest(verb, body=body), Recorder("1.41", {}) as recorder:
                    call = {"method": "POST", "path": f"/networks/a/{verb}", "body": body}
                    config = {**over_unix(recorder.socket), "protected_containers": "db"}
                    text = self.refusal_with(config, "call_api", **call)
                    self.assertRegex(text, r"^\[(blocked_by_policy|invalid_parameters)\]")
                    self.assertEqual([], [request for request in recorder.requests if request.method == "POST"])

    def test_one_that_is_not_there_is_the_calls_own_error(self) -> None:
        for message in (
            "No such container: web",
            'no container with name or ID "web" found: no such container',
        ):
            for operation in ("stop_container", "remove_container", "exec_container"):
                absent = {"GET /containers/web/json": Answer(404, {"message": message})}
                with self.subTest(operation, message=message), ScriptedServer(absent) as server:
                    config = {**over_http(server.address), "protected_containers": "db"}
                    text = self.refusal_with(config, operation, **{**required(operation), "id": "web"})
                    self.assertRegex(text, rf"^\[not_found 404\] {operation}: {re.escape(message)}")
                    self.assertEqual([], [seen for seen in server.seen if not seen.startswith("GET")])

    def test_a_network_may_keep_what_the_engine_has_forgotten(self) -> None:
        """Force removes what a network still has of a container that is gone: by its name, as there is no id."""
        absent = Answer(404, {"message": "No such container: web"})
        script = {
            "GET /containers/web/json": absent,
            "GET /networks/n": Answer(200, {"Id": HEX, "Name": "n"}),
            f"POST /networks/{HEX}/disconnect": Answer(200, ""),
        }
        with ScriptedServer(script) as server:
            config = {**over_http(server.address), "protected_containers": "db"}
            execute(config, "disconnect_network", id="n", Container="web", Force=True)
            self.assertIn(f"POST /networks/{HEX}/disconnect", server.seen)
