#!/usr/bin/python3
"""`make compare` that is ended: neither the front end nor the emulator is
left."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.patience import descendants, until  # noqa: E402


def emulator(pid):
    """True if process @pid is one."""
    try:
        return "bochs" in os.readlink(f"/proc/{pid}/exe") or \
            "qemu" in os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False


class Ended(support.FrontEndTest):

    def end(self, number):
        build = image.build().parent
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL",
                                 "TANDEM_WITH_PARENT")}
        temporary = self.directory / str(number)
        temporary.mkdir()
        make = subprocess.Popen(
            ["make", "-C", ROOT, "compare", f"BUILD={build}"],
            env={**clean, "TMPDIR": str(temporary)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        left = []
        try:
            self.assertTrue(until(lambda: any(
                map(emulator, descendants(make.pid))), make.pid))
            left = descendants(make.pid)
            make.send_signal(number)
            make.wait()
            for pid in left:
                self.assertTrue(until(
                    lambda: not os.path.exists(f"/proc/{pid}/exe"), pid), pid)
            self.assertEqual(list(temporary.iterdir()), [])
        finally:
            for pid in [make.pid, *left]:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            make.wait()

    def test_terminated(self):
        """SIGTERM for make ends all of it, and no file is left"""
        self.end(signal.SIGTERM)

    def test_killed(self):
        """so does SIGKILL, which make cannot pass on"""
        self.end(signal.SIGKILL)


if __name__ == "__main__":
    support.main()
