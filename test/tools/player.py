"""A machine that plays a script: player.py CONSOLE SCRIPT (see support.py)."""

import json
import os
import sys
import time

with open(sys.argv[2], encoding="utf-8") as script:
    steps = json.load(script)
with open(sys.argv[1], "a", encoding="utf-8") as console:
    for step in steps:
        if "say" in step:
            console.write(step["say"])
            console.flush()
        while "until" in step and not os.path.exists(step["until"]):
            time.sleep(0.01)
        while "wait" in step:
            time.sleep(1)
        while "spin" in step:
            pass
        if "end" in step:
            sys.exit(step["end"])
