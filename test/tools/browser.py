"""A headless Chromium, spoken to over its debugging pipe."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PROGRAM = "chromium"


class Browser:
    """One page at a time; errors gathers what its console complains of."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._number = 0
        self._kept = b""
        self._keep = tempfile.TemporaryDirectory(prefix="tandem-")
        to_read, self._write = os.pipe()
        self._read, to_write = os.pipe()
        # Chromium reads from 3 and writes to 4.
        command = f"exec 3<&{to_read} 4>&{to_write}; exec {PROGRAM} " \
            "--headless --no-sandbox --disable-gpu --hide-scrollbars " \
            f"--user-data-dir={self._keep.name} --remote-debugging-pipe"
        self._process = subprocess.Popen(
            ["bash", "-c", command], pass_fds=(to_read, to_write),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self._session = ""
        target = self.call("Target.createTarget", url="about:blank")
        self._session = self.call("Target.attachToTarget", flatten=True,
                                  targetId=target["targetId"])["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)
        shutil.rmtree(self._keep.name, ignore_errors=True)
        self._keep.cleanup()

    def call(self, method: str, **params: object) -> dict:
        """The answer to one request."""
        self._number += 1
        request = {"id": self._number, "method": method, "params": params}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._write, json.dumps(request).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> dict:
        while b"\0" not in self._kept:
            more = os.read(self._read, 1 << 20)
            if not more:
                raise RuntimeError("Chromium has ended")
            self._kept += more
        line, _, self._kept = self._kept.partition(b"\0")
        found = json.loads(line)
        if found.get("method") in ("Runtime.exceptionThrown",
                                   "Runtime.consoleAPICalled",
                                   "Log.entryAdded"):
            self.errors.append(json.dumps(found["params"]))
        return found

    def open(self, path: Path, width: int, media: str = "screen") -> None:
        """Load the page at @path in a window so wide."""
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=900, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", media=media)
        self.call("Page.navigate", url=path.resolve().as_uri())
        while not self.ask("document.readyState == 'complete' && "
                           f"location.pathname.endsWith('{path.name}')"):
            pass

    def ask(self, expression: str) -> object:
        """What @expression of JavaScript is in the page."""
        return self.call("Runtime.evaluate", expression=expression,
                         returnByValue=True)["result"].get("value")

    def picture(self, path: Path) -> None:
        """Write a PNG of the whole page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(data["data"]))
