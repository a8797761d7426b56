"""Common code of the clients in Python: `use_CLIENT.py URL LOG LABEL PACKAGE` tries each use of a library through the
gateway at URL. It prints a line of JSON with the version of the PACKAGE, and one for each use.
LOG holds the requests that the provider received, ours under LABEL.
"""

import importlib.metadata
import json
import os
import sys
import traceback

URL, LOG, LABEL, PACKAGE = sys.argv[1:5]
BASE = f"{URL}/v1"
KEY = "unused"

# A model that is passed on in OpenAI's dialect, one that shows its reasoning, and two that are translated to
# Anthropic's messages.
ECHO, REASON, CLAUDE, CLAUDE_REASON = "echo", "reason", "claude", "claude-reason"

MESSAGES = [{"role": "user", "content": "hi"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "get_weather", "description": "Returns the weather in a city.", "parameters": PARAMETERS}
TOOLS = [{"type": "function", "function": FUNCTION}]
ARGUMENTS = {"city": "Paris"}

# An image of one pixel.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

# Whatever a library would ask of the internet, it is not asked.
os.environ["OPENAI_API_KEY"] = os.environ["ANTHROPIC_API_KEY"] = KEY
os.environ["NO_PROXY"] = "127.0.0.1"

print(json.dumps({"version": importlib.metadata.version(PACKAGE)}), flush=True)


def use(name):
    """Tries a function at once; it works if it raises nothing."""

    def tried(function):
        line = {"use": name, "works": True}
        try:
            function()
        except Exception as error:  # Whatever it is, it is a finding.
            traceback.print_exc()
            words = " ".join(str(error).split())
            line = {"use": name, "works": False, "error": f"{type(error).__name__}: {words}"[:500]}
        print(json.dumps(line), flush=True)

    return tried


def same(what, found, expected):
    """Asserts that `found` equals `expected`."""
    assert found == expected, f"{what} is {found!r}, expected {expected!r}"


def received(back=1):
    """Returns the body of the last request that the provider received from this client, or of an earlier one."""
    with open(LOG, encoding="utf-8") as log:
        requests = [json.loads(line) for line in log if f"/{LABEL}/" in line[:500]]
    posted = [request for request in requests if request["method"] == "POST"]
    return json.loads(posted[-back]["body"])
