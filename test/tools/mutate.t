#!/usr/bin/python3
"""What may be drawn, and that a test which loops or sleeps is ended."""

import sys
import tempfile
from pathlib import Path

import support
from support import ROOT

sys.path.insert(0, str(ROOT))

from tools import mutate  # noqa: E402
from tools.errors import Stop  # noqa: E402
from tools.mutations import mutations  # noqa: E402

C_TEXT = """\
#include "nothing.h"
#define LIMIT	(4 - 1)
static const struct row rows[] = {
	{ .first = ROW_ONE, .last = true, },
};
int sum(int a, int b)
{
	int n = 0;

	/* a < b */
	if (a < b && (n || add(a, b)))
		n += 2;
	full_barrier();
	return (a);
}
"""
PYTHON_TEXT = '''\
"""Text 1."""
def sum(a, b=2):
    """Text 2."""
    if not a or b < 3:
        raise ValueError("1")
    return f(a, b)
'''


class Drawn(support.unittest.TestCase):
    """Each mutation as "kind: old -> new"."""

    def drawn(self, name, text, vocabulary=""):
        found = mutations(Path(name), text, vocabulary)
        for mutation in found:
            self.assertNotEqual(mutation.apply(text), text)
        return {str(m) for m in found}

    def test_c(self):
        """C: operators, conditions, statements, arguments, tables"""
        found = self.drawn("a.c", C_TEXT, "ROW_TWO")
        self.assertLessEqual({
            "operator: < -> <=", "operator: && -> ||", "operator: += -> -=",
            "operator: - -> +", "constant: 4 -> 5", "constant: 0 -> 1",
            "constant: true -> false", "name: ROW_ONE -> ROW_TWO",
            "operand: && (n || add(a, b)) -> nothing",
            "operand: a < b && -> nothing", "operand: n || -> nothing",
            "arguments: a, b -> b, a", "statement: n += 2; -> ;",
            "initializer: .last = true, -> nothing", "result: (a) -> 0",
            "condition: (a < b && (n || add(a, b))) -> "
            "(!(a < b && (n || add(a, b))))"}, found)

    def test_c_left_alone(self):
        """C: no barrier, no comment, no include"""
        text = "\n".join(self.drawn("a.c", C_TEXT))
        for word in ("full_barrier", "nothing.h", "/*"):
            self.assertNotIn(word, text)
        self.assertEqual(len([m for m in mutations(Path("a.c"), C_TEXT)
                              if m.old == "<"]), 2)

    def test_python(self):
        """Python: the same, by its grammar"""
        found = self.drawn("a.py", PYTHON_TEXT)
        self.assertLessEqual({
            "operator: < -> <=", "operator: or -> and", "constant: 2 -> 3",
            "operator: not a -> a", "operand: not a or b < 3 -> (b < 3)",
            'statement: raise ValueError("1") -> pass',
            "arguments: a, b -> b, a", "result: f(a, b) -> None"}, found)
        self.assertFalse([m for m in found if "Text" in m])

    def test_every_source(self):
        """every source of this tree can be mutated, the same way twice"""
        files = mutate.chosen_files(",".join(mutate.FOLDERS))
        first = [str(m) for _, m in mutate.draw(ROOT, files, 8)]
        self.assertGreater(len(first), 5000)
        self.assertEqual(first, [str(m) for _, m in
                                 mutate.draw(ROOT, files, 8)])

    def test_refused(self):
        """a file that is none is refused, and what is accepted is said"""
        for name in ("", "mm/none.c", "docs", "README.md", "../x.c",
                     "mm/gup.c,nothing"):
            with self.assertRaises(Stop) as raised:
                mutate.chosen_files(name)
            self.assertEqual(raised.exception.status, 2)
            self.assertIn("arch/x86 mm ept", raised.exception.text)


class Watching(support.unittest.TestCase):
    """A command that ends, that fails, that loops, that sleeps."""

    def why(self, script, limit=100.0):
        with tempfile.TemporaryDirectory() as name:
            directory = Path(name)
            return mutate.Watched(("sh", "-c", script), directory,
                                  directory / "log").run(limit)

    def test_ends(self):
        """success says nothing; failure says the first test that failed"""
        self.assertEqual(self.why("exit 0"), "")
        self.assertEqual(self.why("exit 3"), "status 3")
        self.assertEqual(self.why("echo 'not ok 2 - it leaks'; exit 1"),
                         "it leaks")

    def test_loops(self):
        """a loop is ended by its CPU time"""
        self.assertIn("CPU time", self.why("while :; do :; done", 0.5))

    def test_sleeps(self):
        """what only sleeps is ended"""
        with support.unittest.mock.patch.object(mutate, "STUCK", 2.0):
            self.assertIn("sleeps", self.why("sleep 1000"))


if __name__ == "__main__":
    support.main()
