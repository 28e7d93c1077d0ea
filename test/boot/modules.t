#!/usr/bin/python3
"""Files of the user's own in the kernel: they arrive whole under their names,
or one line says why not, and the boot ends with status 2."""

import subprocess
import sys
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.backends.backend import Backend, Boot, Launch  # noqa: E402
from tools.backends.bochs import BochsVmx  # noqa: E402
from tools.backends.qemu import QemuSvm  # noqa: E402
from tools.runner import Limits, run_matrix  # noqa: E402

LIMITS = Limits(idle=30, busy=60)
BIGGEST = 65536


class Unchecked(Boot):
    """A boot that only the kernel refuses."""

    def __post_init__(self):
        pass


class ModulesTest(support.FrontEndTest):

    @classmethod
    def setUpClass(cls):
        cls.image = image.build()

    def file(self, name, content, folder="mine"):
        path = self.directory / folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    def boot(self, backend, *paths, kind=Boot, cpus=1, **words):
        """What comes of a boot with the files at @paths."""
        return run_matrix(backend,
                          kind(self.image, words or {"list": "modules"}, cpus,
                               64, modules=paths), LIMITS)

    def arrive(self, backend, *paths):
        """The files are listed, as they are on the host."""
        outcome = self.boot(backend, *paths)
        self.assertEqual(outcome.status, 0, outcome.reading.last)
        expected = [("modules", path.name,
                     f"{path.stat().st_size} bytes, adler32 "
                     f"{zlib.adler32(path.read_bytes()):08x}")
                    for path in paths]
        self.assertEqual(outcome.reading.names, expected)

    def refused(self, backend, error, *paths):
        """The kernel says so, and nothing else."""
        outcome = self.boot(backend, *paths, kind=Unchecked)
        self.assertEqual(outcome.status, 2, outcome.reading.last)
        self.assertEqual(outcome.reading.errors, [error])


class Machines(ModulesTest):
    """On each kind of emulator."""

    def two(self, backend):
        """Two files, one of them in a folder whose name emulators cut."""
        self.arrive(backend, self.file("my.scn", b"cow-host 4\n" * 1000),
                    self.file("b+c_d-1.lit", b"", "a,b c=d"),
                    self.file("e", bytes(range(256)), "a,b c=d"))

    def most(self, backend):
        """As many as may come, as big as may be."""
        self.arrive(backend, *(self.file(f"{i:063}",
                                         bytes([i, 255 - i]) * (BIGGEST // 2))
                               for i in range(16)))

    def too_big(self, backend):
        """A byte more."""
        self.refused(backend, "module 'a' is not accepted: it has 65537 "
                     "bytes, and may have up to 65536",
                     self.file("b", b"b"), self.file("a", bytes(BIGGEST + 1)))

    def too_much(self, backend):
        """One more than may come, and a name that is none."""
        self.refused(backend, "17 modules are not accepted: there may be up "
                     "to 16", *(self.file(f"m{i}", b"x") for i in range(17)))
        self.refused(backend, "module 'a=b' is not accepted: its name may "
                     "have 1 to 63 letters, digits and . _ - +",
                     self.file("a=b", b"x"))

    def test_bochs(self):
        """on Bochs files arrive"""
        self.two(BochsVmx())
        self.most(BochsVmx())
        self.too_big(BochsVmx())

    def test_qemu(self):
        """on QEMU files arrive"""
        self.two(QemuSvm())
        self.most(QemuSvm())

    def test_qemu_refuses(self):
        """on QEMU the kernel refuses what it cannot take whole"""
        self.too_big(QemuSvm())
        self.too_much(QemuSvm())

    def test_run(self):
        """a run beside which files lie is a run like any other"""
        text = b"scenario mine phase p fork #"
        path = self.file("a.scn", text.ljust(BIGGEST, b"a"))
        for backend in (BochsVmx(), QemuSvm()):
            outcome = self.boot(backend, path, cpus=2, workload="cow-host",
                                policy="bracket", pages="64", guest="idle")
            self.assertEqual(outcome.status, 0, outcome.reading.last)
            self.assertEqual([run.verdict for run in outcome.reading.runs],
                             ["coherent"])


class Loader(Backend):
    """QEMU with what @argv says."""

    name = "loader"

    def __init__(self, *argv):
        super().__init__()
        self.argv = argv

    def launch(self, boot, directory):
        return Launch([QemuSvm.program, "-nodefaults", "-no-user-config",
                       "-display", "none", "-no-reboot", "-device",
                       "isa-debug-exit,iobase=0xf4,iosize=1", "-debugcon",
                       "stdio", "-accel", QemuSvm.accelerator, "-cpu", "max",
                       "-m", "128", *self.argv], None)


class Loaders(ModulesTest):
    """Without the front end, as docs/booting.md says."""

    def listed(self, *argv):
        outcome = run_matrix(Loader(*argv), Boot(self.image, {}, 1, 64),
                             LIMITS)
        self.assertEqual(outcome.status, 0, outcome.reading.last)
        return [(name, text.partition(",")[0])
                for _, name, text in outcome.reading.names]

    def test_qemu(self):
        """QEMU: a comma in a path is written twice, arguments are allowed"""
        one = str(self.file("a.scn", b"one", "a,b")).replace(",", ",,")
        two = self.file("b.lit", b"four")
        self.assertEqual(
            self.listed("-kernel", str(self.image), "-append", "list=modules",
                        "-initrd", f"{one} words of it,{two}"),
            [("a.scn", "3 bytes"), ("b.lit", "4 bytes")])

    @support.unittest.skipUnless(all(map(support.shutil.which, (
        "grub-mkrescue", "mformat", "xorriso"))),
        "no grub-mkrescue, mtools or xorriso")
    def test_grub(self):
        """GRUB: the word behind the path is the name"""
        menu = ["set timeout=0", "menuentry t {",
                "multiboot /boot/tandem.bin list=modules",
                "module /boot/my.scn my.scn", "module /boot/my.scn", "}"]
        root = self.directory / "root"
        (root / "boot" / "grub").mkdir(parents=True)
        (root / "boot" / "grub" / "grub.cfg").write_text("\n".join(menu))
        (root / "boot" / "my.scn").write_bytes(b"x" * 5000)
        support.shutil.copy(self.image, root / "boot" / "tandem.bin")
        iso = self.directory / "iso"
        subprocess.run(["grub-mkrescue", "-o", iso, root], check=True,
                       capture_output=True)
        self.assertEqual(self.listed("-cdrom", str(iso)),
                         [("my.scn", "5000 bytes"), ("module1", "5000 bytes")])


if __name__ == "__main__":
    support.main()
