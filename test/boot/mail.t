#!/usr/bin/python3
"""docs/mail.md: its figures are what compare prints, and each of its
interleavings is one that the explorer finds."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "test" / "tools"))
import support  # noqa: E402
from tools import mail_doc  # noqa: E402

# Another compiler may read words in another order, and counts as it does.
COMPILER = "12"


class Mail(support.unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.document = mail_doc.DOCUMENT.read_text()
        done = subprocess.run([ROOT / "tools" / "mail_doc.py"],
                              capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        cls.made = done.stdout

    def blocks(self, text, kind):
        return [(mark, made.strip()) for mark, made, _ in
                mail_doc.BLOCK.findall(text) if mark.startswith(f"<!-- {kind}")]

    def test_counts(self):
        """each table is what compare prints"""
        self.assertEqual(self.blocks(self.document, "counts"),
                         self.blocks(self.made, "counts"))

    def test_traces(self):
        """each interleaving ends in what is forbidden"""
        held, made = (self.blocks(text, "trace")
                      for text in (self.document, self.made))
        self.assertEqual([(mark, text.splitlines()[-1])
                          for mark, text in held],
                         [(mark, text.splitlines()[-1])
                          for mark, text in made])
        for _, text in made:
            self.assertIn("=> forbidden: ", text)
        version = subprocess.run(["gcc", "-dumpversion"], capture_output=True,
                                 text=True, check=True).stdout
        if version.strip() == COMPILER:
            self.assertEqual(held, made)

    def test_claims(self):
        """the figures say what the text beside them says"""
        tables = [dict((row[0], dict(zip(head[1:], map(int, row[1:]))))
                       for row in rows)
                  for head, *rows in
                  ([re.findall(r"[\w-]+", line) for line in text.splitlines()
                    if line.startswith("| ")]
                   for _, text in self.blocks(self.made, "counts"))]
        bracket, notify, copy, takeover, merge = tables
        for zapped in (bracket["bracket"], notify["clear-flush-notify"]):
            self.assertEqual((zapped["spte_change"], zapped["pf_refault"]),
                             (0, 64))
        for changed in (bracket["change-pte"], copy["change-pte"],
                        merge["change-pte"], merge["change-2009"]):
            self.assertGreaterEqual(changed["spte_change"], 63)
            self.assertEqual(changed["pf_refault"], 0)
        self.assertEqual(copy["change-2009"]["pf_refault"], 64)
        self.assertEqual(takeover["bracket"]["pf_taken"], 64)
        self.assertEqual(takeover["upgrade-noflush"], {
            "cow_reuse": 64, "spte_upgrade": 64, "pf_taken": 0,
            "remote_tlb_flush_requests": 0})


if __name__ == "__main__":
    support.main()
