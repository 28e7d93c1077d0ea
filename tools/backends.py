"""The machines that can run the kernel. A backend knows three things: whether
this host can run it, how it is started, and what kind of machine it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tools.bochs_rom import make_rom
from tools.host import Host

PAGE_KIB = 4
MIN_MEMORY_MIB = 64
MAX_MEMORY_MIB = 3072       # above it devices hide memory
SPARE_FRAMES = 8192


@dataclass(frozen=True)
class Boot:
    """What one boot of the machine needs."""

    image: Path
    words: dict[str, str]           # the kernel's command line
    cpus: int
    memory_mib: int
    gdb: bool = False               # stop at the first instruction for gdb

    @property
    def command_line(self) -> str:
        """The words as the kernel takes them."""
        return " ".join(f"{name}={value}" for name, value in
                        self.words.items())


@dataclass(frozen=True)
class Launch:
    """A command to start, and where the kernel's text comes out."""

    argv: list[str]
    console: Path | None        # a file; None: the command's own output


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

    def __init__(self, host: Host | None = None) -> None:
        self.host = host or Host()

    def missing(self) -> Missing | None:
        """None if this host can run it."""
        raise NotImplementedError

    def launch(self, boot: Boot, directory: Path) -> Launch:
        """The command for @boot; files that it needs go to @directory."""
        raise NotImplementedError

    def not_installed(self) -> Missing:
        """What is missing is the emulator itself."""
        return Missing(f"{self.program} is not installed",
                       "apt-get install " + " ".join(self.packages))


def memory_for(pages: int, vcpus: int) -> int:
    """MiB that a run needs: three frames a page (parent, child, copy), tables
    and the guest's own pages, with room to spare."""
    frames = 3 * pages + SPARE_FRAMES + 512 * vcpus
    mib = -(-frames * PAGE_KIB // 1024)
    return min(max(MIN_MEMORY_MIB, -(-mib // 32) * 32), MAX_MEMORY_MIB)


class Bochs(Backend):
    """An emulator that runs on any host, and the same way each time."""

    tick_unit = "instruction"
    packages = ("bochs", "bochs-term")
    program = "bochs-bin"
    model = ""

    def missing(self) -> Missing | None:
        if self.host.program(self.program):
            return None
        return self.not_installed()

    def launch(self, boot: Boot, directory: Path) -> Launch:
        rom = directory / "rom.bin"
        template = boot.image.with_name("bochs.rom").read_bytes()
        rom.write_bytes(make_rom(template, boot.command_line,
                                 boot.memory_mib))
        settings = directory / "bochsrc"
        settings.write_text(self._settings(boot, rom, directory))
        # Debian's Bochs has the debugger built in: c runs, and when the
        # kernel stops the machine, q ends the process.
        go = directory / "go"
        go.write_text("c\nq\n")
        return Launch([self.program, "-q", "-f", str(settings),
                       "-rc", str(go)], None)

    def _settings(self, boot: Boot, rom: Path, directory: Path) -> str:
        return f"""\
config_interface: textconfig
display_library: rfb, options="timeout=0"
memory: guest={boot.memory_mib}, host={min(boot.memory_mib, 2048)}
romimage: file={rom}
optramimage1: file={boot.image}, address=0x100000
cpu: model={self.model}, count={boot.cpus}, ips=50000000, \
reset_on_triple_fault=0
clock: sync=none, time0=946681200
log: {directory / "bochs.log"}
panic: action=fatal
error: action=ignore
info: action=ignore
debug: action=ignore
port_e9_hack: enabled=1
"""


class BochsVmx(Bochs):
    """EPT on a processor of Bochs."""

    name = "bochs-vmx"
    text = "EPT in Bochs: any host, deterministic"
    model = "corei7_skylake_x"


class Qemu(Backend):
    """QEMU, whichever way it executes the machine's instructions."""

    packages = ("qemu-system-x86",)
    program = "qemu-system-x86_64"
    gdb_address = "127.0.0.1:1234"
    accelerator = ""
    cpu = ""

    def launch(self, boot: Boot, directory: Path) -> Launch:
        console = directory / "console.txt"
        gdb = ["-S", "-gdb", f"tcp:{self.gdb_address}"] if boot.gdb else []
        return Launch([self.program, *gdb, "-nodefaults", "-no-user-config",
                       "-display", "none", "-no-reboot",
                       "-machine", f"pc,accel={self.accelerator}",
                       "-cpu", self.cpu, "-smp", str(boot.cpus),
                       "-m", str(boot.memory_mib),
                       "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                       "-debugcon", f"file:{console}",
                       "-kernel", str(boot.image),
                       "-append", boot.command_line], console)


class QemuVmx(Qemu):
    """EPT on an Intel processor, through KVM's nested VMX."""

    name = "qemu-vmx"
    text = "EPT on an Intel CPU: QEMU with KVM and nested VMX"
    machine = "nested"
    accelerator = "kvm"
    cpu = "host,+vmx"
    nested = "/sys/module/kvm_intel/parameters/nested"

    def missing(self) -> Missing | None:
        host = self.host
        if not host.cpu_has("vmx"):
            return Missing("the processor offers no VMX",
                           "an Intel host; in a virtual machine, nesting "
                           "enabled by whoever runs it")
        if not host.exists("/dev/kvm"):
            return Missing("there is no /dev/kvm", "modprobe kvm_intel")
        if host.read(self.nested) not in ("Y", "1"):
            return Missing("kvm_intel has nested=N", "modprobe -r kvm_intel; "
                           "modprobe kvm_intel nested=1")
        if not host.writable("/dev/kvm"):
            return Missing("no permission for /dev/kvm",
                           "become a member of group kvm")
        if not host.program(self.program):
            return self.not_installed()
        return None


# In the order in which `auto` tries them.
CLASSES: tuple[type[Backend], ...] = (QemuVmx, BochsVmx)


def all_backends(host: Host | None = None) -> list[Backend]:
    """Every backend, best first."""
    host = host or Host()
    return [cls(host) for cls in CLASSES]


def choose(backends: list[Backend], name: str) -> tuple[Backend | None, str]:
    """The backend called @name, or for `auto` the first that works; None and
    the reason if there is none. The text says why it was chosen."""
    passed = []
    for backend in backends:
        if name not in ("auto", backend.name):
            continue
        missing = backend.missing()
        if not missing:
            return backend, _reason(backend, name, passed)
        passed.append(f"{backend.name}: {missing.why} (needs: "
                      f"{missing.remedy})")
    return None, "; ".join(passed)


def _reason(backend: Backend, name: str, passed: list[str]) -> str:
    if name != "auto":
        return f"backend {backend.name} ({backend.machine}), as asked"
    short = [text.partition(" (needs")[0] for text in passed]
    because = "; not " + ", not ".join(short) if short else ""
    return f"backend {backend.name} ({backend.machine}): {backend.text}" \
        + because
