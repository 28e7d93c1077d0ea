#!/usr/bin/python3
"""The kernel's text on framebuffers that no firmware at hand sets up: in RAM
that the memory map leaves out, described by the information block of Bochs'
ROM, on QEMU. What is drawn is read from that RAM."""

import struct
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from screen import FAREWELL, Monitor, Picture, as_rows  # noqa: E402
from tools import image  # noqa: E402
from tools.backends.backend import Launch  # noqa: E402
from tools.backends.bochs_rom import make_rom  # noqa: E402
from tools.process import Emulator  # noqa: E402
from tools.backends.qemu import QemuSvm  # noqa: E402
from tools.runner import Limits, Progress  # noqa: E402

# Of the emulator's CPU time, or without it and without a word.
LIMITS = Limits(idle=60, busy=60)
MIB = 1 << 20
MEMORY_MIB = 64         # that the memory map has; the machine has more
FLAG_FRAMEBUFFER = 1 << 12
RGB, TEXT = 1, 2


class Framebuffer(support.unittest.TestCase):

    def setUp(self):
        self.kernel = image.build()
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def machine(self, address, pitch, width, height, bits, kind, cpu, line):
        """QEMU with a ROM that reports such a framebuffer."""
        rom = bytearray(make_rom(
            (self.kernel.parent / "bochs.rom").read_bytes(), line,
            MEMORY_MIB))
        flags, = struct.unpack_from("<I", rom)
        struct.pack_into("<I", rom, 0, flags | FLAG_FRAMEBUFFER)
        struct.pack_into("<QIIIBB", rom, 88, address, pitch, width, height,
                         bits, kind)
        (self.directory / "rom").write_bytes(rom)
        argv = [QemuSvm.program, "-nodefaults", "-no-user-config",
                "-display", "none", "-no-reboot", "-machine", "pc",
                "-accel", QemuSvm.accelerator, "-cpu", cpu, "-smp", "1",
                "-m", "6G", "-bios", "rom",
                "-device", f"loader,file={self.kernel},addr={MIB:#x},"
                "force-raw=on", "-debugcon", "file:console.txt",
                "-qmp", "unix:qmp,server=on,wait=off"]
        return Emulator(Launch(argv, self.directory / "console.txt"),
                        self.directory)

    def follow(self, emulator, lines, done):
        """Read on until @done(); a machine that is gone or hung fails."""
        progress = Progress(LIMITS)
        while not done():
            lines += emulator.lines()
            if not emulator.running() or \
                    progress.hung(emulator.bytes_seen, len(lines),
                                  emulator.look()):
                self.fail("\n".join(lines))
            time.sleep(0.05)

    def boot(self, address, pitch, width, height, bits=32, kind=RGB,
             cpu="max", line="list=policies", until=""):
        """What the kernel says, and the picture, as soon as @until is the
        last line there."""
        path = self.directory / "pixels"
        lines = []

        def picture():
            monitor.call("pmemsave", val=address, size=pitch * height,
                         filename=str(path))
            return Picture(width, height, path.read_bytes(), pitch, bits // 8)

        with self.machine(address, pitch, width, height, bits, kind, cpu,
                          line) as emulator:
            self.follow(emulator, lines, lambda: "exit status=0" in lines)
            with Monitor(self.directory / "qmp") as monitor:
                if until:
                    self.follow(emulator, lines,
                                lambda: picture().lines()[-1:] == [until])
                return lines, picture()

    def shown(self, *framebuffer, **options):
        """All text is there, its end if it is too long."""
        lines, picture = self.boot(*framebuffer, **options, until=FAREWELL)
        self.assertFalse([x for x in lines if x.startswith("screen:")])
        rows = as_rows((*lines, FAREWELL), picture.columns)
        shown = picture.lines()
        self.assertGreater(len(shown), 5)
        self.assertEqual(shown, rows[-len(shown):])

    def refused(self, *framebuffer, **options):
        """A line says so behind the first one; nothing is drawn."""
        lines, picture = self.boot(*framebuffer, **options)
        self.assertTrue(lines[1].startswith("screen: "), lines)
        self.assertFalse(any(picture.pixels))

    def test_low(self):
        """below 4 GiB"""
        self.shown(1 << 30, 4096, 1024, 768)

    def test_high(self):
        """above 4 GiB, over the border of two pages of 2 MiB"""
        self.shown((5 << 30) + MIB + 4096, 4096, 1024, 768)

    def test_no_huge_pages(self):
        """above 4 GiB, on a CPU without pages of 1 GiB"""
        self.shown(5 << 30, 4096, 1024, 768, cpu="max,-pdpe1gb")

    def test_24_bits(self):
        """24 bits a pixel, and rows at odd addresses"""
        self.shown((5 << 30) + 1, 3079, 1024, 768, bits=24)

    def test_in_use(self):
        """in the memory that the map offers and that is used first"""
        self.shown(6 * MIB, 4096, 1024, 768,
                   line="policy=bracket workload=cow-host pages=1024")

    def test_bits(self):
        """8 bits a pixel: refused"""
        self.refused(1 << 30, 4096, 1024, 768, bits=8)

    def test_beyond(self):
        """behind the last physical address: refused"""
        lines, _ = self.boot(1 << 52, 4096, 1024, 768)
        self.assertTrue(lines[1].startswith("screen: "), lines)

    def test_text(self):
        """a text screen: no word"""
        lines, _ = self.boot(0xb8000, 160, 80, 25, bits=16, kind=TEXT)
        self.assertFalse([x for x in lines if x.startswith("screen:")])


if __name__ == "__main__":
    support.main()
