"""A headless Chromium, driven through ChromeDriver by plain WebDriver calls (W3C WebDriver)."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
PATIENCE_SECONDS = 30
KEYS = {"Enter": "\ue007", "Escape": "\ue00c", "ArrowDown": "\ue015", "Control": "\ue009", "Tab": "\ue004"}
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # the tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


class Browser:
    """One window. Elements are named by CSS selectors, and waited for."""

    def __init__(self, driver: str, chromium: str, width: int = 1440, height: int = 900) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True)
        # Where the browser was unpacked and not installed, its libraries and settings are told, to it alone.
        told = {"LD_LIBRARY_PATH": "BROWSER_LIBRARIES", "FONTCONFIG_FILE": "BROWSER_FONTS"}
        own = {name: os.environ[variable] for name, variable in told.items() if variable in os.environ}
        self._process = subprocess.Popen(
            [driver, "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **own},
        )
        assert self._process.stdout is not None
        port = next(
            found[1] for line in self._process.stdout if (found := re.search(r"successfully on port (\d+)", line))
        )
        self._url = f"http://127.0.0.1:{port}"
        profile = f"--user-data-dir={self._folder.name}"
        options = {"binary": chromium, "args": [*ARGUMENTS, profile, f"--window-size={width},{height}"]}
        capabilities = {
            "acceptInsecureCerts": True,
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._url += f"/session/{session['sessionId']}"
        self.resize(width, height)

    def close(self) -> None:
        self._ask("DELETE", "")
        self._process.terminate()
        self._process.wait(30)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def resize(self, width: int, height: int, dark: bool = False) -> None:
        """Another size of the page itself, and light or dark."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.devtools("Emulation.setEmulatedMedia", {"features": [scheme]})

    def devtools(self, command: str, params: dict[str, Any]) -> Any:
        """A command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def open(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def script(self, body: str, *arguments: Any) -> Any:
        """What a function of this body answers."""
        return self._ask("POST", "/execute/sync", {"script": body, "args": list(arguments)})

    def patience(self, seconds: int) -> None:
        """How long a script may take."""
        self._ask("POST", "/timeouts", {"script": seconds * 1000})

    def find(self, selector: str, text: str = "") -> str:
        """The first such element that is seen, and whose text holds `text`."""
        script = """
            return [...document.querySelectorAll(arguments[0])].find((one) =>
                one.checkVisibility({visibilityProperty: true}) && one.textContent.includes(arguments[1])) ?? null"""
        found = self.until(lambda: self.script(script, selector, text), f"there is no {selector} {text!r}")
        element: str = found[ELEMENT]
        return element

    def click(self, selector: str, text: str = "") -> None:
        self._ask("POST", f"/element/{self.find(selector, text)}/click", {})

    def type(self, selector: str, keys: str, clear: bool = True) -> None:
        element = self.find(selector)
        if clear:
            self._ask("POST", f"/element/{element}/clear", {})
        self._ask("POST", f"/element/{element}/value", {"text": keys})

    def press(self, *keys: str) -> None:
        """Keys at once, where the focus is."""
        codes = [KEYS.get(key, key) for key in keys]
        actions = [{"type": "keyDown", "value": code} for code in codes]
        actions += [{"type": "keyUp", "value": code} for code in reversed(codes)]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def choose(self, selector: str, value: str) -> None:
        """Chooses of a select."""
        script = """
            arguments[0].value = arguments[1];
            arguments[0].dispatchEvent(new Event("change", {bubbles: true}));
            return arguments[0].value"""
        chosen = self.script(script, {ELEMENT: self.find(selector)}, value)
        assert chosen == value, f"{selector} has no option {value!r}"

    def text(self, selector: str = "body", holding: str = "") -> str:
        text: str = self.script("return arguments[0].innerText", {ELEMENT: self.find(selector, holding)})
        return text

    def until(self, condition: Callable[[], Any], complaint: str) -> Any:
        """The condition's first answer that is true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (answer := condition()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{complaint}; the page says: {self.script('return document.body.innerText')}")
            time.sleep(0.05)
        return answer

    def complaints(self) -> list[str]:
        """What the browser's console has of trouble since it was last asked."""
        log = self._ask("POST", "/se/log", {"type": "browser"})
        return [entry["message"] for entry in log if entry["level"] == "SEVERE"]

    def screenshot(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self._ask("GET", "/screenshot")))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (our own driver)
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=240) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as fault:
            with fault:
                raise AssertionError(json.load(fault)["value"]["message"]) from None
