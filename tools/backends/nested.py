"""The real QEMU with KVM and nesting, as on a host with virtualization
hardware, but in a Linux that itself runs in an emulator: slow, and works on
any Debian host. KVM keeps stale translations as hardware does, so this shows
mistakes that the emulators alone forgive."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Callable

from tools.backends import bochs, modules
from tools.backends.backend import Backend, Boot, Launch, Missing
from tools.backends.iso import make_iso
from tools.backends.linux import ARGUMENTS, TOOLS, Linux, get_linux
from tools.backends.qemu import Qemu, QemuKvm, QemuSvm, QemuSvmKvm, QemuVmx

LINUX_MIB = 832         # what Linux, its file system and QEMU itself need


class Nested(Backend):
    """Base of both: an emulator outside, QEMU with KVM inside."""

    machine = "nested"
    machine_text = "nested machine, its host emulated"
    automatic = False
    patience = 4            # Linux boots before the first record
    program = ""            # the emulator
    inside: type[QemuKvm]
    outside: type[Backend]
    tools: dict[str, str] = {}      # program or file -> package

    def missing(self) -> Missing | None:
        host = self.host
        needed = {Qemu.program: Qemu.packages[0], **TOOLS, **self.tools}
        absent = [name for name in needed if not
                  (host.exists(name) if "/" in name else host.program(name))]
        if not host.program("apt-get"):
            return Missing("there is no apt-get", "Debian, whose packages "
                           "it is made of")
        if absent:
            names = dict.fromkeys(needed[name] for name in absent)
            return Missing(" ".join(absent) + " not installed",
                           "apt-get install " + " ".join(names))
        return None

    def quickest(self) -> Backend:
        return self.outside(self.host)

    def _linux(self, directory: Path,
               say: Callable[[str], None] = lambda text: None) -> Linux:
        qemu = self.host.program(Qemu.program)
        return get_linux(directory / "nested", qemu, say)

    def prepare(self, directory: Path, say: Callable[[str], None]) -> None:
        self._linux(directory, say)

    def launch(self, boot: Boot, directory: Path) -> Launch:
        linux = self._linux(boot.image.parent)
        options = self.inside.options(boot, "/kernel", "stdio")
        initrd = directory / "initrd"
        initrd.write_bytes(linux.initrd(
            boot.image, shlex.join(["/bin/qemu", "-L", "/firmware",
                                    *options]),
            modules.contents(boot.modules)))
        console = directory / "console.txt"
        return Launch(self.emulator(boot, directory, linux.kernel, initrd,
                                    console), console, alone=True)

    def emulator(self, boot: Boot, directory: Path, kernel: Path,
                 initrd: Path, console: Path) -> list[str]:
        """The command that boots Linux with its first serial line in
        @console."""
        raise NotImplementedError


class KvmOnBochs(Nested):
    """EPT through kvm_intel."""

    name = "kvm-on-bochs"
    text = "EPT in QEMU with KVM, in Linux in Bochs: any Debian host, slow"
    program = bochs.Bochs.program
    inside = QemuVmx
    outside = bochs.BochsVmx
    bios = "/usr/share/bochs/BIOS-bochs-latest"
    vga_bios = "/usr/share/bochs/VGABIOS-lgpl-latest"
    grub = "/usr/lib/grub/i386-pc/cdboot.img"
    tools = {program: "bochs bochs-term", bios: "bochsbios",
             vga_bios: "vgabios", "grub-mkimage": "grub-common",
             grub: "grub-pc-bin", "xorriso": "xorriso"}

    def emulator(self, boot: Boot, directory: Path, kernel: Path,
                 initrd: Path, console: Path) -> list[str]:
        image = directory / "linux.iso"
        make_iso(image, kernel, initrd, "lpj=1000000 clocksource=tsc "
                 f"tsc=reliable {ARGUMENTS}")
        return bochs.command(
            directory, bochs.BochsVmx.model, boot.cpus,
            LINUX_MIB + boot.memory_mib,
            f"romimage: file={self.bios}\n"
            f"vgaromimage: file={self.vga_bios}\n"
            "ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14\n"
            f"ata0-master: type=cdrom, path={image.name}, status=inserted\n"
            "boot: cdrom\n"
            "pci: enabled=0\n"    # with it 16 CPUs are too many timers
            f"com1: enabled=1, mode=file, dev={console.name}\n")


class KvmOnTcg(Nested):
    """NPT through kvm_amd."""

    name = "kvm-on-tcg"
    text = "NPT in QEMU with KVM, in Linux in QEMU (TCG): any Debian host"
    program = Qemu.program
    inside = QemuSvmKvm
    outside = QemuSvm

    def emulator(self, boot: Boot, directory: Path, kernel: Path,
                 initrd: Path, console: Path) -> list[str]:
        (directory / "linux").symlink_to(kernel.absolute())
        return [self.program, "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", "-machine", "pc",
                "-accel", QemuSvm.accelerator, "-cpu", QemuSvm.cpu,
                "-smp", str(boot.cpus + 1),
                "-m", str(LINUX_MIB + boot.memory_mib),
                "-serial", f"file:{console.name}", "-kernel", "linux",
                "-initrd", initrd.name, "-append",
                f"maxcpus=1 idle=halt {ARGUMENTS}"]
