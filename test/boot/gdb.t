#!/usr/bin/python3
"""`./tandem run --gdb` and tools/tandem.gdb for real: gdb stops the machine in
the middle of a copy-on-write break and sees both MMUs there."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tools"))

import support  # noqa: E402
from tools import image  # noqa: E402
from tools.patience import Patience, communicate  # noqa: E402

PATIENCE = Patience(cpu=120, idle=60)

# From N1 to N5 of one page: the guest's entry is new before the host's.
SESSION = """\
break change_n4_secondary
continue
tandem-hva c->mm c->hva.v
delete
break hpt_set
continue
tandem-gfn &run.stage.vm.ept 0x40000
finish
tandem-gfn &run.stage.vm.ept 0x40000
tandem-slots &run.stage.vm.ept
"""
ENTRY = re.compile(r"^([PS]): level \d entry 0x[0-9a-f]+, "
                   r"(?:frame (0x[0-9a-f]+), )?([a-z-]+)$", re.MULTILINE)


@support.unittest.skipUnless(support.shutil.which("gdb"), "no gdb here")
class Gdb(support.unittest.TestCase):

    def test_session(self):
        """gdb sees P and S of a page at N2, after N4 and after N5"""
        program = subprocess.Popen(
            [support.ROOT / "tandem", "run", "--backend", "qemu-svm",
             "--workload", "cow-host", "--policy", "change-pte", "--guest",
             "idle", "--pages", "4", "--format", "json", "--gdb"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            said = ""
            while "target remote" not in said:
                said = program.stderr.readline()
                self.assertTrue(said, "the front end ended")
            command = re.search(r"gdb (\S+) -ex '(target remote [\d.:]+)' "
                                r"-x (\S+)", said)
            with support.tempfile.NamedTemporaryFile("w") as session:
                session.write(SESSION)
                session.flush()
                gdb = subprocess.Popen(
                    ["gdb", "-nx", "-batch", command[1],
                     "-ex", "set tcp auto-retry on", "-ex", command[2],
                     "-x", command[3], "-x", session.name],
                    stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                    text=True)
                with gdb:
                    out, err = communicate(gdb, PATIENCE)
            # gdb has let go: the run goes on to its end.
            communicate(program, PATIENCE)
            self.assertEqual(program.returncode, 0)
        finally:
            program.kill()
            program.stderr.close()
            program.wait()
        self.check(out, err)

    def test_breakpoints(self):
        """the functions that docs/debugging.md names can be broken at"""
        text = (support.ROOT / "docs" / "debugging.md").read_text()
        table = text.split("## Breakpoints", 1)[1].split("## ", 1)[0]
        names = [name for line in table.splitlines()
                 for name in re.findall(r"`(\w+)`", line.split(" | ")[0])]
        self.assertGreater(len(names), 8)
        elf = image.build().with_suffix(".elf")
        out = subprocess.run(
            ["gdb", "-nx", "-batch", elf,
             *[part for name in names for part in ("-ex", f"break {name}")]],
            capture_output=True, text=True, check=True)
        self.assertEqual(out.stdout.count("Breakpoint "), len(names),
                         out.stderr)

    def check(self, out, err):
        entries = ENTRY.findall(out)
        self.assertEqual(
            [(name, state) for name, _, state in entries],
            [("P", "absent"), ("S", "read-only"),       # N2 is done
             ("P", "absent"), ("S", "writable"),        # N4 is done
             ("P", "writable"), ("S", "writable")],     # N5 is done
            out + err)
        (_, old, _), (_, new, _) = entries[1], entries[3]
        self.assertNotEqual(old, new)
        self.assertEqual([frame for _, frame, _ in entries[4:]], [new, new])
        self.assertIn("gfn 0x40000 to 0x40004: hva 0x400000000000", out)


if __name__ == "__main__":
    support.main()
