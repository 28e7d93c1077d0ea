#!/usr/bin/python3
"""tools/setup.sh on made-up machines: it names what it installs, asks for
root only where it must, and ends with 3 where it cannot. And test/fresh, with
a made-up debootstrap: it leaves nothing behind."""

import os
import signal
import subprocess
import time

import support

SETUP = support.ROOT / "tools" / "setup.sh"
TOOLS = ("sh", "env", "grep", "mktemp", "cat", "rm", "test")
PRESENT = ("make", "gcc", "objcopy", "gnuplot", "prove", "git",
           "qemu-system-x86_64", "zstd", "grub-mkrescue",
           "xorriso", "mformat", "gdb", "chromium")


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

    def test_explore(self):
        """the explorer needs a compiler, and no emulator"""
        self.recorder("apt-get")
        (self.bin / "gcc").unlink()
        self.assertEqual(self.run_setup("explore"), 0)
        self.assertIn("installing gcc\n", self.err)
        self.assertNotIn("bochs", self.err)

    def test_fresh(self):
        """a fresh Debian needs debootstrap alone"""
        self.recorder("apt-get")
        self.assertEqual(self.run_setup("test-fresh"), 0)
        self.assertEqual(self.err, "installing debootstrap\n")

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
        self.assertIn("'clean' is unknown: accepted are compare explore "
                      "fuzz iso test test-fresh test-nested",
                      self.err)


class Fresh(support.FrontEndTest):

    PROGRAM = support.ROOT / "test" / "fresh"
    SECONDS = 10000000 + os.getpid()    # another one may be running too

    def refused(self, *argv):
        done = subprocess.run([self.PROGRAM, *argv], text=True,
                              capture_output=True, check=False)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def test_words(self):
        """a suite or goal that it does not know: 2, and what is accepted"""
        self.assertEqual(self.refused("sid"), (
            2, "test/fresh: suite 'sid' is not accepted: accepted are "
            "bookworm trixie\n"))
        self.assertEqual(self.refused("trixie", "iso"), (
            2, "test/fresh: 'iso' is not accepted: accepted are compare "
            "test\n"))

    @support.unittest.skipUnless(os.getuid() == 0, "needs root")
    def test_ended(self):
        """ended by a signal it leaves no process and no file"""
        debootstrap = self.directory / "debootstrap"
        debootstrap.write_text("#!/bin/sh\n"
                               f"touch {self.directory}/begun\n"
                               f"exec sleep {self.SECONDS}\n")
        debootstrap.chmod(0o755)
        temporary = self.directory / "tmp"
        for number in (signal.SIGTERM, signal.SIGKILL):
            temporary.mkdir()
            child = subprocess.Popen(
                [self.PROGRAM, "trixie"], stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": str(temporary), "MIRROR": "none",
                     "PATH": f"{self.directory}:{os.environ['PATH']}"})
            begun = self.directory / "begun"
            while not begun.exists() and child.poll() is None:
                time.sleep(0.05)
            if child.poll() is not None:
                self.skipTest("no namespaces here")
            begun.unlink()
            self.assertTrue(self.sleepers())
            child.send_signal(number)
            child.wait()
            while self.sleepers():
                time.sleep(0.05)
            if number == signal.SIGTERM:
                self.assertEqual(list(temporary.iterdir()), [])
                temporary.rmdir()

    @staticmethod
    def sleepers():
        """Processes of the made-up debootstrap."""
        found = subprocess.run(["pgrep", "-f", f"^sleep {Fresh.SECONDS}$"],
                               text=True, capture_output=True, check=False)
        return found.stdout.split()


if __name__ == "__main__":
    support.main()
