#!/usr/bin/python3
"""The checks of tools/check_source.py find nothing in this tree, and find
what is broken on purpose in a copy of it."""

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402
from tools import check_source  # noqa: E402

FOLDERS = (*check_source.LAYERS, "guest", "test/boot", "test/host")


class ThisTree(support.unittest.TestCase):

    def clean(self, name):
        self.assertEqual(check_source.CHECKS[name](ROOT), [])

    def test_layers(self):
        """includes point down, mm/ is innocent"""
        self.clean("layers")

    def test_flushes(self):
        """flush instructions stand where they belong"""
        self.clean("flushes")

    def test_headers(self):
        """each header compiles alone"""
        self.clean("headers")

    def test_rules(self):
        """each rule cited in code stands in the contract"""
        if not (ROOT / check_source.CONTRACT).exists():
            self.skipTest("there is no contract yet")
        self.clean("rules")

    def test_fallible(self):
        """each call that may fail fails in a test"""
        self.clean("fallible")


class Broken(support.unittest.TestCase):
    """Each case adds lines to a file of a copy, and is found by name."""

    def setUp(self):
        keep = support.tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        self.root = Path(keep.name)
        for file in check_source.sources(ROOT, *FOLDERS):
            (self.root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / file, self.root / file)
        (self.root / "docs").mkdir()

    def add(self, file, text):
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(path, "a", encoding="utf-8") as out:
            out.write(text)

    def found(self, name, file, text, complaint):
        """@text at the end of @file makes @name say @complaint of it."""
        check = check_source.CHECKS[name]
        before = check(self.root)
        self.add(file, text)
        new = [line for line in check(self.root) if line not in before]
        self.assertTrue([line for line in new if complaint in line], new)
        self.assertFalse([line for line in new
                          if not line.startswith(file)], new)

    def quiet(self, name, file, text):
        check = check_source.CHECKS[name]
        before = check(self.root)
        self.add(file, text)
        self.assertEqual(check(self.root), before)

    def test_arrow_up(self):
        """an include that points up"""
        for low, high in zip(check_source.LAYERS, check_source.LAYERS[1:]):
            self.found("layers", f"{low}/new.c", f'#include "{high}/x.h"\n',
                       f"{low} may not include {high}")
            (self.root / low / "new.c").unlink()
        self.found("layers", "lab/new.c", '#include "test/boot/x.h"\n',
                   "lab may not include test/boot")
        self.found("layers", "arch/x86/new.h", ' # include "boot/x.h"\n',
                   "arch/x86 may not include boot")

    def test_rooms(self):
        """an include within lab/ points down, and not across"""
        steps = check_source.ROOMS
        rooms = sum(steps, ())
        for room in rooms:
            self.add(f"{room}/new.c", "".join(
                f'#include "{other}/x.h"\n' for other in rooms))
        found = "\n".join(check_source.check_layers(self.root))
        for step, here in enumerate(steps):
            for room in here:
                for other in rooms:
                    below = other == room or other in sum(steps[:step], ())
                    self.assertEqual(f"{room} may not include {other}\n"
                                     not in found + "\n", below)
        self.found("layers", "lab/new/new.c", '#include "lab/verb/verb.h"\n',
                   "no known room: lab/new")

    def test_arrow_down(self):
        """an include that points down, and tests, may be"""
        self.quiet("layers", "boot/new.c", '#include "arch/x86/cpu.h"\n')
        self.quiet("layers", "test/boot/new.c", '#include "lab/x.h"\n')
        self.quiet("layers", "boot/new2.c", '#include "test/boot/x.h"\n')
        self.quiet("layers", "ept/new.c", '#include <stddef.h>\n')

    def test_guest(self):
        """the guest includes the hypercall ABI and nothing else of the host"""
        self.quiet("layers", "guest/new.c",
                   '#include "vmm/hypercall_abi.h"\n')
        self.found("layers", "guest/new2.c", '#include "lib/types.h"\n',
                   "guest may not include lib")
        self.found("layers", "guest/new3.c", '#include "vmm/vm.h"\n',
                   "guest may not include vmm")

    def test_path(self):
        """an include that is no full path, or of a hosted library"""
        self.found("layers", "mm/new.c", '#include "frame.h"\n', "full path")
        self.found("layers", "mm/new2.c", '#include <stdio.h>\n', "stdio.h")

    def test_innocent_mm(self):
        """mm/ that speaks of what listens to it"""
        for number, text in enumerate(("struct ept *e;", "/* the EPT */",
                                       "int guest_reads;", "vCPU",
                                       "cpu->vcpu")):
            self.found("layers", f"mm/new{number}.c", text + "\n",
                       "mm/ says")
        self.quiet("layers", "mm/new.c", "int kept, accepted; /* except */\n")

    def test_stray_flush(self):
        """a flush that stands anywhere else"""
        for number, (text, what) in enumerate((
                ('asm ("invlpg (%0)" :: "r" (p));', "invlpg"),
                ('asm volatile ("invept %0, %1");', "invept"),
                ("\tinvvpid (%rax), %rdi", "invvpid"),
                ("\tinvlpga", "invlpg"),
                ('asm ("invpcid %0, %1");', "invpcid"),
                ("vmcb->tlb_control = 1;", "TLB_CONTROL"),
                ('asm ("movq %0, %%cr3" :: "r" (root));', "cr3 load"),
                ("\tmov %eax, %cr3", "cr3 load"))):
            self.found("flushes", f"ept/new{number}.c", text + "\n", what)

    def test_no_flush(self):
        """comments, counters, reading CR3, and the homes of flushes"""
        self.quiet("flushes", "mm/new.c", "/* invlpg */ // invept\n"
                   "COUNTER(invept_single);\n"
                   'asm ("movq %%cr3, %0" : "=r" (root));\n')
        self.quiet("flushes", "arch/x86/vmx_new.c", 'asm ("invept");\n')
        self.quiet("flushes", "arch/x86/svm_new.S", "\tinvlpga\n")

    def test_useless_exception(self):
        """an exception that nothing needs any more"""
        for file, _ in check_source.FLUSH_EXCEPTIONS:
            (self.root / file).write_text("")
            self.assertIn("is not needed", "".join(
                check_source.check_flushes(self.root)))

    def test_header(self):
        """a header that needs another, or has no guard"""
        for file in list(check_source.sources(self.root, *FOLDERS,
                                              kinds=(".h",))):
            (self.root / file).unlink()     # compiling them takes seconds
        self.found("headers", "mm/new.h",
                   "#ifndef A\n#define A\nvoid f(u64 x);\n#endif\n", "u64")
        self.found("headers", "mm/new2.h", "struct new { int x; };\n",
                   "redefinition")

    def test_rule(self):
        """a rule that the contract does not have"""
        (self.root / check_source.CONTRACT).write_text(
            "| O1 | INV-FREE | T3a | N2\n")
        self.quiet("rules", "mm/new.c", "/* O1, N2, T3a, T3 INV-FREE */\n")
        for number, rule in enumerate(("O99", "N77", "INV-NONE", "T88a")):
            self.found("rules", f"mm/new{number}.c", f"/* {rule} */\n", rule)

    def test_unlisted_call(self):
        """a function that may fail, and that no test lets fail"""
        for number, text in enumerate((
                "__must_check int mm_new(void);",
                "__must_check bool mm_new(int a,\n\t\t int b);",
                "struct frame *mm_new(struct mm *mm);",
                "const struct vma *mm_new(void);", "u64 *mm_new(void);")):
            self.found("fallible", f"mm/new{number}.h", text + "\n",
                       "mm_new() may fail")
        self.quiet("fallible", "ept/new.h", "__must_check int mm_mmap(int);\n"
                   "bool ept_new(void);\nvoid ept_new2(int *a);\n"
                   "/* struct mm *ept_new3(void); */\n")


if __name__ == "__main__":
    support.main()
