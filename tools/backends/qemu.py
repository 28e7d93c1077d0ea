"""QEMU as a machine: on the host's own processor through KVM, or emulated by
QEMU itself (TCG), which has SVM but no VMX."""

from __future__ import annotations

from pathlib import Path

from tools.backends import modules
from tools.backends.backend import Backend, Boot, Launch, Missing, put


class Qemu(Backend):
    """QEMU, whichever way it executes the machine's instructions."""

    packages = ("qemu-system-x86",)
    quick = True
    program = "qemu-system-x86_64"
    gdb_address = "127.0.0.1:1234"
    accelerator = ""
    counting: tuple[str, ...] = ()      # the same, with counted instructions
    cpu = ""

    def missing(self) -> Missing | None:
        if self.host.program(self.program):
            return None
        return self.not_installed()

    def launch(self, boot: Boot, directory: Path) -> Launch:
        console = directory / "console.txt"
        modules.put(boot.modules, directory)
        gdb = ["-S", "-gdb", f"tcp:{self.gdb_address}"] if boot.gdb else []
        return Launch([self.program, *gdb,
                       *self.options(boot, put(boot, directory),
                                     f"file:{console.name}")], console)

    @classmethod
    def options(cls, boot: Boot, image: str, console: str) -> list[str]:
        """QEMU's options for @boot, with the kernel in @image and its text in
        @console, a character device."""
        files = ",".join(modules.names(boot.modules))
        return ["-nodefaults", "-no-user-config", "-display", "none",
                "-no-reboot", "-machine", "pc",
                *(cls.counting if boot.exact
                  else ["-accel", cls.accelerator]),
                "-cpu", cls.cpu, "-smp", str(boot.cpus),
                "-m", str(boot.memory_mib),
                "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                "-debugcon", console, "-kernel", image,
                "-append", boot.command_line,
                *(["-initrd", files] if files else [])]


class QemuKvm(Qemu):
    """Base of those that let the kernel use the host's processor."""

    machine = "nested"
    accelerator = "kvm"
    flag = ""           # of the processor
    module = ""         # of Linux
    maker = ""          # of such processors

    @property
    def nested(self) -> str:
        """The file that tells whether the module nests."""
        return f"/sys/module/{self.module}/parameters/nested"

    def missing(self) -> Missing | None:
        host = self.host
        if not host.cpu_has(self.flag):
            return Missing(f"the processor offers no {self.flag.upper()}",
                           f"an {self.maker} host; in a virtual machine, "
                           "nesting enabled by whoever runs it")
        if not host.exists("/dev/kvm"):
            return Missing("there is no /dev/kvm", f"modprobe {self.module}")
        if host.read(self.nested) not in ("Y", "1"):
            return Missing(f"{self.module} has nested=N",
                           f"modprobe -r {self.module}; "
                           f"modprobe {self.module} nested=1")
        if not host.writable("/dev/kvm"):
            return Missing("no permission for /dev/kvm",
                           "become a member of group kvm")
        return super().missing()


class QemuVmx(QemuKvm):
    """EPT on an Intel processor, through KVM's nested VMX."""

    name = "qemu-vmx"
    text = "EPT on an Intel CPU: QEMU with KVM and nested VMX"
    cpu = "host,+vmx"
    flag = "vmx"
    module = "kvm_intel"
    maker = "Intel"


class QemuSvmKvm(QemuKvm):
    """NPT on an AMD processor, through KVM's nested SVM."""

    name = "qemu-svm-kvm"
    text = "NPT on an AMD CPU: QEMU with KVM and nested SVM"
    cpu = "host,+svm"
    flag = "svm"
    module = "kvm_amd"
    maker = "AMD"


class QemuSvm(Qemu):
    """NPT as QEMU emulates it, with a host thread for each CPU."""

    name = "qemu-svm"
    text = "NPT in QEMU (TCG): any host, CPUs run in parallel"
    accelerator = "tcg,thread=multi"
    counts = True
    counting = ("-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
                "-rtc", "base=2020-01-01,clock=vm")
    cpu = "max"
