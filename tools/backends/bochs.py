"""Bochs as a machine: an emulator that runs on any host, and the same way
each time."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tools.backends.backend import Backend, Boot, Launch, Missing, put
from tools.backends.bochs_rom import (Module, add_modules, make_rom,
                                      make_vga_rom)

# Above it Bochs keeps the rest of its memory in a file.
MAX_HOST_MIB = 2048
# Its log but for panics, and rulers.
CHATTER = re.compile(r"\d{11}[ide]\[|ALSA lib |=*$|Bochs internal debugger,|"
                     r"Switching to CPU\d+$")
COMMON_SETTINGS = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
clock: sync=none, time0=946681200
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
"""


def debugger() -> list[str]:
    """The option that starts the debugger of Debian's Bochs. Before 3.0 it is
    always on. Its loop gives each CPU 5 instructions in turn; the other one
    of 3.0 lets the host's clock move the turns, so that two runs differ."""
    try:
        said = subprocess.run([Bochs.program, "--help"], text=True,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              check=False)
    except OSError:
        return []           # it will not start either, and that is reported
    known = re.search(r"^ *-debugger ", said.stdout + said.stderr, re.M)
    return ["-debugger"] if known else []


def command(directory: Path, model: str, cpus: int, memory_mib: int,
            settings: str) -> list[str]:
    """The command for a machine with these and other @settings; its files are
    in @directory, where it is run."""
    (directory / "bochsrc").write_text(COMMON_SETTINGS + f"""\
log: bochs.log
memory: guest={memory_mib}, host={min(memory_mib, MAX_HOST_MIB)}
cpu: model={model}, count={cpus}, ips=50000000, reset_on_triple_fault=0
""" + settings)
    # c runs, and when the kernel stops the machine, q ends the process.
    (directory / "go").write_text("c\nq\n")
    return [Bochs.program, "-q", *debugger(), "-f", "bochsrc", "-rc", "go"]


def put_all(boot: Boot, directory: Path) -> tuple[str, list[Module]]:
    """The name in @directory of the kernel with its modules behind it, and
    where these are."""
    name = put(boot, directory)
    if not boot.modules:
        return name, []
    files = {path.name: path.read_bytes() for path in boot.modules}
    image, found = add_modules(boot.image.read_bytes(), files)
    (directory / name).unlink()
    (directory / name).write_bytes(image)
    return name, found


class Bochs(Backend):
    """Base of those that put our own ROM in place of the firmware."""

    tick_unit = "instruction"
    quick = True
    counts = True           # with one CPU
    packages = ("bochs", "bochs-term")
    program = "bochs-bin"
    model = ""

    def missing(self) -> Missing | None:
        if self.host.program(self.program):
            return None
        return self.not_installed()

    def is_chatter(self, line: str) -> bool:
        return bool(CHATTER.match(line))

    def launch(self, boot: Boot, directory: Path) -> Launch:
        template = boot.image.with_name("bochs.rom").read_bytes()
        image, modules = put_all(boot, directory)
        (directory / "rom.bin").write_bytes(
            make_rom(template, boot.command_line, boot.memory_mib, modules))
        (directory / "vga.bin").write_bytes(make_vga_rom())
        # Without speaker and serial line there are timers for 16 CPUs.
        argv = command(directory, self.model, boot.cpus, boot.memory_mib,
                       "romimage: file=rom.bin\n"
                       "vgaromimage: file=vga.bin\n"
                       f"optramimage1: file={image}, "
                       "address=0x100000\n"
                       "plugin_ctrl: speaker=0, serial=0\n"
                       "port_e9_hack: enabled=1\n")
        return Launch(argv, None, alone=True)


class BochsVmx(Bochs):
    """EPT on a processor of Bochs."""

    name = "bochs-vmx"
    text = "EPT in Bochs: any host, deterministic"
    model = "corei7_skylake_x"


class BochsSvm(Bochs):
    """NPT on a processor of Bochs."""

    name = "bochs-svm"
    text = "NPT in Bochs: any host, deterministic"
    model = "ryzen"
