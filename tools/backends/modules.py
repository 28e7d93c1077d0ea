"""Files of the user's own that travel to the kernel, as multiboot modules.
What the kernel would refuse (boot/modules.c) is refused here, in its words."""

from __future__ import annotations

import re
from pathlib import Path
from stat import S_ISREG
from typing import NoReturn

from tools.errors import STATUS_USAGE, Stop

MAX_MODULES = 16
MAX_SIZE = 65536
NAME = re.compile(r"[A-Za-z0-9._+-]{1,63}")
SHOWN = 60              # characters of a name
FOLDER = "files"        # where an emulator finds them


def _refuse(path: Path, why: str) -> NoReturn:
    name = path.name if len(path.name) <= SHOWN else path.name[:SHOWN] + "..."
    raise Stop(STATUS_USAGE, f"module '{name}' is not accepted: {why}")


def _size(path: Path) -> int:
    """Bytes of the file at @path, which somebody may read."""
    try:
        stat = path.stat()
        if S_ISREG(stat.st_mode):
            with path.open("rb"):
                return stat.st_size
        why = "it is not a file"        # opened, some would make us wait
    except OSError as error:
        why = error.strerror
    _refuse(path, f"{path}: {why}")


def check(paths: tuple[Path, ...]) -> None:
    """Stop unless the kernel takes the files at @paths."""
    if len(paths) > MAX_MODULES:
        raise Stop(STATUS_USAGE, f"{len(paths)} modules are not accepted: "
                   f"there may be up to {MAX_MODULES}")
    names = set()
    for path in paths:
        if not NAME.fullmatch(path.name):
            _refuse(path, "its name may have 1 to 63 letters, digits and "
                    ". _ - +")
        if path.name in names:
            _refuse(path, "there are two of that name")
        names.add(path.name)
        size = _size(path)
        if size > MAX_SIZE:
            _refuse(path, f"it has {size} bytes, and may have up to "
                    f"{MAX_SIZE}")


def put(paths: tuple[Path, ...], directory: Path) -> None:
    """Let the emulator that runs in @directory find the files by those names
    that no emulator cuts into pieces."""
    for path in paths:
        link = directory / FOLDER / path.name
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(path.absolute())


def names(paths: tuple[Path, ...]) -> list[str]:
    """What they are called there."""
    return [f"{FOLDER}/{path.name}" for path in paths]


def contents(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """The same with what they hold."""
    return {name: path.read_bytes()
            for name, path in zip(names(paths), paths)}
