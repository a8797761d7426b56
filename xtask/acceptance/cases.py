"""Common code of the scripts: `SCRIPT.py CASE` runs one case with JSON arguments from standard input.

Exits with 0 on success. Otherwise the last line on standard error has the reason.
"""

import json
import sys
import traceback

CASES = {}


def case(function):
    """Registers `function`, which takes the arguments, as a case of its name."""
    CASES[function.__name__] = function
    return function


def main():
    """Runs the case that the command line names."""
    given = json.load(sys.stdin)
    try:
        CASES[sys.argv[1]](given)
    except Exception as error:  # Whatever it is, it is a finding.
        traceback.print_exc()
        words = " ".join(str(error).split()) or type(error).__name__
        sys.exit(words[:500])


def same(what, found, expected):
    """Asserts that `found` equals `expected`."""
    assert found == expected, f"{what} is {found!r}, expected {expected!r}"


def within(what, text, part):
    """Asserts that `text` contains `part`."""
    assert part in text, f"{what} is {text!r}, and lacks {part!r}"
