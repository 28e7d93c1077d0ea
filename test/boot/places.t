#!/usr/bin/python3
"""A checkout in a folder whose name has what make, emulators and shells take
for the end of a name: it builds and boots there."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402

NAME = "a b=c,d 'e' $f"
# Of a build, what the kernel is made of.
OBJECTS = ("kernel", "guest", "guest.bin", "guest.elf", "objects.list",
           "rom.d", "rom.o")


class Places(support.FrontEndTest):

    def setUp(self):
        super().setUp()
        self.root = self.directory / NAME
        build = image.build().parent
        shutil.copytree(ROOT, self.root, symlinks=True,
                        ignore=shutil.ignore_patterns(".git", build.name,
                                                      "__pycache__"))
        # The objects are as old as they are: linking is left to do.
        for name in OBJECTS:
            copy = shutil.copytree if (build / name).is_dir() \
                else shutil.copy2
            (self.root / "build").mkdir(exist_ok=True)
            copy(build / name, self.root / "build" / name)
        self.temporary = self.directory / f"tmp {NAME}"
        self.temporary.mkdir()

    def boots(self, backend):
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD")}
        done = subprocess.run(
            [self.root / "tandem", "run", "--backend", backend, "--workload",
             "cow-host", "--policy", "bracket", "--guest", "idle", "--pages",
             "16", "--format", "csv"], text=True, capture_output=True,
            env={**clean, "TMPDIR": str(self.temporary)}, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(",coherent,", done.stdout)

    def test_bochs(self):
        """on Bochs"""
        self.boots("bochs-vmx")

    def test_qemu(self):
        """on QEMU"""
        self.boots("qemu-svm")


if __name__ == "__main__":
    support.main()
