#!/usr/bin/python3
"""tools/setup.sh on made-up machines: it names what it installs, asks for
root only where it must, and ends with 3 where it cannot."""

import subprocess

import support

SETUP = support.ROOT / "tools" / "setup.sh"
TOOLS = ("sh", "env", "grep", "mktemp", "cat", "rm", "test")
PRESENT = ("make", "gcc", "objcopy", "gnuplot", "prove", "git",
           "qemu-system-x86_64", "zstd", "grub-mkrescue",
           "xorriso", "mformat", "gdb")


class Setup(support.FrontEndTest):

    def setUp(self):
        super().setUp()
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.calls = self.directory / "calls"
        for name in TOOLS:
            (self.bin / name).symlink_to(support.shutil.which(name))
        for name in PRESENT:
            self.program(name, "exit 0")
        self.program("id", "echo 0")

    def program(self, name, body):
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def recorder(self, name, body="exit 0"):
        self.program(name, f'echo "{name} $*" >>{self.calls}\n{body}')

    def run_setup(self, *argv):
        done = subprocess.run(["/bin/sh", SETUP, *argv], text=True,
                              env={"PATH": str(self.bin)},
                              capture_output=True, check=False)
        self.err = done.stderr
        return done.returncode

    def called(self):
        return self.calls.read_text().splitlines()

    def test_nothing_missing(self):
        """nothing is missing: silence"""
        self.program("bochs-bin", "exit 0")
        self.recorder("apt-get", "exit 1")
        self.assertEqual((self.run_setup("test"), self.err), (0, ""))
        self.assertFalse(self.calls.exists())

    def test_installs(self):
        """what is missing is named and installed"""
        self.recorder("apt-get")
        self.assertEqual(self.run_setup("compare"), 0)
        self.assertEqual(self.err.splitlines(),
                         ["installing bochs", "installing bochs-term"])
        call, = self.called()
        self.assertIn("install", call)
        self.assertTrue(call.endswith("bochs bochs-term"), call)

    def test_nested(self):
        """the tests of KVM in an emulator need firmware beyond the others"""
        self.program("bochs-bin", "exit 0")
        self.recorder("apt-get")
        self.assertEqual(self.run_setup("test-nested"), 0)
        self.assertLessEqual(set(self.err.splitlines()),
                             {"installing bochsbios", "installing vgabios"})
        (self.bin / "zstd").unlink()
        (self.bin / "qemu-system-x86_64").unlink()
        self.assertEqual(self.run_setup("test"), 0)
        self.assertEqual(self.err.splitlines(),
                         ["installing qemu-system-x86", "installing zstd"])

    def test_iso(self):
        """the GRUB image needs no emulator"""
        self.recorder("apt-get")
        for name in ("grub-mkrescue", "mformat", "gnuplot", "prove"):
            (self.bin / name).unlink()
        self.assertEqual(self.run_setup("iso"), 0)
        self.assertLessEqual(
            {"installing grub-common", "installing mtools"},
            set(self.err.splitlines()))
        self.assertLessEqual(
            set(self.err.splitlines()),
            {"installing grub-common", "installing mtools",
             "installing grub-pc-bin", "installing grub-efi-amd64-bin",
             "installing libc6-dev"})

    def test_old_lists(self):
        """after a failure the package lists are fetched, once"""
        self.recorder("apt-get", 'test "$1" = update || '
                      f'grep -q update {self.calls}')
        self.assertEqual(self.run_setup("compare"), 0)
        self.assertEqual([line.split()[1] for line in self.called()],
                         ["install", "update", "install"])

    def test_cannot_install(self):
        """apt-get fails: 3, its words, and what to install"""
        self.recorder("apt-get", "echo no network; exit 100")
        self.assertEqual(self.run_setup("compare"), 3)
        self.assertIn("no network", self.err)
        self.assertIn("apt-get install bochs bochs-term", self.err)

    def test_sudo(self):
        """another user goes through sudo"""
        self.program("id", "echo 1000")
        self.recorder("apt-get")
        self.recorder("sudo", 'exec "$@"')
        self.assertEqual(self.run_setup("compare"), 0)
        self.assertTrue(self.called()[0].startswith("sudo env"))

    def test_no_sudo(self):
        """another user without sudo: 3"""
        self.program("id", "echo 1000")
        self.recorder("apt-get")
        self.assertEqual(self.run_setup("compare"), 3)
        self.assertIn("as root: apt-get install bochs", self.err)
        self.assertFalse(self.calls.exists())

    def test_elsewhere(self):
        """no apt-get: 3, and what to install"""
        self.assertEqual(self.run_setup("compare"), 3)
        self.assertIn("bochs bochs-term", self.err)

    def test_usage(self):
        """anything else: 2"""
        self.assertEqual(self.run_setup("clean"), 2)
        self.assertIn("'clean' is unknown: accepted are compare fuzz iso "
                      "test test-nested",
                      self.err)


if __name__ == "__main__":
    support.main()
