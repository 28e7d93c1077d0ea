"""An emulator as a child process: started in a group of its own, its console
followed while it grows, and killed with all that it started."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
from pathlib import Path

from tools.backends.backend import Launch
from tools.patience import Sight, look

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None)
# What may end the front end while it starts a machine.
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _leave_network() -> None:
    """In the child: a network of its own, with nobody else in it. Where
    neither root nor a user may have one it stays in ours. A new user
    namespace forgets the signal that die_with() asks for: this goes first."""
    if _LIBC.unshare(_CLONE_NEWNET):
        _LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def die_with(parent: int, number: int = signal.SIGKILL) -> None:
    """In the child: it gets this signal from the kernel when @parent ends,
    even when that is killed."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:      # it was, just before
        os._exit(1)


def end_with_parent() -> None:
    """This process ends, as by Ctrl-C, on SIGTERM and when its parent ends."""
    def stop(*_: object) -> None:
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, stop)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Emulator:
    """A running machine. Use it in a `with`: leaving kills what is left."""

    def __init__(self, launch: Launch, directory: Path) -> None:
        self._launch = launch
        self._directory = directory
        self._log = directory / "emulator.log"
        self._console = launch.console or self._log
        self._offset = 0
        self._partial = b""
        self._process: subprocess.Popen | None = None

    def __enter__(self) -> Emulator:
        # Held back, a signal finds either no process or one to be killed.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        try:
            self._start(held)
            signal.pthread_sigmask(signal.SIG_SETMASK, held)    # raises it
        except BaseException:
            self.kill()
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            raise
        return self

    def _start(self, mask: set[signal.Signals]) -> None:
        parent = os.getpid()

        def prepare() -> None:
            if self._launch.alone:
                _leave_network()
            die_with(parent)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

        self._console.touch()
        with open(self._log, "wb") as out:
            self._process = subprocess.Popen(
                self._launch.argv, cwd=self._directory,
                stdin=subprocess.DEVNULL, stdout=out,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=prepare)

    def __exit__(self, *_: object) -> None:
        self.kill()

    def running(self) -> bool:
        """True until the process has ended."""
        return self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Exit status of the process, None while it runs."""
        return self._process.returncode

    def kill(self) -> None:
        """End the whole group (Bochs survives anything but SIGKILL)."""
        if not self._process:
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def lines(self) -> list[str]:
        """The whole lines that have appeared since the last call."""
        with open(self._console, "rb") as console:
            console.seek(self._offset)
            new = console.read()
        self._offset += len(new)
        *whole, self._partial = (self._partial + new).split(b"\n")
        return [text.decode(errors="replace").rstrip("\r") for text in whole]

    @property
    def bytes_seen(self) -> int:
        """Length of the console so far, as lines() has read it."""
        return self._offset

    def unfinished_line(self) -> str:
        """What stands behind the last line end."""
        return self._partial.decode(errors="replace").rstrip("\r")

    def look(self) -> Sight:
        """What the emulator and its children do, and have done."""
        return look(self._process.pid)

    def log_tail(self, lines: int = 10) -> list[str]:
        """The end of what the emulator itself said, if that is not the
        console."""
        if self._log == self._console:
            return []
        text = self._log.read_text(errors="replace")
        return text.splitlines()[-lines:]
