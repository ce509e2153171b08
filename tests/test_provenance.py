"""Where things come from: labels on what the connector creates for a case, and removals that take only that."""

from __future__ import annotations

import re
from typing import Any

from support.case import OperationTestCase
from support.configurations import over_unix
from support.engine import IMAGE, RefusedError, api, container, remove, unique
from support.recording_proxy import RecordingProxy
from support.session import execute, given

CASE = "INC-2024-117 =cmd|"
LABELS = ("fortisoar.case", "fortisoar.operation", "fortisoar.created")


def is_there(path: str) -> bool:
    try:
        api("GET", path)
    except RefusedError as refusal:
        if refusal.status == 404:
            return False
        raise
    return True


def forget(path: str) -> None:
    if is_there(path):
        remove(f"{path.removesuffix('/json')}?force=1")


class Provenance(OperationTestCase):
    def made(self, operation: str, path: str, **params: Any) -> str:
        """What an operation creates, by its name."""
        name = unique("case")
        self.addCleanup(forget, path.format(name))
        field = "name" if operation == "create_container" else "Name"
        self.run_operation(operation, **{field: name}, **params)
        return name

    def network(self, **params: Any) -> str:
        return self.made("create_network", "/networks/{}", **params)

    def volume(self, **params: Any) -> str:
        return self.made("create_volume", "/volumes/{}", **params)

    def container(self, **params: Any) -> str:
        return self.made("create_container", "/containers/{}/json", **{"image": IMAGE, **params})

    def image(self, **params: Any) -> str:
        name = f"fsr.test/{unique('case')}:1"
        self.addCleanup(forget, f"/images/{name}/json")
        self.run_operation("container_commit", id=container(self, start=False), repo=name, **params)
        return name

    def test_what_is_created_says_where_it_comes_from(self) -> None:
        for labels, operation in (
            (api("GET", f"/networks/{self.network(case_id=CASE)}")["Labels"], "create_network"),
            (api("GET", f"/volumes/{self.volume(case_id=CASE)}")["Labels"], "create_volume"),
            (api("GET", f"/containers/{self.container(case_id=CASE)}/json")["Config"]["Labels"], "create_container"),
            (api("GET", f"/images/{self.image(case_id=CASE)}/json")["Config"]["Labels"], "container_commit"),
        ):
            with self.subTest(operation):
                self.assertEqual((CASE, operation), (labels[LABELS[0]], labels[LABELS[1]]))
                self.assertRegex(labels[LABELS[2]], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_nothing_is_added_without_a_case(self) -> None:
        for case in ("", None, "  "):
            labels = api("GET", f"/volumes/{self.volume(case_id=case, Labels='a=1')}")["Labels"]
            self.assertEqual({"a": "1"}, labels)
        with RecordingProxy(given("ENGINE_SOCKET")) as proxy:
            name = self.volume()
            proxy.calls.clear()
            execute(over_unix(proxy.socket), "remove_volume", name=name)
            asked = [(call.method, re.sub(r"\?.*", "", call.path)) for call in proxy.calls if "_ping" not in call.path]
            self.assertEqual(1, sum(method == "DELETE" for method, _ in asked))
            self.assertNotIn(("GET", f"/volumes/{name}"), asked)

    def test_own_labels_stay_and_a_clash_is_refused(self) -> None:
        labels = api("GET", f"/volumes/{self.volume(case_id=CASE, Labels='a=1')}")["Labels"]
        self.assertEqual("1", labels["a"])
        text = self.refusal("create_volume", Name="x", case_id=CASE, Labels="fortisoar.case=other")
        self.assertIn("case_id sets the label fortisoar.case", text)
        text = self.refusal(
            "create_volume", Name="x", case_id=CASE, additional_fields={"Labels": {"fortisoar.case": "o"}}
        )
        self.assertIn("fortisoar.case", text)
        for wrong in ("a\nb", "x" * 201):
            self.assertIn("case_id must be one line", self.refusal("create_volume", Name="x", case_id=wrong))
        self.assertIn("case_id", self.refusal("create_volume", Name="x", case_id="None"))

    def test_only_what_was_created_for_the_case_is_removed(self) -> None:
        for make, operation, field, path in (
            (self.network, "remove_network", "id", "/networks/{}"),
            (self.volume, "remove_volume", "name", "/volumes/{}"),
            (self.container, "remove_container", "id", "/containers/{}/json"),
            (self.image, "remove_image", "name", "/images/{}/json"),
        ):
            with self.subTest(operation):
                own, other, none = make(case_id=CASE), make(case_id="other"), make()
                for name, said in (
                    (other, 'its label fortisoar.case is "other"'),
                    (none, "it has no label fortisoar.case"),
                ):
                    for dry_run in (True, False):
                        text = self.refusal(operation, **{field: name}, only_case=CASE, dry_run=dry_run)
                        self.assertIn(said, text)
                        self.assertIn("Nothing was removed", text)
                    self.assertTrue(is_there(path.format(name)))
                self.run_operation(operation, **{field: own}, only_case=CASE)
                self.assertFalse(is_there(path.format(own)))

    def test_a_label_that_comes_from_an_image_is_none(self) -> None:
        image = self.image(case_id=CASE)
        name = self.container(image=image)
        self.assertEqual(CASE, api("GET", f"/containers/{name}/json")["Config"]["Labels"]["fortisoar.case"])
        self.assertIn("from its image", self.refusal("remove_container", id=name, only_case=CASE))
        remove(f"/containers/{name}?force=1")

    def test_a_prune_takes_only_the_case(self) -> None:
        case = unique("case")
        for make, kind, path in (
            (self.network, "networks", "/networks/{}"),
            (self.container, "containers", "/containers/{}/json"),
        ):
            with self.subTest(kind):
                own, other, none = make(case_id=case), make(case_id="other"), make()
                seen = self.run_operation(f"prune_{kind}", only_case=case, dry_run=True)
                self.assertEqual(1, seen["count"])
                self.run_operation(f"prune_{kind}", only_case=case, require_filter=True)
                self.assertEqual([False, True, True], [is_there(path.format(name)) for name in (own, other, none)])
