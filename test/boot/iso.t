#!/usr/bin/python3
"""The GRUB image from CD: the menu works on the serial line, an entry boots,
and the kernel's text comes out there."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.qemu import QemuSvm  # noqa: E402

LIMIT = 120             # seconds; it takes 3
DOWN, ENTER = b"\x1b[B", b"\r"
EXIT_STATUS_0 = 33      # what QEMU ends with then, docs/booting.md


def titles():
    """The entries of the menu, in order."""
    return [line.split('"')[1]
            for line in (ROOT / "boot" / "grub.cfg").read_text().splitlines()
            if line.startswith("menuentry")]


@support.unittest.skipUnless(support.shutil.which("grub-mkrescue") and
                             support.shutil.which("mformat") and
                             support.shutil.which("xorriso"),
                             "no grub-mkrescue, mtools or xorriso")
class Iso(support.unittest.TestCase):

    def setUp(self):
        kernel = image.build()
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAKEFLAGS", "MAKELEVEL")}
        subprocess.run(["make", "-s", "-C", ROOT, "iso",
                        f"BUILD={kernel.parent}"], env=environment,
                       check=True, capture_output=True)
        self.iso = kernel.parent / "tandem.iso"

    def machine(self):
        """QEMU with the image in its CD drive, its serial line on pipes."""
        return subprocess.Popen(
            ["timeout", "-s", "KILL", str(LIMIT), QemuSvm.program,
             "-nodefaults", "-vga", "std", "-display", "none", "-no-reboot",
             "-machine", "pc", "-accel", QemuSvm.accelerator,
             "-cpu", QemuSvm.cpu, "-smp", "2", "-m", "256",
             "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
             "-serial", "stdio", "-cdrom", self.iso],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)

    def test_menu(self):
        """from CD, an entry of the menu is chosen on the serial line"""
        steps = next(number for number, title in enumerate(titles())
                     if title.startswith("list "))
        with self.machine() as machine:
            out = b""
            while b"executed automatically" not in out:
                more = machine.stdout.read1()
                self.assertTrue(more, out)
                out += more
            for _ in range(steps):
                machine.stdin.write(DOWN)
                machine.stdin.flush()
                time.sleep(0.1)         # a serial line has a short memory
            rest, _ = machine.communicate(ENTER)
        text = rest.decode(errors="replace")
        self.assertEqual(machine.returncode, EXIT_STATUS_0, text)
        for line in ("list policies bracket ", "list workloads cow-host ",
                     "exit status=0"):
            self.assertIn(line, text)


if __name__ == "__main__":
    support.main()
