#!/usr/bin/python3
"""Would the tests notice? Draws mutations of a source, one place each, builds
each in a copy of the tree, and runs the cheapest tests first, until one fails.

    make mutate FILE=mm/gup.c [SEED=n] [COUNT=n] [DEAREST=seconds]
    tools/mutate.py --file FILE[,FILE..] [--seed N] [--count N] [--dearest S]

FILE may be a folder. A test that takes more CPU time than DEAREST is left out.

A mutation that does not compile, or that gives the same machine code, does not
count. Status 0: all that count were noticed; 1: not so; 2: wrong arguments;
3: a tool is missing, or the tests fail without a mutation.
docs/verification.md says what was found."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.errors import Stop  # noqa: E402
from tools.mutations import Mutation, mutations  # noqa: E402

FOLDERS = ("lib", "arch/x86", "mm", "ept", "vmm", "lab", "boot", "guest",
           "tools")
KINDS = (".c", ".h", ".py")
# Their programs are tests: of units, and the races of the explorer.
HOST_GOALS = ("host-tests", "explore-races")
# A test that takes that many times its CPU time is caught in a loop.
PATIENCE, SPARE = 10, 20.0
# One whose processes all sleep, and have done nothing for so long, is stuck.
STUCK = 30.0
MAX_OUTPUT = 64 << 20
# Warnings are no errors here, but for those that say: this is no C.
COMPILER = """#!/bin/sh
exec gcc "$@" -Wno-error -Werror=incompatible-pointer-types \\
\t-Werror=int-conversion -Werror=return-type \\
\t-Werror=implicit-function-declaration -fmax-errors=1
"""


class Step(NamedTuple):
    """A test: @argv succeeds, or it has noticed. First make @goal."""

    name: str
    argv: tuple[str, ...]
    goal: str = ""


class Outcome(NamedTuple):
    """What became of a mutation."""

    place: str
    mutation: str
    verdict: str                # "killed", "survived", or why not counted
    by: str = ""
    cpu: float = 0.0

    @property
    def counts(self) -> bool:
        """Was there anything to notice?"""
        return self.verdict in ("killed", "survived")


def on_machine(what: str, backend: str, *argv: str) -> Step:
    """A test of the whole kernel."""
    return Step(f"{what} on {backend}", argv)


def compare_on(backend: str) -> Step:
    """Every workload under every policy, small."""
    return on_machine("compare", backend, "./tandem", "compare", "--pages",
                      "64", "--backend", backend, "--out", "build/compared")


# And how much CPU time each takes, about.
MACHINE_TESTS = {
    compare_on("bochs-vmx"): 16.0,
    on_machine("boot.t", "bochs-vmx", "test/boot/boot.t", "all",
               "bochs-vmx"): 21.0,
    on_machine("boot.t", "bochs-svm", "test/boot/boot.t", "all",
               "bochs-svm"): 21.0,
    compare_on("qemu-svm"): 42.0,
    on_machine("litmus", "bochs-vmx", "./tandem", "litmus", "--backend",
               "bochs-vmx"): 67.0,
}


class Watched:
    """A command in a session of its own, ended when it loops or sleeps."""

    def __init__(self, argv: tuple[str, ...], directory: Path,
                 log: Path) -> None:
        self.cpu = 0.0
        self._log = log
        env = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP",
               "BUILD": "build", "MAKEFLAGS": "", "MAKELEVEL": "",
               # A mutation of the same length in the same second is new.
               "PYTHONDONTWRITEBYTECODE": "1"}
        with open(log, "wb") as out:
            self._process = subprocess.Popen(
                argv, cwd=directory, env=env, stdin=subprocess.DEVNULL,
                stdout=out, stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=self._limits)

    @staticmethod
    def _limits() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT, MAX_OUTPUT))

    def run(self, limit: float) -> str:
        """Why it failed; empty if it succeeded."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        try:
            why = self._watch(limit)
        finally:
            self._kill()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.cpu = after.ru_utime + after.ru_stime - before.ru_utime \
            - before.ru_stime
        if why or not self._process.returncode:
            return why
        return self._reason()

    def _watch(self, limit: float) -> str:
        used, moved = 0.0, time.monotonic()
        while True:
            try:
                self._process.wait(1)
                return ""
            except subprocess.TimeoutExpired:
                now, awake = session_use(self._process.pid)
            if now > limit:
                return f"over {limit:.0f} s of CPU time"
            if now > used or awake:
                used, moved = max(now, used), time.monotonic()
            elif time.monotonic() - moved > STUCK:
                return "all of it sleeps"

    def _kill(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()

    def _reason(self) -> str:
        text = self._log.read_text(errors="replace")
        for pattern in (r"^not ok \d+ -? ?(.*)", r"(?:ERROR|SUMMARY): (.*)",
                        r"^panic.*?: (.*)", r"error: (.*)"):
            found = re.search(pattern, text, re.MULTILINE)
            if found:
                return found[1].strip()[:60]
        return f"status {self._process.returncode}"


def session_use(session: int) -> tuple[float, bool]:
    """CPU seconds of the processes of @session, and does any not sleep?"""
    ticks, awake = 0, False
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text(errors="replace").rpartition(")")[2]
            fields = fields.split()
        except OSError:
            continue
        if int(fields[3]) == session:
            ticks += sum(map(int, fields[11:15]))
            awake = awake or fields[0] != "S"
    return ticks / os.sysconf("SC_CLK_TCK"), awake


class Tree:
    """The copy that is mutated. It stays, and with it what was built."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "tree"
        self._log = directory / "log"
        self._times_file = directory / "times.json"
        self.path.mkdir(parents=True, exist_ok=True)
        self._compiler = directory / "cc"
        self._compiler.write_text(COMPILER)
        self._compiler.chmod(0o755)
        self._passed: set[Step] = set()
        self.times = {step.name: cpu for step, cpu in MACHINE_TESTS.items()} \
            | self._read_times()
        self._copy()

    def _copy(self) -> None:
        """Bring the copy up to date."""
        listed = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT,
            text=True, capture_output=True, check=True).stdout.splitlines()
        names = [name for name in listed if (ROOT / name).is_file()]
        known = {self.path / name for name in names}
        for old in list(self.path.rglob("*")):
            if old.is_file() and old not in known and \
                    old.relative_to(self.path).parts[0] != "build":
                old.unlink()
        for name in names:
            content = (ROOT / name).read_bytes()
            copy = self.path / name
            if not copy.exists() or copy.read_bytes() != content:
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_bytes(content)
                copy.chmod((ROOT / name).stat().st_mode)

    def _read_times(self) -> dict[str, float]:
        try:
            return json.loads(self._times_file.read_text())
        except (OSError, ValueError):
            return {}

    def make(self, *goals: str) -> bool:
        """Build @goals, with warnings."""
        return not Watched(("make", "-s", f"CC={self._compiler}", *goals),
                           self.path, self._log).run(1000)

    def would_make(self, file: str, goal: str) -> str:
        """What make would do for @goal if @file were new."""
        return subprocess.run(
            ["make", "-n", "LOCKED=1", f"CC={self._compiler}", "-W", file,
             goal],
            cwd=self.path, text=True, capture_output=True, check=True).stdout

    def test(self, step: Step) -> tuple[str, float]:
        """Why @step fails (empty: it does not), and its CPU time."""
        if step.goal and not self.make(step.goal):
            return "it does not link", 0.0
        watched = Watched(step.argv, self.path, self._log)
        limit = self.times.get(step.name, 1000.0) * PATIENCE + SPARE
        return watched.run(limit), watched.cpu

    def verify(self, step: Step) -> None:
        """Without a mutation @step succeeds, and takes that long."""
        if step in self._passed:
            return
        why, cpu = self.test(step)
        if why:
            raise Stop(3, f"{step.name} fails without a mutation: {why}")
        self._passed.add(step)
        self.times[step.name] = cpu
        self._times_file.write_text(json.dumps(self.times))

    def kernel(self) -> bytes:
        """The image: equal ones behave alike."""
        return (self.path / "build/tandem.bin").read_bytes()


def vocabulary(root: Path, file: Path) -> str:
    """The text of the project's headers that @file includes."""
    texts, seen, todo = [], set(), [file]
    while todo:
        text = (root / todo.pop()).read_text()
        for name in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE):
            if name not in seen and (root / name).exists():
                seen.add(name)
                todo.append(Path(name))
                texts.append((root / name).read_text())
    return "\n".join(texts)


