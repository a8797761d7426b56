"""What the scripts here share: `SCRIPT.py CASE` tries one case with what it is given as JSON on standard input.

It ends with 0 if all is as it should be. If not, the last line on standard error says what is wrong.
"""

import json
import sys
import traceback

CASES = {}


def case(function):
    """Makes `function`, which takes what is given, a case of its name."""
    CASES[function.__name__] = function
    return function


def main():
    """Tries the case that the command line names."""
    given = json.load(sys.stdin)
    try:
        CASES[sys.argv[1]](given)
    except Exception as error:  # Whatever it is, it is a finding.
        traceback.print_exc()
        words = " ".join(str(error).split()) or type(error).__name__
        sys.exit(words[:500])


def same(what, found, expected):
    """Insists on `found` being what is `expected`."""
    assert found == expected, f"{what} is {found!r}, expected {expected!r}"


def within(what, text, part):
    """Insists on `text` holding `part`."""
    assert part in text, f"{what} is {text!r}, and lacks {part!r}"
