"""One process of a service, started from a workspace as the lab starts it, and asked over HTTP."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import requests

from tests.ports import free_port

START_SECONDS = 60


class Replica:
    """A running service; use it as a context."""

    def __init__(self, workspace: Path, service: str, **environment: str) -> None:
        self.service = service
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._workspace = workspace
        self._environment = {**os.environ, "PORT": str(port), "HOST": "127.0.0.1", **environment}

    def __enter__(self) -> Self:
        log = self._workspace / f"{self.service}-{self.url.rpartition(':')[2]}.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"app.{self.service}"],
                cwd=self._workspace,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._is_up():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"{self.service} did not start:\n{log.read_text()}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=60)

    def _is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=5).ok
        except requests.RequestException:
            return False

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.ask("GET", path, params=query)

    def post(self, path: str, **body: Any) -> requests.Response:
        return self.ask("POST", path, json=body)

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, self.url + path, timeout=30, **options)
