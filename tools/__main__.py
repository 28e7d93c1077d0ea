"""Entry point: the shell script ./tandem runs this folder."""

import os
import signal
import sys
from pathlib import Path


def _end(*_):
    os._exit(130)       # STATUS_INTERRUPTED, which is not imported yet


# Until there is somebody to tell, Ctrl-C ends this without a word; ./tandem
# has held it back so far. One that is ignored, as by a shell's &, stays so.
_before = signal.getsignal(signal.SIGINT)
if _before is signal.default_int_handler:
    signal.signal(signal.SIGINT, _end)
signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])

# In place of this folder, whose modules share names with Python's own.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from tools.commands.app import main  # noqa: E402

if __name__ == "__main__":
    try:
        signal.signal(signal.SIGINT, _before)
        status = main()
    except KeyboardInterrupt:   # before or after it listens
        _end()
    sys.exit(status)
