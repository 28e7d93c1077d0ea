#!/usr/bin/python3
"""Files that go with a boot: what is refused before there is a machine, and
how each emulator is told of them."""

import os
import struct

import support
from tools.backends import linux
from tools.backends.archive import cpio
from tools.backends.backend import Boot
from tools.backends.bochs import BochsVmx
from tools.backends.bochs_rom import Module, add_modules, make_rom
from tools.backends.nested import KvmOnTcg
from tools.backends.qemu import QemuSvm
from tools.errors import Stop

MIB = 1 << 20
BSS_END = MIB + 0x7001
# A multiboot header, and a few bytes of a kernel.
IMAGE = struct.pack("<8I", 0x1badb002, 0x10003, 0, MIB, MIB, MIB + 40,
                    BSS_END, MIB + 32) + b"contents"
NAME_RULE = "its name may have 1 to 63 letters, digits and . _ - +"


class ModulesTest(support.FrontEndTest):

    def setUp(self):
        super().setUp()
        self.image = self.directory / "k.bin"
        self.image.write_bytes(IMAGE)
        (self.directory / "bochs.rom").write_bytes(bytes(0x10000))
        self.run_in = self.directory / "run"
        self.run_in.mkdir()

    def file(self, name, content=b"text", folder="mine, all"):
        path = self.directory / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def boot(self, *paths):
        return Boot(self.image, {"a": "1"}, 2, 96, modules=paths)

    def launch(self, backend, *paths):
        return backend.launch(self.boot(*paths), self.run_in)


class Refused(ModulesTest):
    """In the kernel's words: test/host/modules.c has the same."""

    def refused(self, text, *paths):
        with self.assertRaises(Stop) as caught:
            self.boot(*paths)
        self.assertEqual((caught.exception.status, caught.exception.text),
                         (2, text))

    def test_names(self):
        """a name that would be cut or mistaken"""
        for name in ("a,b", "a b", "a=b", "ä", "x" * 64):
            shown = name if len(name) < 64 else "x" * 60 + "..."
            self.refused(f"module '{shown}' is not accepted: {NAME_RULE}",
                         self.file(name))
        self.boot(self.file("x" * 63), self.file("A_b-1.+"))

    def test_twice(self):
        """two files of one name, from two folders"""
        self.refused("module 'a' is not accepted: there are two of that name",
                     self.file("a"), self.file("a", folder="others"))

    def test_size(self):
        """64 KiB and one byte; empty ones may come"""
        self.boot(self.file("a", bytes(65536)), self.file("b", b""))
        self.refused("module 'a' is not accepted: it has 65537 bytes, and "
                     "may have up to 65536", self.file("a", bytes(65537)))

    def test_count(self):
        """the seventeenth"""
        paths = [self.file(f"m{i}") for i in range(17)]
        self.boot(*paths[:16])
        self.refused("17 modules are not accepted: there may be up to 16",
                     *paths)

    def test_no_file(self):
        """one that is not there, and a folder"""
        path = self.directory / "nothing"
        self.refused(f"module 'nothing' is not accepted: {path}: No such file "
                     "or directory", path)
        self.refused(f"module 'run' is not accepted: {self.run_in}: it is "
                     "not a file", self.run_in)

    def test_fifo(self):
        """what is no file is not waited for"""
        path = self.directory / "fifo"
        os.mkfifo(path)
        self.refused(f"module 'fifo' is not accepted: {path}: it is not a "
                     "file", path)


class Commands(ModulesTest):

    def test_none(self):
        """without modules nothing is different"""
        argv = self.launch(QemuSvm()).argv
        self.assertEqual(argv[-2:], ["-append", "a=1"])
        self.assertNotIn("-initrd", argv)
        self.launch(BochsVmx())
        self.assertEqual(os.readlink(self.run_in / "kernel"), str(self.image))
        self.assertFalse((self.run_in / "files").exists())
        self.assertEqual(make_rom(bytes(0x10000), "a=1", 96, []),
                         make_rom(bytes(0x10000), "a=1", 96))
        kept = linux.Linux(self.image, self.image)
        self.assertEqual(kept.initrd(self.image, "x", {}),
                         cpio({"kernel": IMAGE, "machine": b"exec x\n"})
                         + IMAGE)

    def test_qemu(self):
        """QEMU: by links whose names nothing cuts into pieces"""
        one, two = self.file("a.scn", b"one"), self.file("b.lit", b"two")
        launch = self.launch(QemuSvm(), one, two)
        self.assertEqual(launch.argv[-2:],
                         ["-initrd", "files/a.scn,files/b.lit"])
        self.assertEqual((self.run_in / "files/a.scn").read_bytes(), b"one")
        self.assertEqual((self.run_in / "files/b.lit").read_bytes(), b"two")

    def test_bochs(self):
        """Bochs: behind the kernel's bss, in one image with it"""
        self.launch(BochsVmx(), self.file("a.scn", b"one"),
                    self.file("b.lit", b"x" * 4097))
        loaded = (self.run_in / "kernel").read_bytes()
        self.assertEqual(self.image.read_bytes(), IMAGE)
        self.assertTrue(loaded.startswith(IMAGE))
        self.assertFalse(any(loaded[len(IMAGE):0x8000]))
        rom = (self.run_in / "rom.bin").read_bytes()
        flags, = struct.unpack_from("<I", rom, 0)
        count, at = struct.unpack_from("<II", rom, 0x14)
        self.assertEqual((flags & 8, count), (8, 2))
        found = []
        for i in range(count):
            start, end, name, zero = struct.unpack_from(
                "<4I", rom, at - 0xf0000 + 16 * i)
            self.assertEqual((zero, start % 4096), (0, 0))
            self.assertGreaterEqual(start, BSS_END)
            text = rom[name - 0xf0000:].partition(b"\0")[0]
            found.append((text, loaded[start - MIB:end - MIB]))
        self.assertEqual(found, [(b"a.scn", b"one"), (b"b.lit", b"x" * 4097)])
        self.assertEqual(struct.unpack_from("<I", rom, 0xf0)[0],
                         MIB + len(loaded))

    def test_bochs_room(self):
        """the ROM has room for what is accepted, and refuses the rest"""
        files = {f"{i:063}": bytes(65536) for i in range(16)}
        image, modules = add_modules(IMAGE, files)
        self.assertEqual(len(image), 0x8000 + MIB)
        template = bytes(range(256)) * 256
        rom = make_rom(template, "x" * 2047, 8, modules)
        self.assertEqual(rom[0x700:0x800], template[0x700:0x800])
        self.assertEqual(rom[0x6c0:0x700], f"{15:063}".encode() + b"\0")
        for wrong in (modules + modules[:1], [Module("x" * 64, MIB, 1)],
                      [Module("x", 8 * MIB, 1)]):
            with self.assertRaises(ValueError):
                make_rom(template, "", 8, wrong)

    def test_nested(self):
        """KVM in Linux: the files travel in Linux's first file system"""
        kept = linux.Linux(self.directory / "vmlinuz", self.image)
        with support.unittest.mock.patch.object(KvmOnTcg, "_linux",
                                                lambda *_: kept):
            self.launch(KvmOnTcg(), self.file("a.scn", b"one"))
        data = (self.run_in / "initrd").read_bytes()
        self.assertIn(b"-initrd files/a.scn\n", data)
        self.assertLess(data.index(b"files\0"), data.index(b"files/a.scn\0"))
        self.assertRegex(data, rb"files/a\.scn\0+one\0")


if __name__ == "__main__":
    support.main()
