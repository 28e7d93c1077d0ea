"""Entry point: the shell script ./tandem runs this folder."""

import sys
from pathlib import Path

# In place of this folder, whose modules share names with Python's own.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.commands.app import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
