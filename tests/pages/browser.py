"""A headless Chromium, driven through chromedriver's HTTP interface (W3C WebDriver)."""

import base64
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import requests

from lab.errors import EnvironmentFault, LabError

PACKAGES = "apt-get install chromium chromium-driver poppler-utils nodejs npm default-jre-headless"
PROGRAMS = ("chromium", "chromedriver", "pdftotext", "npm", "java")
STARTED = re.compile(r"started successfully on port (\d+)")
DEADLINE = 120.0
TALLEST = 8000
"""Pixels of a picture: a taller picture is slow to take."""


@dataclass(frozen=True, slots=True)
class Browser:
    """One window of a browser."""

    address: str

    def open(self, page: Path) -> None:
        self._send("url", url=page.as_uri())

    def title(self) -> str:
        return str(_answer(requests.get(f"{self.address}/title", timeout=DEADLINE)))

    def call(self, script: str, *arguments: object) -> Any:
        """Run the body of a function in the page, and return what it returns. A promise is waited for."""
        return self._send("execute/sync", script=script, args=list(arguments))

    def scripts(self, on: bool) -> None:
        self._command("Emulation.setScriptExecutionDisabled", value=not on)

    def scheme(self, name: str) -> None:
        """Prefer a colour scheme: "light" or "dark"."""
        self.media("", name)

    def media(self, name: str, scheme: str) -> None:
        """Show the page as if in "print", or as it comes (""), where this colour scheme is preferred."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._command("Emulation.setEmulatedMedia", media=name, features=features)

    def size(self, width: int, height: int = 900) -> None:
        self._command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def picture(self) -> bytes:
        """Return the page as PNG, from its top to its end or to `TALLEST`."""
        width, height = self.call(
            "const r = document.documentElement; return [r.clientWidth, r.scrollHeight]"
        )
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST), "scale": 1}
        found = self._command("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(found["data"])

    def pdf(self) -> bytes:
        return base64.b64decode(self._send("print", page={"width": 21.0, "height": 29.7}))

    def log(self) -> list[str]:
        """Return the errors that the browser has told of since it was last asked."""
        return [one["message"] for one in self._send("se/log", type="browser") if one["level"] == "SEVERE"]

    def _command(self, name: str, **parameters: object) -> Any:
        return self._send("goog/cdp/execute", cmd=name, params=parameters)

    def _send(self, path: str, **body: object) -> Any:
        return _answer(requests.post(f"{self.address}/{path}", json=body, timeout=DEADLINE))


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser that ends with the block.

    Raises:
        EnvironmentFault: a program is missing, or does not start.
    """
    need(PROGRAMS[:2])
    with (
        tempfile.TemporaryDirectory(prefix="lab-browser-") as profile,
        subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as driver,
    ):
        try:
            address = f"http://127.0.0.1:{_port(driver.stdout)}/session"
            words = [
                "--headless=new",
                f"--user-data-dir={profile}",
                "--no-sandbox",
                "--disable-dev-shm-usage",
            ]
            wanted = {"goog:chromeOptions": {"args": words}, "goog:loggingPrefs": {"browser": "ALL"}}
            body = {"capabilities": {"alwaysMatch": wanted}}
            session = _answer(requests.post(address, json=body, timeout=DEADLINE))["sessionId"]
            try:
                yield Browser(f"{address}/{session}")
            finally:
                requests.delete(f"{address}/{session}", timeout=DEADLINE)
        finally:
            driver.terminate()
            driver.wait(DEADLINE)


def need(programs: tuple[str, ...]) -> None:
    """Raise EnvironmentFault if one of the programs is missing."""
    if missing := [name for name in programs if shutil.which(name) is None]:
        raise EnvironmentFault(f"Not installed: {', '.join(missing)}.", f"As root: {PACKAGES}")


def _port(output: IO[str] | None) -> str:
    said = []
    for line in output or ():
        if found := STARTED.search(line):
            return found[1]
        said.append(line.strip())
    raise EnvironmentFault(f"chromedriver did not start: {' '.join(said) or 'it said nothing'}")


def _answer(response: requests.Response) -> Any:
    value = response.json()["value"]
    if isinstance(value, dict) and "error" in value:
        raise EnvironmentFault(f"The browser: {value['error']}: {value['message']}")
    return value


def main() -> int:
    """Say whether the tests of the pages can run here, and why not; 4 when they cannot."""
    try:
        need(PROGRAMS)
        with browser():
            pass
    except LabError as error:
        sys.stdout.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
