"""Simon Willison's command `llm`, with a model of its file `extra-openai-models.yaml`."""

import os
import pathlib
import subprocess
import sys
import tempfile

from uses import BASE, ECHO, KEY, json, received, same, use

directory = pathlib.Path(tempfile.mkdtemp(prefix="llm-", dir=pathlib.Path.cwd()))
model = {"model_id": ECHO, "model_name": ECHO, "api_base": BASE, "supports_tools": True, "supports_schema": True}
# JSON is YAML too.
(directory / "extra-openai-models.yaml").write_text(json.dumps([model]), encoding="utf-8")
environment = {**os.environ, "LLM_USER_PATH": str(directory), "OPENAI_API_KEY": KEY}


def llm(*arguments):
    command = [str(pathlib.Path(sys.executable).parent / "llm"), *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout.strip()


@use("prompt, streamed")
def _():
    same("the answer", llm("-m", ECHO, "hi"), "echo: hi")
    same("the request", received()["stream"], True)


@use("prompt with `--no-stream` and a system prompt")
def _():
    same("the answer", llm("-m", ECHO, "--no-stream", "-s", "be brief", "hi"), "echo: hi")
    same("the first message", received()["messages"][0], {"role": "system", "content": "be brief"})


@use("continued with `-c`")
def _():
    same("the answer", llm("-m", ECHO, "-c", "more"), "echo: more")
    roles = [message["role"] for message in received()["messages"]]
    same("the last roles", roles[-3:], ["user", "assistant", "user"])


@use("`--schema`")
def _():
    same("the value", json.loads(llm("-m", ECHO, "--schema", "city, temp int", "hi")), {"city": "Paris", "temp": 42})


@use("a tool")
def _():
    tool = "def get_weather(city: str) -> str:\n    return 'sunny in ' + city"
    same("the answer", llm("-m", ECHO, "--functions", tool, "hi"), "the tool says: sunny in Paris")
