# Copyright (c) 2026 llmops.finetune contributors
# SPDX-License-Identifier: GPL-3.0-or-later

"""A headless Chromium or Chrome, spoken to in the DevTools protocol over two pipes: the standard library is enough."""

from __future__ import annotations

import base64
import fcntl
import functools
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PATIENCE = 120  # seconds without a word, after which it hangs
_FLAGS = (
    "--headless",
    # It opens one file, which the test wrote; a sandbox needs rights that a container seldom gives.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--remote-debugging-pipe",
)


@functools.cache
def program() -> str | None:
    """The browser of this machine, if there is one that starts: what Ubuntu calls chromium-browser may only say where
    to get one."""
    return next((path for name in _NAMES if (path := shutil.which(name)) and _starts(path)), None)


def _starts(path: str) -> bool:
    return subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


class Browser:
    """One page in a browser of its own with an empty profile in ``folder``. ``requested``: the addresses that pages
    asked for, all but the page itself."""

    def __init__(self, path: str, folder: Path) -> None:
        self._read, theirs_out = os.pipe()
        theirs_in, self._write = os.pipe()
        # The browser reads from 3 and writes to 4; copies above keep one from covering the other.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]

        def give() -> None:
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        # Its socket lies there, whose path has to be short.
        self._scratch = tempfile.TemporaryDirectory(prefix="finetune-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(
            [path, *_FLAGS, f"--user-data-dir={folder / 'profile'}"],
            env={**os.environ, "TMPDIR": self._scratch.name},
            pass_fds=(3, 4),
            preexec_fn=give,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        for end in (theirs_in, theirs_out, *ends):
            os.close(end)
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        self._count = 0
        self._session: str | None = None
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self.requested: list[str] = []
        self._url = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Browser:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the browser and all that it started."""
        for end in (self._read, self._write):
            os.close(end)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._scratch.cleanup()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return what it answers. Raises RuntimeError for an error, or if the browser ended."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._events.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._read], [], [], _PATIENCE)[0]:
                raise RuntimeError(f"The browser said nothing for {_PATIENCE} s.")
            read = os.read(self._read, 65536)
            if not read:
                raise RuntimeError("The browser ended.")
            self._buffer += read
        line, _zero, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if message.get("method") == "Network.requestWillBeSent":
            url = message["params"]["request"]["url"]
            if url != self._url:
                self.requested.append(url)
        return message

    def open(self, page: Path) -> None:
        """Show a file, and wait until it is loaded."""
        self._url = page.as_uri()
        self._events.clear()
        self.call("Page.navigate", url=self._url)
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._next())

    def look(self, width: int, scheme: str = "light", media: str = "", height: int = 900) -> None:
        """Show the page at this width in CSS pixels, in the ``light`` or ``dark`` scheme; ``media``: "print"."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call(
            "Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": scheme}]
        )

    def run(self, script: str) -> Any:
        """The value of a JavaScript expression on the page."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def complaints(self) -> list[str]:
        """What the browser's console has said, refusals of the content security policy among it."""
        self.call("Runtime.evaluate", expression="0")  # what was logged before comes before its answer
        said = [event["params"]["entry"]["text"] for event in self._events if event.get("method") == "Log.entryAdded"]
        errors = [event for event in self._events if event.get("method") == "Runtime.exceptionThrown"]
        return [*said, *(str(error["params"]) for error in errors)]

    def picture(self) -> bytes:
        """A PNG of the whole page."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        return base64.b64decode(answer["data"])
