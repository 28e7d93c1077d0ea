#!/usr/bin/python3
"""`./tandem bench`: what an operation costs is held to the instruction, on
Bochs, against a table for the compiler."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402

COMMAND = ["./tandem", "bench", "--quiet", "--backend", "bochs-vmx",
           "--pages", "256", "--format", "csv"]
FIGURES = ("count", "min", "median", "max")


def bench(*argv):
    """What it prints."""
    done = subprocess.run([*COMMAND, *argv], cwd=ROOT, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        raise AssertionError(f"status {done.returncode}: {done.stderr}")
    return done.stdout


def rows(text):
    """The figures by operation and policy."""
    return {(row["operation"], row["policy"]):
            " ".join(row[name] for name in FIGURES)
            for row in csv.DictReader(io.StringIO(text))}


def compiler():
    """gcc-12, or what it is called."""
    major = subprocess.run(["gcc", "-dumpversion"], capture_output=True,
                           text=True, check=True).stdout.split(".")[0]
    return f"gcc-{major.strip()}"


class Bench(support.unittest.TestCase):

    def test_figures(self):
        """each operation costs what the table says"""
        table = ROOT / "test" / "boot" / f"bench-{compiler()}.csv"
        found = rows(bench())
        self.assertGreaterEqual(len({op for op, _ in found}), 12)
        if not table.exists():
            self.skipTest(f"no {table.name}: figures are not judged")
        known = rows(table.read_text())
        changed = [f"{' under '.join(key)}: {' '.join(FIGURES)} was "
                   f"{known.get(key)}, is {found.get(key)}"
                   for key in sorted(known.keys() | found.keys())
                   if known.get(key) != found.get(key)]
        self.assertEqual(changed, [], "\n".join(
            [*changed, f"renew: {' '.join(COMMAND)} "
             f">test/boot/{table.name}; make docs"]))

    def test_twice(self):
        """two runs print the same bytes, on each backend that counts"""
        for backend in ("bochs-vmx", "bochs-svm", "qemu-svm"):
            argv = ("--op", "cpuid_exit,guest_cow_break", "--policy",
                    "change-pte", "--backend", backend)
            self.assertEqual(bench(*argv), bench(*argv))

    def test_many_pages(self):
        """an operation costs the same on 16 times as many pages"""
        argv = ("--op", "host_cow_break,refault", "--policy", "bracket")
        few, many = rows(bench(*argv)), rows(bench(*argv, "--pages", "4096"))
        for key, figures in few.items():
            here, there = (int(text.split()[2]) for text in
                           (figures, many[key]))
            self.assertLess(abs(there - here), here / 20, key)

    def test_hosts(self):
        """two host threads share the pages, and wait for each other"""
        def run(hosts):
            done = subprocess.run(
                [ROOT / "tandem", "bench", "--quiet", "--format", "json",
                 "--backend", "bochs-vmx", "--op", "host_cow_break",
                 "--policy", "bracket", "--pages", "64", "--hosts", hosts],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            found = json.loads(done.stdout)
            self.assertEqual((found["hosts"], found["pages"]),
                             (int(hosts), 64))
            return found["cpus"], found["operations"][0]
        (cpus, alone), (more, two) = run("1"), run("2")
        self.assertEqual((alone["linux"], two["linux"], two["goal"]),
                         (7790, 0, 0))
        self.assertEqual((cpus, alone["count"], more, two["count"]),
                         (1, 64, 3, 32))
        self.assertGreater(two["median"], alone["median"])

    def test_profile(self):
        """the profile names the steps and the functions of the operation"""
        done = subprocess.run(
            [ROOT / "tandem", "bench", "--quiet", "--profile", "--op",
             "host_cow_break", "--policy", "change-pte", "--pages", "16"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        steps_head, functions_head = (
            part.splitlines()[0] for part in done.stdout.split("\n\n"))
        self.assertIn("from the step before", steps_head)
        self.assertIn("by function", functions_head)
        found = {name: number for number, name in
                 re.findall(r"^ *([0-9.]+) (.*)$", done.stdout, re.MULTILINE)}
        steps = [name.removeprefix("up to ") for name in found
                 if name.startswith("up to ")]
        # As they are executed: the flush is asked for within N4.
        self.assertEqual(steps, ["N0", "N1", "N2", "N3", "REQUEST", "N4",
                                 "N5", "N6"])
        # A page has each step once: its change of S, and then of P.
        self.assertGreater(float(found["up to REQUEST"]), 100)
        self.assertGreater(float(found["up to N5"]), 50)
        copied = [float(number) for name, number in found.items()
                  if "fault" in name]
        self.assertGreater(max(copied), 513)
        self.assertIn("ept_set", found)

    def test_document(self):
        """docs/performance.md is what the table says (make docs)"""
        made = subprocess.run([ROOT / "tools" / "performance_doc.py"],
                              capture_output=True, text=True, check=True)
        self.assertEqual((ROOT / "docs" / "performance.md").read_text(),
                         made.stdout)


if __name__ == "__main__":
    support.main()