def draw(root: Path, files: list[Path],
         seed: int) -> Iterator[tuple[Path, Mutation]]:
    """Mutations of @files, each kind at each place at most once, in an order
    that @seed decides."""
    chance = random.Random(seed)
    places: dict[tuple, list[Mutation]] = {}
    for file in files:
        text = (root / file).read_text()
        words = vocabulary(root, file) if file.suffix != ".py" else ""
        for mutation in mutations(file, text, words):
            key = (file, mutation.start, mutation.kind)
            places.setdefault(key, []).append(mutation)
    order = sorted(places)
    chance.shuffle(order)
    for key in order:
        yield key[0], chance.choice(places[key])


class Mutator:
    """Tries one mutation after the other."""

    def __init__(self, tree: Tree, dearest: float) -> None:
        self.tree = tree
        self.dearest = dearest
        self.kernel = b""
        self._steps: dict[Path, list[Step]] = {}

    def prepare(self, files: list[Path]) -> None:
        """Build everything that a mutation of @files would touch."""
        if all(file.suffix == ".py" for file in files):
            return
        if not self.tree.make("-j2", "kernel", *HOST_GOALS):
            raise Stop(3, "the tree does not build without a mutation")
        self.kernel = self.tree.kernel()

    def steps(self, file: Path) -> list[Step]:
        """The tests that @file can fail: those with its name, then the
        others, cheapest first."""
        if file not in self._steps:
            found = self._tools_steps() if file.suffix == ".py" else \
                [*self._host_steps(file), *MACHINE_TESTS]
            for step in found:
                if step.name not in self.tree.times:
                    self.tree.verify(step)
            found = [step for step in found
                     if self.tree.times[step.name] <= self.dearest]
            found.sort(key=lambda step: (
                not Path(step.name).stem.startswith(file.stem),
                self.tree.times[step.name]))
            self._steps[file] = found
        return self._steps[file]

    def _tools_steps(self) -> list[Step]:
        tests = sorted((self.tree.path / "test/tools").glob("*.t"))
        return [Step(test.name, (f"test/tools/{test.name}",))
                for test in tests]

    def _host_steps(self, file: Path) -> list[Step]:
        links = "".join(self.tree.would_make(str(file), goal)
                        for goal in HOST_GOALS)
        found = sorted(set(re.findall(r"-o (build/(?:host|explore)/\w+\.t) ",
                                      links)))
        return [Step(Path(path).name, (path,), path) for path in found]

    def attempt(self, file: Path, mutation: Mutation) -> Outcome:
        """Mutate @file, and back."""
        path = self.tree.path / file
        text = path.read_text()
        place = f"{file}:{mutation.line(text)}"
        steps = self.steps(file)
        try:
            path.write_text(mutation.apply(text))
            verdict, by, cpu = self._notice(file, steps)
        finally:
            path.write_text(text)
        return Outcome(place, str(mutation), verdict, by, cpu)

    def confirm(self, outcome: Outcome, file: Path) -> None:
        """What killed it passes without it."""
        for step in self.steps(file):
            if outcome.by.startswith(f"{step.name}: "):
                if file.suffix != ".py":
                    self.tree.make("kernel")
                self.tree.verify(step)

    def _notice(self, file: Path, steps: list[Step]) -> tuple[str, str, float]:
        if file.suffix == ".py":
            try:
                compile((self.tree.path / file).read_text(), file, "exec")
            except SyntaxError:
                return "does not compile", "", 0.0
        else:
            if not self.tree.make("kernel"):
                return "does not compile", "", 0.0
            if self.tree.kernel() == self.kernel:
                return "the same code", "", 0.0
        total = 0.0
        for step in steps:
            why, cpu = self.tree.test(step)
            total += cpu
            if why:
                return "killed", f"{step.name}: {why}", total
        return "survived", "", total


