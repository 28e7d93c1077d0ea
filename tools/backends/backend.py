"""What a backend is: a machine that can run the kernel. It knows three
things: whether this host can run it, how it is started, and what kind of
machine it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from tools.backends import modules
from tools.errors import STATUS_USAGE, Stop
from tools.host import Host

PAGE_KIB = 4
MIN_MEMORY_MIB = 64
MAX_MEMORY_MIB = 3072       # above it devices hide memory
SPARE_FRAMES = 8192
CHECKED = 64                # one frame in so many is the checker's
# Bytes that the kernel takes: lab/experiment/options.h, boot/multiboot.h.
MAX_WORD = 511
MAX_LINE = 2047


@dataclass(frozen=True)
class Boot:
    """What one boot of the machine needs."""

    image: Path
    words: dict[str, str]           # the kernel's command line
    cpus: int
    memory_mib: int
    gdb: bool = False               # stop at the first instruction for gdb
    title: str = ""                 # names this part of a matrix
    modules: tuple[Path, ...] = ()  # the user's files that go with it
    exact: bool = False             # the clock counts instructions

    def __post_init__(self) -> None:
        for name, value in self.words.items():
            if not re.fullmatch(r"[!-~]*", value):
                raise Stop(STATUS_USAGE, f"{name} {value!a} is not accepted: "
                           "the kernel takes printable ASCII, without spaces")
        modules.check(self.modules)
        words = self.command_line.split()
        for kind, limit, text in (
                *(("word", MAX_WORD, word) for word in words),
                ("command line", MAX_LINE, self.command_line)):
            if len(text.encode()) > limit:
                raise Stop(STATUS_USAGE, f"'{text[:60]}...' is not accepted: "
                           f"the kernel takes a {kind} of up to {limit} "
                           f"bytes, and this one has {len(text.encode())}")

    @property
    def command_line(self) -> str:
        """The words as the kernel takes them."""
        return " ".join(f"{name}={value}" for name, value in
                        self.words.items())


def put(boot: Boot, directory: Path) -> str:
    """The name of the kernel of @boot in @directory, where the emulator runs.
    No command has the names of our folders in it: they may contain what an
    emulator, or the kernel, takes for the end of a name. The kernel takes a
    first word with a slash for its own name."""
    link = directory / "kernel"
    link.unlink(missing_ok=True)
    link.symlink_to(boot.image.absolute())
    return "./kernel"


@dataclass(frozen=True)
class Launch:
    """A command to start in a folder of its own, and where the kernel's text
    comes out."""

    argv: list[str]
    console: Path | None        # a file; None: the command's own output
    alone: bool = False         # out of the network's reach, where possible


@dataclass(frozen=True)
class Missing:
    """Why a backend cannot run here, and what would make it."""

    why: str
    remedy: str


class Backend:
    """Base of all backends."""

    name = ""
    text = ""               # one line for `list backends`
    program = ""            # the emulator
    machine = "emulated"    # real, nested or emulated, as in results.json
    tick_unit = "tsc"
    packages: tuple[str, ...] = ()  # of Debian, that it needs
    gdb_address = ""        # where gdb finds the machine; empty: nowhere
    automatic = True        # may be chosen by `auto`
    patience = 1            # times longer than others without a record
    counts = False          # its clock can count instructions (Boot.exact)
    quick = False           # it boots in no time: a matrix may have many boots

    def __init__(self, host: Host | None = None) -> None:
        self.host = host or Host()

    @property
    def called(self) -> str:
        """What a sentence about it calls it."""
        return self.name

    @property
    def machine_text(self) -> str:
        """The kind of machine, for people."""
        return f"{self.machine} machine"

    def missing(self) -> Missing | None:
        """None if this host can run it."""
        raise NotImplementedError

    def prepare(self, directory: Path, say: Callable[[str], None]) -> None:
        """Make in @directory what all launches share, unless it is there; @say
        tells the person what takes long. Stop if that cannot be made."""

    def launch(self, boot: Boot, directory: Path) -> Launch:
        """The command for @boot; files that it needs go to @directory."""
        raise NotImplementedError

    def quickest(self) -> Backend:
        """Where to ask what every machine answers alike, such as list=all."""
        return self

    def is_chatter(self, line: str) -> bool:
        """True for what the emulator says at each start, and for nothing that
        may explain why it ended."""
        return False

    def not_installed(self) -> Missing:
        """What is missing is the emulator itself."""
        return Missing(f"{self.program} is not installed",
                       "apt-get install " + " ".join(self.packages))


def memory_for(pages: int, vcpus: int) -> int:
    """MiB that a run needs: three frames a page (parent, child, copy), tables
    and the guest's own pages, the checker's records, with room to spare."""
    frames = 3 * pages + SPARE_FRAMES + 512 * vcpus
    frames += frames // CHECKED
    mib = -(-frames * PAGE_KIB // 1024)
    return min(max(MIN_MEMORY_MIB, -(-mib // 32) * 32), MAX_MEMORY_MIB)
