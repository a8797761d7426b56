"""Runs a command, and prints its seconds and the largest memory of one of its processes in bytes."""

import resource
import subprocess
import sys
import time

start = time.monotonic()
code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.monotonic() - start
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
# macOS counts bytes, Linux kibibytes.
print(seconds, largest * (1 if sys.platform == "darwin" else 1024))
sys.exit(code)
