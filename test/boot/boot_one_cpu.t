#!/bin/sh
# The scenarios once more, on a machine with one CPU: host and guest take turns
# there. Those that need a second CPU skip themselves.
exec "$(dirname "$0")/boot.t" all bochs-vmx 1
