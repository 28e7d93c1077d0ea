#!/usr/bin/python3
"""The GRUB image under UEFI, from CD and from a USB stick: the menu takes a
key, the kernel's text comes out on the serial line, and the same text is on
the screen, read back from its picture."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backend import Launch  # noqa: E402
from tools.process import Emulator  # noqa: E402
from tools.qemu import QemuSvm  # noqa: E402
from tools.runner import Limits, Progress  # noqa: E402

FIRMWARE = Path("/usr/share/ovmf/OVMF.fd")
# Of the emulator's CPU time, or without it and without a word.
LIMITS = Limits(idle=60, busy=120)
CELL = 6, 10            # arch/x86/framebuffer.h
GLYPH = 5, 8
FAREWELL = "The machine can be switched off."


def glyphs():
    """Each printable character by the dots of its glyph."""
    text = (ROOT / "arch" / "x86" / "font.c").read_text()
    rows = [int(word, 16).to_bytes(8, "big")
            for word in re.findall(r"0x([0-9a-f]{16})", text)]
    return {glyph: chr(32 + number) for number, glyph in enumerate(rows)}


class Picture:
    """What the screen shows: a PPM file of QEMU's."""

    def __init__(self, path):
        kind, width, height, _, pixels = path.read_bytes().split(maxsplit=4)
        assert kind == b"P6"
        self.width, self.height = int(width), int(height)
        self.pixels = pixels
        self.dot = max(1, min(self.width // (80 * CELL[0]),
                              self.height // (25 * CELL[1])))
        self.columns = self.width // (CELL[0] * self.dot)
        self.rows = self.height // (CELL[1] * self.dot)

    def is_lit(self, x, y):
        """The pixel is white; it is black otherwise, or nothing of ours."""
        at = (y * self.width + x) * 3
        return self.pixels[at:at + 3] == b"\xff\xff\xff"

    def cell(self, row, column, characters):
        """The character there, or a replacement for what is none."""
        x, y = column * CELL[0] * self.dot, row * CELL[1] * self.dot
        dots = bytes(
            sum(self.is_lit(x + i * self.dot, y + j * self.dot) << 4 - i
                for i in range(GLYPH[0])) for j in range(GLYPH[1]))
        return characters.get(dots, "\ufffd")

    def lines(self):
        """The text, line by line, without what is empty at the end."""
        characters = glyphs()
        lines = ["".join(self.cell(row, column, characters)
                         for column in range(self.columns)).rstrip()
                 for row in range(self.rows)]
        while lines and not lines[-1]:
            lines.pop()
        return lines


class Monitor:
    """QEMU's monitor, QMP."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.file = self.socket.makefile("rw")
        self.file.readline()                    # the greeting
        self.call("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def call(self, command, **arguments):
        """Return when it is done."""
        json.dump({"execute": command, "arguments": arguments}, self.file)
        self.file.flush()
        for line in self.file:
            answer = json.loads(line)
            if "error" in answer:
                raise OSError(answer["error"]["desc"])
            if "return" in answer:
                return
        raise EOFError("QEMU has gone")


@support.unittest.skipUnless(FIRMWARE.exists() and
                             support.shutil.which("grub-mkrescue") and
                             support.shutil.which("mformat") and
                             support.shutil.which("xorriso"),
                             "no OVMF, grub-mkrescue, mtools or xorriso")
class Uefi(support.unittest.TestCase):

    def setUp(self):
        kernel = image.build()
        environment = {name: value for name, value in os.environ.items()
                       if name not in ("MAKEFLAGS", "MAKELEVEL")}
        subprocess.run(["make", "-s", "-C", ROOT, "iso",
                        f"BUILD={kernel.parent}"], env=environment,
                       check=True, capture_output=True)
        self.iso = kernel.parent / "tandem.iso"
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
                                  emulator.cpu_seconds()):
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
            return FAREWELL in Picture(path).lines()

        self.follow(emulator, has_all, lambda: "\n".join(
            ["On the screen:", *Picture(path).lines()]))
        return Picture(path)

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
        rows = []
        for line in (*lines[first:], FAREWELL):
            rows += [line[at:at + columns].rstrip()
                     for at in range(0, len(line) or 1, columns)]
        return rows

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
