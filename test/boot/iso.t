#!/usr/bin/python3
"""The GRUB image under a BIOS, from CD and as a disk: the menu works on the
serial line, an entry boots, and the kernel's text comes out there."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools.patience import Patience, communicate, until  # noqa: E402
from tools.backends.qemu import QemuSvm  # noqa: E402

PATIENCE = Patience(cpu=120, idle=60)       # it takes 3 s
EXIT_STATUS_0 = 33      # what QEMU ends with then, docs/booting.md


@support.unittest.skipUnless(support.shutil.which("grub-mkrescue") and
                             support.shutil.which("mformat") and
                             support.shutil.which("xorriso"),
                             "no grub-mkrescue, mtools or xorriso")
class Iso(support.unittest.TestCase):

    def setUp(self):
        self.iso = support.iso_image()

    def machine(self, *drive):
        """QEMU that boots @drive, and the file with what its serial line
        says; what it hears is a pipe."""
        said = support.tempfile.TemporaryFile()
        self.addCleanup(said.close)
        return subprocess.Popen(
            [QemuSvm.program, "-nodefaults", "-vga", "std", "-display",
             "none", "-no-reboot", "-machine", "pc", "-accel",
             QemuSvm.accelerator, "-cpu", QemuSvm.cpu, "-smp", "2", "-m",
             "256", "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
             "-serial", "stdio", *drive],
            stdin=subprocess.PIPE, stdout=said, stderr=said), said

    def choose(self, *drive):
        """Choose the entry that lists everything, by its digit."""
        def so_far():
            return os.pread(said.fileno(), 1 << 20, 0)

        machine, said = self.machine(*drive)
        with machine:
            shown = until(lambda: b"executed automatically" in so_far(),
                          machine.pid, PATIENCE)
            if not shown:
                machine.kill()
            else:
                communicate(machine, PATIENCE, b"8")
        text = so_far().decode(errors="replace")
        self.assertTrue(shown, text)
        self.assertEqual(machine.returncode, EXIT_STATUS_0, text)
        for line in ("list policies bracket ", "list workloads cow-host ",
                     "exit status=0"):
            self.assertIn(line, text)

    def test_cd(self):
        """from CD, an entry of the menu is chosen on the serial line"""
        self.choose("-cdrom", self.iso)

    def test_disk(self):
        """from a disk, or a stick, to which the image is written"""
        self.choose("-drive", f"file={self.iso},format=raw,snapshot=on")


if __name__ == "__main__":
    support.main()
