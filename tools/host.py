"""What this host has: files, CPU features, programs. One place, so that the
tests can stand a made-up host in its stead."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


class Host:
    """The computer that the front end runs on."""

    def __init__(self, root: str = "/", path: str | None = None) -> None:
        self.root = Path(root)
        self.path = path

    def _at(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def read(self, name: str) -> str:
        """The text of a file, empty if it cannot be read."""
        try:
            return self._at(name).read_text(errors="replace").strip()
        except OSError:
            return ""

    def exists(self, name: str) -> bool:
        """True if there is such a file."""
        return self._at(name).exists()

    def writable(self, name: str) -> bool:
        """True if we may open the file for reading and writing."""
        return os.access(self._at(name), os.R_OK | os.W_OK)

    def program(self, name: str) -> str | None:
        """The full path of a program, None if it is not installed."""
        return shutil.which(name, path=self.path)

    def cpu_has(self, flag: str) -> bool:
        """True if /proc/cpuinfo shows @flag."""
        for line in self.read("/proc/cpuinfo").splitlines():
            name, _, flags = line.partition(":")
            if name.strip() == "flags":
                return flag in flags.split()
        return False
