#!/usr/bin/python3
"""The Makefile with a made-up compiler: builds at the same time, and what may
be set on its command line."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402

# Notes what it makes, and is slow enough to be met at it.
COMPILER = """\
#!/bin/sh
for word; do
	[ "$last" = -o ] && out=$word
	last=$word
done
[ -n "$out" ] || out=$last
echo "$out" >>{log}
: >"$out"
sleep 0.02
echo made >"$out"
"""


class Make(support.FrontEndTest):

    def start(self, *words):
        clean = {name: value for name, value in os.environ.items()
                 if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD")}
        return subprocess.Popen(["make", "-s", "-C", ROOT, *words], env=clean,
                                stdout=subprocess.PIPE, text=True,
                                stderr=subprocess.PIPE)

    def make(self, *words):
        process = self.start(*words)
        _, err = process.communicate()
        return process.returncode, err

    def test_two_at_once(self):
        """two builds of one folder: each file is made once"""
        compiler = self.directory / "cc"
        log = self.directory / "log"
        compiler.write_text(COMPILER.format(log=log))
        compiler.chmod(0o755)
        words = (f"CC={compiler}", f"OBJCOPY={compiler}",
                 f"BUILD={self.directory}/b", "-j2")
        both = [self.start(*words), self.start(*words)]
        for process in both:
            _, err = process.communicate()
            self.assertEqual((process.returncode, err), (0, ""))
        made = Counter(log.read_text().split())
        self.assertGreater(len(made), 50)
        self.assertEqual({name for name, n in made.items() if n > 1}, set())

    def test_in_place(self):
        """what a machine may be booting is replaced, not changed"""
        compiler = self.directory / "cc"
        compiler.write_text(COMPILER.format(log=self.directory / "log"))
        compiler.chmod(0o755)
        build = self.directory / "b"
        words = (f"CC={compiler}", f"OBJCOPY={compiler}", f"BUILD={build}")
        self.assertEqual(self.make("-j2", *words), (0, ""))
        names = ("tandem.elf", "tandem.bin", "bochs.rom")
        booted = [open(build / name, encoding="ascii") for name in names]
        for file in booted:
            self.addCleanup(file.close)
        (build / "objects.list").unlink()
        os.utime(build / "rom.o")
        (build / "bochs.rom").touch()
        os.utime(build / "bochs.rom", (1, 1))
        self.assertEqual(self.make(*words), (0, ""))
        for name, file in zip(names, booted):
            self.assertNotEqual(os.fstat(file.fileno()).st_ino,
                                (build / name).stat().st_ino, name)
            self.assertEqual(file.read(), "made\n")

    def test_settings(self):
        """a variable that nothing reads is refused, with what is read"""
        for goal in ("compare", "kernel", "help"):
            status, err = self.make(goal, "PAGES=16")
            self.assertEqual(status, 2)
            self.assertEqual(len(err.splitlines()), 1, err)
            self.assertIn("'PAGES' is not accepted: accepted are BUILD ", err)
            self.assertIn("./tandem compare --help", err)
            self.assertNotIn("LOCKED", err)

    def test_help(self):
        """each goal that runs something is phony, and help tells of it"""
        text = (ROOT / "Makefile").read_text()
        runs = text.partition("RUNS := ")[2].partition("\n\n")[0]
        told = "".join(line for line in text.splitlines(keepends=True)
                       if line.startswith("# make "))
        for goal in runs.replace("\\\n", " ").split():
            self.assertIn(f"make {goal} ", told)

    def test_run_word(self):
        """test/run refuses a word that it does not know"""
        done = subprocess.run([ROOT / "test" / "run", "frob"], text=True,
                              capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stderr),
                         (2, "test/run: 'frob' is not accepted: accepted is "
                          "check\n"))

    def test_build_name(self):
        """a name for BUILD that make cannot use is refused"""
        for name in ("a b", "a=b", "a,b", "a:b", "a%b", "a'b", "a$$b", ""):
            status, err = self.make("kernel", f"BUILD={name}")
            self.assertEqual(status, 2, name)
            self.assertEqual(len(err.splitlines()), 1, err)
            self.assertIn("is not accepted: accepted is a name of", err)


if __name__ == "__main__":
    support.main()
