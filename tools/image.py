"""The kernel image: where it is, how it is built, and which names it knows.

The kernel is the one source of those names. It is asked once per build, by
booting it with list=all, and the answer is kept beside the image.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tools.backends.backend import Backend, Boot
from tools.command import call
from tools.errors import STATUS_DIED, STATUS_NO_BACKEND, Stop
from tools.patience import Exhausted, Patience
from tools.runner import Limits, run_matrix

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "tandem.bin"
EXPLORER = "explore/explore"

Names = dict[str, list[tuple[str, str]]]    # what -> (name, text), in order


def build_name() -> str:
    """Where make puts what it builds, as make is to be told: seen from ROOT,
    whose own name may have a space."""
    return os.environ.get("BUILD") or "build"


def build_directory() -> Path:
    """The same as a path."""
    return ROOT / build_name()


def build() -> Path:
    """Bring the image up to date; silent unless that fails."""
    return _make("kernel", build_directory() / IMAGE, "the kernel")


def build_explorer() -> Path:
    """The same for the explorer of interleavings."""
    return _make(f"{build_name()}/{EXPLORER}", build_directory() / EXPLORER,
                 "the explorer")


def _make(target: str, image: Path, what: str) -> Path:
    command = ["make", "-s", f"-j{os.cpu_count()}", target,
               f"BUILD={build_name()}"]
    # Called from make, its job server and flags are not for us.
    clean = {k: v for k, v in os.environ.items()
             if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    try:
        done = call(command, ROOT, clean, Patience(idle=600))
    except Exhausted as exhausted:
        raise Stop(STATUS_NO_BACKEND, f"{what} cannot be built: "
                   f"{exhausted}") from None
    except FileNotFoundError:
        raise Stop(STATUS_NO_BACKEND,
                   "make is not installed: apt-get install make gcc") \
            from None
    if done.returncode or not image.exists():
        raise Stop(STATUS_NO_BACKEND, f"{what} cannot be built:\n"
                   + (done.stdout + done.stderr).strip())
    return image


def names_of(image: Path, backend: Backend) -> Names:
    """What the kernel in @image calls things, from the cache if it is new."""
    cache = image.with_suffix(".names.json")
    stat = image.stat()
    key = [stat.st_mtime_ns, stat.st_size]
    try:
        kept = json.loads(cache.read_text())
        if kept["key"] == key:
            return {what: [tuple(pair) for pair in pairs]
                    for what, pairs in kept["names"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        pass
    names = _ask(image, backend.quickest())
    new = cache.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps({"key": key, "names": names}))
    new.rename(cache)
    return names


def _ask(image: Path, backend: Backend) -> Names:
    boot = Boot(image, {"list": "all"}, cpus=1, memory_mib=64)
    outcome = run_matrix(backend, boot, Limits(idle=20, busy=20))
    names: Names = {}
    for what, name, text in outcome.reading.names:
        names.setdefault(what, []).append((name, text))
    if outcome.status or outcome.reading.faults or not names:
        raise Stop(outcome.status or STATUS_DIED,
                   "the kernel did not say what it knows; its last output:\n"
                   + "\n".join(outcome.reading.last))
    return names
