"""F28: an image's name is read by one parser for all operations, and an empty part of it never means everything."""

from __future__ import annotations

from typing import Any

from support.case import OperationTestCase
from support.engine import api, container, remove, unique

DIGEST = "sha256:" + "0123456789abcdef" * 4

#: Every parameter that holds an image's name, with what else its operation needs.
NAMED: list[tuple[str, str, dict[str, Any]]] = [
    ("pull_image", "fromImage", {}),
    ("pull_image", "repo", {"fromSrc": "http://127.0.0.1:1/a.tar"}),
    ("push_image", "name", {}),
    ("tag_image", "name", {"repo": "app"}),
    ("tag_image", "repo", {"name": "app"}),
    ("container_commit", "repo", {"id": "web"}),
    ("create_container", "image", {}),
    ("run_container", "image", {}),
    ("build_image", "t", {"dockerfile_content": "FROM scratch"}),
    ("inspect_distribution", "name", {}),
    ("inspect_image", "name", {}),
    ("image_history", "id", {}),
    ("remove_image", "name", {}),
    ("save_images", "names", {}),
]

#: Names with an empty part, or in another grammar than Docker's.
BROKEN = [
    "reg/team/app:",
    "app:",
    "app@",
    "app:@",
    f"app:@{DIGEST}",
    "app@sha256:",
    "app:1@",
    "127.0.0.1:5000/app:",
    "[::1]:5000/app:",
    "localhost:5000/app@",
    "h:5000//app",
    "h:/app",
    "/app",
    "app/",
    ":1",
    "@",
    ":",
    "app:a b",
    "Team/App",
    "<none>:<none>",
    "http://reg/app",
]


class F28References(OperationTestCase):
    """What is sent, and what is refused before anything is sent."""

    def test_a_broken_name_is_refused_everywhere(self) -> None:
        for operation, parameter, others in NAMED:
            for name in BROKEN:
                value: Any = [name] if parameter in ("names", "t") else name
                with self.subTest(operation, parameter=parameter, name=name):
                    params = {**others, parameter: value}
                    self.assertRegex(
                        self.refusal(operation, **params),
                        rf"^\[invalid_parameters\] {operation}: .*{parameter} must be .*an image's name",
                    )
                    self.assertEqual([], self.wire(operation, **params))

    def test_the_refusal_says_what_to_write(self) -> None:
        for name, says in (("reg/team/app:", "such as reg/team/app:latest"), ("app@", "such as app@sha256:")):
            for operation in ("pull_image", "push_image"):
                parameter = "fromImage" if operation == "pull_image" else "name"
                self.assertIn(says, self.refusal(operation, **{parameter: name}))

    def test_without_a_tag_latest_is_meant_and_never_all(self) -> None:
        given: list[dict[str, Any]] = [{}, {"tag": ""}, {"tag": "  "}, {"tag": None}]
        for tag in given:
            with self.subTest(**tag):
                (pulled, *_) = self.wire("pull_image", fromImage="127.0.0.1:1/team/app", **tag)
                self.assertEqual({"fromImage": "127.0.0.1:1/team/app", "tag": "latest"}, pulled.query)
                (pushed, *_) = self.wire("push_image", name="127.0.0.1:1/team/app", **tag)
                self.assertEqual({"tag": "latest"}, pushed.query)

    def test_a_tag_given_apart_is_one_too(self) -> None:
        for tag in (":", "@", ":1", "a b", "-1", "sha256:", "sha256:12"):
            for operation, parameter in (("pull_image", "fromImage"), ("push_image", "name")):
                with self.subTest(operation, tag=tag):
                    self.assertIn("tag must be", self.refusal(operation, **{parameter: "app", "tag": tag}))

    def test_every_tag_is_asked_for_by_its_own_parameter(self) -> None:
        (pulled, *_) = self.wire("pull_image", fromImage="127.0.0.1:1/app", all_tags=True)
        self.assertEqual({"fromImage": "127.0.0.1:1/app"}, pulled.query)
        self.assertIn("all_tags", self.refusal("pull_image", fromImage="127.0.0.1:1/app:1", all_tags=True))

    def test_a_digest_decides(self) -> None:
        committed = container(self)
        for name in (f"127.0.0.1:1/app@{DIGEST}", f"127.0.0.1:1/app:1@{DIGEST}"):
            (pulled, *_) = self.wire("pull_image", fromImage=name)
            self.assertEqual({"fromImage": "127.0.0.1:1/app", "tag": DIGEST}, pulled.query)
            for operation, params in (
                ("push_image", {"name": name}),
                ("tag_image", {"name": "app", "repo": name}),
                ("container_commit", {"id": committed, "repo": name}),
                ("build_image", {"t": name, "dockerfile_content": "FROM scratch"}),
            ):
                self.assertIn("digest", self.refusal(operation, **params))

    def test_an_id_is_no_name_to_pull_or_give(self) -> None:
        for identity in (DIGEST, DIGEST.removeprefix("sha256:")):
            self.assertIn("an id is not", self.refusal("pull_image", fromImage=identity))
            self.assertIn("an id is not", self.refusal("tag_image", name="app", repo=identity))

    def test_registries_of_every_kind(self) -> None:
        for registry in ("[::1]:5000", "127.0.0.1:1", "localhost", "localhost:5000", "reg.example:5000"):
            (tagged,) = self.wire("tag_image", name="busybox:test", repo=f"{registry}/team/app")
            if not registry.startswith("["):  # which older engines refuse themselves
                self.addCleanup(remove, f"/images/{registry}/team/app:latest")
            self.assertEqual({"repo": f"{registry}/team/app", "tag": "latest"}, tagged.query)


class F28Commit(OperationTestCase):
    """A committed image keeps the tag of its name."""

    def test_the_tag_within_the_name(self) -> None:
        name = container(self)
        repository = unique("h1/web")
        for params, tag in (
            ({"repo": f"{repository}:case42"}, "case42"),
            ({"repo": f"{repository}:case43", "tag": "case43"}, "case43"),
            # The published form sends its default.
            ({"repo": f"{repository}:case44", "tag": "latest"}, "case44"),
            ({"repo": repository, "tag": "case45"}, "case45"),
            ({"repo": repository}, "latest"),
        ):
            with self.subTest(**params):
                self.addCleanup(remove, f"/images/{repository}:{tag}")
                made = self.run_operation("container_commit", id=name, **params)
                self.assertEqual([f"{repository}:{tag}"], api("GET", f"/images/{made['Id']}/json")["RepoTags"])

    def test_two_tags_are_refused(self) -> None:
        text = self.refusal("container_commit", id=container(self), repo="h1/web:case42", tag="other")
        self.assertRegex(text, r"^\[invalid_parameters\] container_commit: .*case42.*other")
