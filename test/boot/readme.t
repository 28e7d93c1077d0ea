#!/usr/bin/python3
"""The idle rows of README.md's tables are what a boot prints."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test" / "tools"))

import support  # noqa: E402


def idle_rows(text):
    """The cells of each row with an idle guest, by workload and policy."""
    found, workload = {}, None
    for line in text.splitlines():
        title = re.match(r" *([\w-]+): \d+ pages, ", line)
        workload = title[1] if title else workload
        cells = line.split()
        if workload and len(cells) > 2 and cells[1] == "idle":
            found[workload, cells[0]] = cells
    return found


class Readme(support.unittest.TestCase):

    def test_idle(self):
        """README's idle rows are what make readme prints"""
        done = subprocess.run(
            [ROOT / "tools" / "readme.sh", "tables", "--guest", "idle"],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        printed = idle_rows(done.stdout)
        self.assertGreaterEqual(len(printed), 21)
        self.assertEqual(idle_rows((ROOT / "README.md").read_text()), printed)


if __name__ == "__main__":
    support.main()
