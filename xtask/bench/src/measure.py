"""Runs a command, and prints its seconds, its seconds of a processor, and the largest memory of one of its processes in
bytes."""

import resource
import subprocess
import sys
import time

start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.monotonic() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
# macOS counts bytes, Linux kibibytes.
memory = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(seconds, used.ru_utime + used.ru_stime, memory)
sys.exit(code)
