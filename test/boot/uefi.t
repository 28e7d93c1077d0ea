#!/usr/bin/python3
"""The GRUB image under UEFI, from CD and from a USB stick: the menu takes a
key, the kernel's text comes out on the serial line, and the same text is on
the screen, read back from its picture."""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from screen import FAREWELL, Monitor, Picture, as_rows  # noqa: E402
from tools.backends.backend import Launch  # noqa: E402
from tools.process import Emulator  # noqa: E402
from tools.backends.qemu import QemuSvm  # noqa: E402
from tools.runner import Limits, Progress  # noqa: E402

FIRMWARE = Path("/usr/share/ovmf/OVMF.fd")
# Of the emulator's CPU time, or without it and without a word.
LIMITS = Limits(idle=60, busy=120)


@support.unittest.skipUnless(FIRMWARE.exists() and
                             support.shutil.which("grub-mkrescue") and
                             support.shutil.which("mformat") and
                             support.shutil.which("xorriso"),
                             "no OVMF, grub-mkrescue, mtools or xorriso")
class Uefi(support.unittest.TestCase):

    def setUp(self):
        self.iso = support.iso_image()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.lines = []

    def machine(self, *drive):
        """QEMU with UEFI and the image in its @drive. It has no port that
        ends it: the picture stays when the kernel has ended."""
        argv = [QemuSvm.program, "-nodefaults", "-no-user-config",
                "-vga", "std", "-display", "none", "-no-reboot",
                "-machine", "pc", "-accel", QemuSvm.accelerator,
                "-cpu", QemuSvm.cpu, "-smp", "2", "-m", "256",
                "-bios", str(FIRMWARE), "-serial", "file:console.txt",
                "-qmp", "unix:qmp,server=on,wait=off", *drive]
        return Emulator(Launch(argv, self.directory / "console.txt"),
                        self.directory)

    def follow(self, emulator, done, state=lambda: ""):
        """Read on until @done() says so. A machine that is gone or hung
        fails, with its last lines and @state()."""
        progress = Progress(LIMITS)
        while not done():
            self.lines += emulator.lines()
            if not emulator.running() or \
                    progress.hung(emulator.bytes_seen, len(self.lines),
                                  emulator.look()):
                self.fail("\n".join((*self.lines[-20:], state())))
            time.sleep(0.1)

    def wait_for(self, emulator, text):
        """Until a line has @text, or one that has only begun."""
        self.follow(emulator, lambda: any(
            text in line
            for line in (*self.lines, emulator.unfinished_line())))

    def picture(self, emulator, monitor):
        """The screen when all that the kernel says is on it."""
        path = self.directory / "picture.ppm"

        def has_all():
            monitor.call("screendump", filename=str(path))
            return FAREWELL in Picture.from_ppm(path).lines()

        self.follow(emulator, has_all, lambda: "\n".join(
            ["On the screen:", *Picture.from_ppm(path).lines()]))
        return Picture.from_ppm(path)

    def choose(self, *drive):
        """Choose the entry that lists everything; the screen at its end."""
        with self.machine(*drive) as emulator:
            self.wait_for(emulator, "executed automatically")
            with Monitor(self.directory / "qmp") as monitor:
                monitor.call("send-key",
                             keys=[{"type": "qcode", "data": "8"}])
                self.wait_for(emulator, "exit status=")
                return self.picture(emulator, monitor)

    def expected(self, columns):
        """What the kernel has said, as rows of @columns."""
        # GRUB ends its lines the other way round.
        lines = [line.lstrip("\r") for line in self.lines]
        first = next(number for number, line in enumerate(lines)
                     if line.startswith("tandem "))
        return as_rows((*lines[first:], FAREWELL), columns)

    def check(self, *drive):
        """The text is complete on the serial line; the screen has its end."""
        picture = self.choose(*drive)
        shown = picture.lines()
        self.assertIn("exit status=0", self.lines)
        for start in ("list policies bracket ", "list workloads cow-host "):
            self.assertTrue(any(line.startswith(start)
                                for line in self.lines), self.lines)
        self.assertGreater(len(shown), 20)
        self.assertEqual(shown, self.expected(picture.columns)[-len(shown):])

    def test_cd(self):
        """from CD"""
        self.check("-cdrom", str(self.iso))

    def test_stick(self):
        """from a USB stick to which the image is written"""
        self.check("-device", "qemu-xhci", "-device",
                   "usb-storage,drive=stick", "-drive",
                   f"if=none,id=stick,format=raw,snapshot=on,file={self.iso}")


if __name__ == "__main__":
    support.main()
