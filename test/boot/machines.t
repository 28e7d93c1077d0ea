#!/usr/bin/python3
"""The kernel on machines that are not those of the front end, and with command
lines that the front end would not write: it runs, or says in one line why not
and ends the machine with the status that belongs to it."""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backends.backend import Boot, Launch  # noqa: E402
from tools.backends.bochs import BochsVmx  # noqa: E402
from tools.process import Emulator  # noqa: E402
from tools.backends.qemu import QemuSvm  # noqa: E402
from tools.runner import Limits, Progress  # noqa: E402

RUN = "policy=bracket workload=cow-host pages=64 guest=idle"
# Of the emulator's CPU time, or without it and without a word.
LIMITS = Limits(idle=30, busy=60)


def boot(*options, line=RUN, kernel=None, path="./kernel", cpu="max",
         machine="pc", memory=256, cpus=2):
    """Boot QEMU with @options and perhaps with @kernel, which it finds at
    @path and hands over so: the kernel's status (None: no end) and its
    lines."""
    argv = [QemuSvm.program, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot",
            "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
            "-debugcon", "stdio", "-accel", QemuSvm.accelerator,
            "-machine", machine, "-cpu", cpu, "-smp", str(cpus),
            "-m", str(memory), *options]
    if kernel:
        argv += ["-kernel", path, "-append", line]
    lines = []
    with tempfile.TemporaryDirectory() as name:
        if kernel:
            (Path(name) / path).parent.mkdir(exist_ok=True)
            (Path(name) / path).symlink_to(kernel)
        status = follow(Launch(argv, None), Path(name), lines)
    # docs/booting.md: 2 * (0x10 + status) + 1
    return ((status - 33) // 2 if status in range(33, 43, 2) else None), lines


def follow(launch, directory, lines):
    """Start the emulator and add what it says to @lines; its exit status, or 0
    if it hangs."""
    with Emulator(launch, directory) as emulator:
        progress = Progress(LIMITS)
        while emulator.running():
            lines += emulator.lines()
            if progress.hung(emulator.bytes_seen, len(lines),
                             emulator.look()):
                return 0
            time.sleep(0.05)
        lines += emulator.lines()
        return emulator.status


def without_farewell(lines):
    """@lines but for the machine's last word, or as much of it as came out: it
    runs on until QEMU, on a busy host, gets round to ending it."""
    if lines and "The machine can be switched off.".startswith(lines[-1]):
        return lines[:-1]
    return lines


class MachineTest(support.unittest.TestCase):
    """Base of all: the image, and what it must say."""

    @classmethod
    def setUpClass(cls):
        cls.kernel = image.build()

    def refused(self, status, *mentions, **machine):
        """One line says what is wrong, and the machine ends."""
        got, lines = boot(kernel=self.kernel, **machine)
        text = "\n".join(lines)
        self.assertEqual(got, status, text)
        lines = without_farewell(lines)
        self.assertEqual(len(lines), 3, text)
        self.assertTrue(lines[0].startswith("tandem "), text)
        self.assertTrue(lines[1].startswith("error: "), text)
        self.assertEqual(lines[2], f"exit status={status}")
        for word in mentions:
            self.assertIn(word, lines[1])


    def accepted(self, **machine):
        """The run is made, and coherent."""
        got, lines = boot(kernel=self.kernel, **machine)
        text = "\n".join(lines)
        self.assertEqual(got, 0, text)
        self.assertIn("result 1/1 verdict=coherent violations=0 "
                      "stale_reads=0", lines)
        return lines


    def ticks(self, **machine):
        """TSC ticks per millisecond, as a kernel found out that runs well."""
        lines = self.accepted(**machine)
        record = next(x for x in lines if x.startswith("machine "))
        return int(record.split("ticks_per_ms=")[1].split()[0])


class Clock(MachineTest):
    """Time is what a timer says, or nothing is run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.right = cls.ticks(cls(), machine="pc")

    def agrees(self, **machine):
        """The same host: the same TSC, whatever measures it."""
        ticks = self.ticks(**machine)
        self.assertAlmostEqual(ticks / self.right, 1, delta=0.03)

    def test_again(self):
        """two boots measure the same"""
        self.agrees(machine="pc")

    def test_microvm(self):
        """a PIT without the port beside it: microvm, small and big"""
        self.agrees(machine="microvm", memory=512)
        self.agrees(machine="microvm", memory=3072)

    def test_acpi_timer(self):
        """without PIT: the ACPI timer"""
        self.agrees(machine="pc,pit=off")
        self.agrees(machine="q35,pit=off")

    def test_none(self):
        """without any timer one line, not a guess"""
        for machine in ("microvm,pit=off", "pc,pit=off,acpi=off"):
            self.refused(3, "has no clock", machine=machine, memory=512)

    @support.unittest.skipUnless(support.shutil.which(BochsVmx.program),
                                 "no Bochs")
    def test_bochs(self):
        """CPUID's frequency is not believed against a timer"""
        lines = []
        with tempfile.TemporaryDirectory() as name:
            launch = BochsVmx().launch(
                Boot(self.kernel, {"test": "hvm_exits"}, 1, 64), Path(name))
            follow(launch, Path(name), lines)
        said = [x for x in lines if x.startswith("clock: ")]
        self.assertEqual(len(said), 1, "\n".join(lines))
        self.assertIn("CPUID says 3500000 ticks per ms, and the PIT says",
                      said[0])
        record = next(x for x in lines if x.startswith("machine "))
        self.assertIn(record.split("ticks_per_ms=")[1].split()[0][:2],
                      ("49", "50"))


class Features(MachineTest):
    """A CPU that lacks something: before there is a trap handler or 64 bits."""

    def test_each(self):
        """each feature that the kernel uses is missed when it is missing"""
        names = re.findall(r'row\("(\w+)"',
                           (ROOT / "boot" / "features.h").read_text())
        self.assertGreaterEqual(set(names), {"lm", "nx", "msr", "pae", "apic"})
        for name in names:
            self.refused(3, f"CPU lacks {name}, which", cpu=f"max,-{name}")

    def test_old(self):
        """32-bit CPUs: all that they lack is named"""
        for cpu in ("qemu32", "pentium3", "486"):
            self.refused(3, " nx lm, which", cpu=cpu)

    def test_serial(self):
        """without a debug console it is said on the serial line"""
        argv = [QemuSvm.program, "-nodefaults", "-display", "none",
                "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
                "-serial", "stdio", "-cpu", "qemu32", "-kernel",
                str(self.kernel)]
        lines = []
        with tempfile.TemporaryDirectory() as name:
            self.assertEqual(follow(Launch(argv, None), Path(name), lines), 39)
        self.assertEqual(len(without_farewell(lines)), 3)
        self.assertIn("CPU lacks nx lm, which", lines[1])


class Naps(MachineTest):
    """A CPU whose timer may stop in a HLT."""

    def test_c1e(self):
        """it does not sleep, unless its HLT is a hypervisor's"""
        for more, end in (("", ""), (",-hypervisor", " # SKIP")):
            with self.subTest(more):
                status, lines = boot(
                    kernel=self.kernel, cpu=f"Opteron_G3,+svm,+npt{more}",
                    line="test=each_nap_ends")
                self.assertEqual(status, 0, lines)
                self.assertIn(f"ok 1 - each_nap_ends{end}", lines)


class CommandLine(MachineTest):
    """What asks for an experiment is read whole, or refused."""

    def test_line(self):
        """a line without room is refused, not cut"""
        self.refused(2, "within 2047 bytes",
                     line=RUN.ljust(2045) + "pages=64 seed=7")

    def test_word(self):
        """a word without room is refused, not cut"""
        policies = ",".join(["batch"] * 85) + ",bracket"
        self.refused(2, "'policy=batch,", "has 524 bytes", "up to 511",
                     line=f"policy={policies} pages=64")

    def test_first_word(self):
        """only a path is skipped as the first word"""
        self.refused(2, "word 'help' is unknown", path="help")
        self.accepted(path="a=b/kernel")

    def test_invisible(self):
        """a carriage return at the end of the line is seen"""
        self.refused(2, r"'seed=7\r' is not accepted", line=RUN + " seed=7\r")


class Skipped(MachineTest):
    """A litmus test that needs more CPUs than there are."""

    def test_violations(self):
        """it is skipped, and takes no violations from the one before it"""
        _, lines = boot(kernel=self.kernel, cpus=2, line="policy=none "
                        "litmus=COW-MP,COW-WRC mutants=no-flush")
        text = "\n".join(lines)
        before, _, after = text.partition("verdict=")
        self.assertIn("violation rule=O12", before, text)
        self.assertIn("verdict=skipped", after, text)
        self.assertNotIn("violation rule=", after, text)
        self.assertNotIn("message broken:", after, text)


@support.unittest.skipUnless(all(map(support.shutil.which, (
    "grub-mkrescue", "mformat", "xorriso"))),
    "no grub-mkrescue, mtools or xorriso")
class MemoryMap(MachineTest):
    """Whatever the loader's map looks like."""

    HOLES = 260

    def test_holes(self):
        """a memory map with hundreds of holes: what is not used is said"""
        holes = [0x800123 + i * 0x43000 for i in range(self.HOLES)]
        menu = ["set timeout=0", "menuentry t {", "insmod mmap",
                *(f"cutmem {at:#x} {at + 0x77:#x}" for at in holes),
                f"multiboot /boot/tandem.bin {RUN}", "}"]
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "root"
            (root / "boot" / "grub").mkdir(parents=True)
            (root / "boot" / "grub" / "grub.cfg").write_text("\n".join(menu))
            support.shutil.copy(self.kernel, root / "boot" / "tandem.bin")
            subprocess.run(["grub-mkrescue", "-o", f"{name}/iso", root],
                           check=True, capture_output=True)
            status, lines = boot("-cdrom", f"{name}/iso", memory=128)
        text = "\n".join(lines)
        self.assertEqual(status, 0, text)
        # Holes of a page with 66 pages between, and the list has 256 places.
        self.assertIn("memory: 1320 KiB in 5 pieces are not used: only the "
                      "256 biggest pieces are", lines)
        machine = next(x for x in lines if x.startswith("machine "))
        self.assertGreater(int(machine.split("memory_mib=")[1].split()[0]),
                           128 - 12, machine)


if __name__ == "__main__":
    support.main()
