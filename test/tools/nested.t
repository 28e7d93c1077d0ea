#!/usr/bin/python3
"""KVM inside an emulator: what it asks of the host, the archives that it
makes, and that a host without Debian's packages is told so."""

import os
import subprocess
from pathlib import Path

import support
from tools.backends import iso, linux
from tools.backends.archive import cpio
from tools.backends.backend import Boot
from tools.backends.bochs import BochsVmx
from tools.errors import Stop
from tools.host import Host
from tools.backends.nested import KvmOnBochs, KvmOnTcg
from tools.backends.qemu import QemuSvm

PROGRAMS = ("apt-get", "dpkg-deb", "zstd", "objcopy", "ldd", "bochs-bin",
            "qemu-system-x86_64", "grub-mkimage", "xorriso")


def members(data):
    """Name to mode, time and content of each member of a newc archive."""
    found = {}
    at = 0
    while True:
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16)
                  for i in range(13)]
        assert data[at:at + 6] == b"070701"
        name = data[at + 110:at + 110 + fields[11] - 1].decode()
        start = -(-(at + 110 + fields[11]) // 4) * 4
        at = -(-(start + fields[6]) // 4) * 4
        if name == "TRAILER!!!":
            return found, at
        found[name] = fields[1], fields[5], data[start:start + fields[6]]


class Archive(support.unittest.TestCase):

    def test_members(self):
        """directories come first, files are whole, no time is in it"""
        files = {"b/c": b"12345", "a": b"", "init": bytes(range(7))}
        data = cpio(files, ("b", "a-directory"))
        found, end = members(data)
        self.assertEqual(list(found), ["b", "a-directory", "a", "b/c",
                                       "init"])
        self.assertEqual({name: found[name][2] for name in files}, files)
        self.assertEqual({time for _, time, _ in found.values()}, {0})
        self.assertEqual(found["b"][0] & 0o170000, 0o040000)
        self.assertEqual(found["init"][0], 0o100755)
        self.assertEqual((end, len(data) % 4), (len(data), 0))

    def test_initrd(self):
        """the kernel under test and its command stand before the base"""
        with support.tempfile.TemporaryDirectory() as name:
            base, kernel = Path(name) / "base", Path(name) / "kernel"
            base.write_bytes(b"compressed")
            kernel.write_bytes(b"tandem")
            data = linux.Linux(kernel, base).initrd(kernel, "/bin/qemu -x")
        found, end = members(data)
        self.assertEqual(found["kernel"][2], b"tandem")
        self.assertEqual(found["machine"][2], b"exec /bin/qemu -x\n")
        self.assertEqual(data[end:], b"compressed")


class Hosts(support.FrontEndTest):

    def host(self, programs=PROGRAMS, firmware=True):
        """A made-up host."""
        root = self.directory / f"host{len(os.listdir(self.directory))}"
        paths = [f"bin/{name}" for name in programs]
        if firmware:
            paths += [name.lstrip("/") for name in
                      (KvmOnBochs.bios, KvmOnBochs.vga_bios, KvmOnBochs.grub)]
        for name in paths:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("#!/bin/sh\n")
            path.chmod(0o755)
        return Host(str(root), path=str(root / "bin"))

    def test_complete(self):
        """a host that has all of it runs both"""
        for backend in (KvmOnBochs, KvmOnTcg):
            self.assertIsNone(backend(self.host()).missing())
        self.assertIsNone(KvmOnTcg(self.host(firmware=False)).missing())

    def test_missing(self):
        """what is missing is named, and the packages that have it"""
        for lacking, package in (("zstd", "zstd"), ("objcopy", "binutils"),
                                 ("xorriso", "xorriso"),
                                 ("grub-mkimage", "grub-common"),
                                 ("qemu-system-x86_64", "qemu-system-x86"),
                                 ("bochs-bin", "bochs bochs-term")):
            host = self.host([name for name in PROGRAMS if name != lacking])
            missing = KvmOnBochs(host).missing()
            self.assertEqual((missing.why, missing.remedy),
                             (f"{lacking} not installed",
                              f"apt-get install {package}"))
        missing = KvmOnBochs(self.host(firmware=False)).missing()
        self.assertIn(KvmOnBochs.bios, missing.why)
        self.assertIn("bochsbios vgabios grub-pc-bin", missing.remedy)

    def test_not_debian(self):
        """without apt-get there is no way"""
        host = self.host([name for name in PROGRAMS if name != "apt-get"])
        self.assertIn("no apt-get", KvmOnTcg(host).missing().why)

    def test_names_are_asked_elsewhere(self):
        """what every machine answers alike is asked of a quick one"""
        self.assertIsInstance(KvmOnBochs().quickest(), BochsVmx)
        self.assertIsInstance(KvmOnTcg().quickest(), QemuSvm)
        self.assertFalse(KvmOnBochs.automatic or KvmOnTcg.automatic)

    def test_command(self):
        """the QEMU inside is the one of the KVM backends"""
        kept = linux.Linux(self.directory / "vmlinuz", self.kernel)
        for backend, cpu in ((KvmOnBochs(), "host,+vmx"),
                             (KvmOnTcg(), "host,+svm")):
            with support.unittest.mock.patch.object(
                    type(backend), "_linux", lambda *_: kept), \
                    support.unittest.mock.patch(
                        "tools.backends.nested.make_iso"):
                backend.launch(Boot(self.kernel, {"a": "1", "b": "2"}, 2, 96),
                               self.directory)
            found, _ = members((self.directory / "initrd").read_bytes())
            command = found["machine"][2].decode()
            for part in ("-accel kvm", f"-cpu {cpu} ", "-smp 2", "-m 96",
                         "-debugcon stdio", "-kernel /kernel",
                         "-append 'a=1 b=2'"):
                self.assertIn(part, command)


class Packages(support.FrontEndTest):
    """Made-up package tools, first on the path."""

    def setUp(self):
        super().setUp()
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.calls = self.directory / "calls"
        patch = support.unittest.mock.patch.dict(
            os.environ, PATH=f"{self.bin}:{os.environ['PATH']}")
        patch.start()
        self.addCleanup(patch.stop)
        self.program("apt-cache", "echo '  Depends: linux-image-6.1-cloud'")
        self.program("dpkg-deb", """
            mkdir -p $3/boot $3/bin $3/lib/modules/6.1
            echo kernel >$3/boot/vmlinuz-6.1
            echo shell >$3/bin/busybox
            cd $3/lib/modules/6.1
            for name in kvm kvm-intel kvm-amd; do
                echo module >$name.ko
            done""")
        self.program("objcopy", "exit 0")
        self.qemu = self.directory / "qemu"
        self.qemu.write_text("QEMU")
        self.program("ldd", f"echo 'libx.so => {self.qemu} (0x1)'")

    def program(self, name, body):
        path = self.bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self.calls}\n{body}')
        path.chmod(0o755)

    def get(self):
        self.kept = self.directory / "nested"
        return linux.get_linux(self.kept, str(self.qemu))

    def left(self):
        return sorted(path.name for path in self.kept.iterdir()
                      if path.name not in ("lock", "apt"))

    def test_kept(self):
        """downloaded and made once, and again if QEMU changes"""
        self.program("apt-get", "touch linux.deb busybox.deb")
        first = self.get()
        self.assertEqual(first.kernel.name, "vmlinuz-6.1")
        self.assertEqual(self.left(), [first.base.name, "packages"])
        content = first.base.read_bytes()
        self.calls.unlink()
        self.assertEqual(self.get(), first)
        self.assertFalse(self.calls.exists())
        self.qemu.write_text("another QEMU")
        second = self.get()
        self.assertNotEqual(second.base.name, first.base.name)
        self.assertNotIn("apt-get", self.calls.read_text())
        self.assertEqual(self.left(), [second.base.name, "packages"])
        self.qemu.write_text("QEMU")
        self.assertEqual(self.get().base.read_bytes(), content)

    def test_merged_usr(self):
        """a package that has its shell and modules in /usr"""
        self.program("apt-get", "touch linux.deb busybox.deb")
        self.program("dpkg-deb", """
            mkdir -p $3/boot $3/usr/bin $3/usr/lib/modules/6.12
            echo kernel >$3/boot/vmlinuz-6.12
            echo shell of usr >$3/usr/bin/busybox
            cd $3/usr/lib/modules/6.12
            for name in irqbypass kvm kvm-intel kvm-amd; do
                echo module $name of usr >$name.ko
            done""")
        command = "zstd -dc " + str(self.get().base)
        done = subprocess.run(command.split(), capture_output=True,
                                      check=True)
        self.assertIn(b"shell of usr", done.stdout)
        self.assertIn(b"module kvm-amd of usr", done.stdout)

    def test_no_module(self):
        """a package without a module that is needed: status 3, and which"""
        self.program("apt-get", "touch linux.deb busybox.deb")
        self.program("dpkg-deb", """
            mkdir -p $3/boot $3/bin $3/lib/modules/6.1
            echo kernel >$3/boot/vmlinuz-6.1
            echo shell >$3/bin/busybox""")
        with self.assertRaises(Stop) as caught:
            self.get()
        self.assertEqual(caught.exception.status, 3)
        self.assertIn("no module kvm", caught.exception.text)

    def test_own_lists(self):
        """old package lists: lists of our own are fetched, without root"""
        self.program("apt-get", "case $* in *Lists*update) ;; "
                     "*Lists*download*) touch linux.deb ;; *) exit 100; esac")
        self.get()
        self.assertIn(f"Dir::State::Lists={self.kept / 'apt' / 'lists'}",
                      self.calls.read_text())

    def test_no_network(self):
        """no packages: status 3, one line, and nothing half made is left"""
        self.program("apt-get", "echo 'E: no network' >&2; exit 100")
        with self.assertRaises(Stop) as caught:
            self.get()
        self.assertEqual(caught.exception.status, 3)
        self.assertIn(linux.KERNEL_PACKAGE, caught.exception.text)
        self.assertTrue(caught.exception.text.endswith("E: no network"))
        self.assertEqual(len(caught.exception.text.splitlines()), 1)
        self.assertEqual(self.left(), [])


class Image(support.FrontEndTest):

    @support.unittest.skipUnless(
        support.shutil.which("xorriso") and iso.GRUB.exists()
        and support.shutil.which("grub-mkimage"), "no GRUB or no xorriso")
    def test_same_bytes(self):
        """the same Linux gives the same image"""
        images = []
        for name in ("one", "two"):
            directory = self.directory / name
            directory.mkdir()
            initrd = directory / "initrd"
            initrd.write_bytes(b"i" * 5000)
            iso.make_iso(directory / "linux.iso", self.kernel, initrd, "quiet")
            images.append((directory / "linux.iso").read_bytes())
            self.assertEqual(os.listdir(directory), ["linux.iso"])
        self.assertTrue(images[0] == images[1])


if __name__ == "__main__":
    support.main()