def parse(argv: list[str]) -> argparse.Namespace:
    """The arguments; @argv[0] is the first."""
    parser = argparse.ArgumentParser(prog="mutate.py", allow_abbrev=False)
    parser.add_argument("--file", required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--dearest", type=float, default=30)
    parser.add_argument("--build", default="build")
    return parser.parse_args(argv)


def chosen_files(names: str) -> list[Path]:
    """The files that @names lists; a folder stands for all in it."""
    files = []
    for name in re.split(r"[,\s]+", names.strip()):
        path = ROOT / name
        inside = sorted(p for p in path.rglob("*") if p.suffix in KINDS) \
            if path.is_dir() else [path]
        if not name or not inside or any(
                p.suffix not in KINDS or not p.is_file() or
                not str(p.relative_to(ROOT)).startswith(
                    tuple(f"{folder}/" for folder in FOLDERS))
                for p in inside):
            raise Stop(2, f"--file '{name}' is not a C or Python file of "
                       + " ".join(FOLDERS))
        files += [p.relative_to(ROOT) for p in inside]
    return files


def report(outcomes: list[Outcome], seed: int, out: Path) -> bool:
    """Say how many were noticed, and keep all; True if all were."""
    out.write_text(json.dumps([o._asdict() for o in outcomes], indent=1))
    counted = [o for o in outcomes if o.counts]
    killed = [o for o in counted if o.verdict == "killed"]
    rate = 100 * len(killed) / len(counted) if counted else 100
    print(f"seed {seed}: {len(counted)} mutations, {len(killed)} noticed "
          f"({rate:.0f} %); {len(outcomes) - len(counted)} more did not "
          f"compile or changed nothing; {out}")
    return len(killed) == len(counted)


def main(argv: list[str]) -> int:
    """Draw and try until --count of them counted."""
    arguments = parse(argv)
    files = chosen_files(arguments.file)
    directory = (ROOT / arguments.build / "mutate").resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stop(3, f"another one runs in {directory}; BUILD=DIR "
                       "names another place") from None
        tree = Tree(directory)
        mutator = Mutator(tree, arguments.dearest)
        mutator.prepare(files)
        outcomes: list[Outcome] = []
        for file, mutation in draw(tree.path, files, arguments.seed):
            if sum(o.counts for o in outcomes) == arguments.count:
                break
            last = mutator.attempt(file, mutation)
            outcomes.append(last)
            mutator.confirm(last, file)
            if last.counts:
                print(f"{last.verdict:<8} {last.place}  {last.mutation}  "
                      f"[{last.by}]", flush=True)
        name = "-".join(str(f).replace("/", "_") for f in files[:3])
        all_noticed = report(outcomes, arguments.seed, directory /
                             f"{name}-{arguments.seed}.json")
    return 0 if all_noticed else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        print(f"mutate: {stop.text}", file=sys.stderr)
        sys.exit(stop.status)
