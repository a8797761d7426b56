"""LiteLLM's library."""

import os

from pydantic import BaseModel

from uses import ARGUMENTS, BASE, ECHO, KEY, MESSAGES, TOOLS, URL, json, received, same, use

# Its list of prices is loaded from the package.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm  # noqa: E402

litellm.suppress_debug_info = True
options = {"model": f"openai/{ECHO}", "api_base": BASE, "api_key": KEY, "messages": MESSAGES, "num_retries": 0}


class Weather(BaseModel):
    city: str
    temp: int


@use("completion")
def _():
    same("the answer", litellm.completion(**options).choices[0].message.content, "echo: hi")


@use("stream with usage")
def _():
    chunks = list(litellm.completion(**options, stream=True, stream_options={"include_usage": True}))
    usages = [usage for usage in (getattr(chunk, "usage", None) for chunk in chunks) if usage]
    same("the usage", usages[-1].total_tokens, 18)


@use("tools")
def _():
    call = litellm.completion(**options, tools=TOOLS).choices[0].message.tool_calls[0]
    same("the arguments", json.loads(call.function.arguments), ARGUMENTS)


@use("`drop_params` with `top_p`")
def _():
    litellm.completion(**options, top_p=0.9, drop_params=True)
    same("top_p", received().get("top_p", 0.9), 0.9)


@use("`response_format`")
def _():
    answer = litellm.completion(**options, response_format=Weather).choices[0].message.content
    same("the value", json.loads(answer), {"city": "Paris", "temp": 42})


@use("Anthropic's API")
def _():
    theirs = {**options, "model": "anthropic/claude", "api_base": URL}
    same("the answer", litellm.completion(**theirs).choices[0].message.content, "echo: hi")
