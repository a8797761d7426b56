"""Anthropic's client for Python, with models of both dialects."""

from anthropic import Anthropic
from pydantic import BaseModel

from uses import (
    ARGUMENTS, CLAUDE, CLAUDE_REASON, ECHO, FUNCTION, KEY, MESSAGES, PIXEL, URL, received, same, use,
)

client = Anthropic(base_url=URL, api_key=KEY, max_retries=0)
create = client.messages.create
TOOL = {"name": FUNCTION["name"], "description": FUNCTION["description"], "input_schema": FUNCTION["parameters"]}
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}


class Weather(BaseModel):
    city: str
    temp: int


def text(message):
    return "".join(block.text for block in message.content if block.type == "text")


def both(name):
    """Tries a use with a model of each dialect."""

    def tried(function):
        use(name)(lambda: function(CLAUDE))
        use(f"OpenAI's model: {name}")(lambda: function(ECHO))

    return tried


@both("create")
def _(model):
    message = create(model=model, max_tokens=100, system="be brief", messages=MESSAGES)
    same("the answer", text(message), "echo: hi")
    same("the end", (message.stop_reason, message.usage.output_tokens), ("end_turn", 7))


@both("stream")
def _(model):
    events = [event.type for event in create(model=model, max_tokens=100, messages=MESSAGES, stream=True)]
    same("the ends", (events[0], events[-1]), ("message_start", "message_stop"))


@both("`.stream()` helper")
def _(model):
    with client.messages.stream(model=model, max_tokens=100, messages=MESSAGES) as stream:
        same("the text", "".join(stream.text_stream), "echo: hi")
        same("the tokens", stream.get_final_message().usage.output_tokens, 7)


@both("tools and their results")
def _(model):
    call = create(model=model, max_tokens=100, messages=MESSAGES, tools=[TOOL])
    used = call.content[-1]
    same("the call", (used.type, used.name, used.input), ("tool_use", "get_weather", ARGUMENTS))
    result = {"type": "tool_result", "tool_use_id": used.id, "content": "sunny"}
    messages = [*MESSAGES, {"role": "assistant", "content": call.content}, {"role": "user", "content": [result]}]
    answer = create(model=model, max_tokens=100, messages=messages, tools=[TOOL])
    same("the answer", text(answer), "the tool says: sunny")


@both("tools streamed")
def _(model):
    with client.messages.stream(model=model, max_tokens=100, messages=MESSAGES, tools=[TOOL]) as stream:
        used = stream.get_final_message().content[-1]
    same("the call", (used.name, used.input), ("get_weather", ARGUMENTS))


@both("`tool_choice`")
def _(model):
    other = {"name": "other", "input_schema": {"type": "object", "properties": {}}}
    chosen = {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True}
    call = create(model=model, max_tokens=100, messages=MESSAGES, tools=[other, TOOL], tool_choice=chosen)
    same("the call", call.content[-1].name, "get_weather")


@both("image block")
def _(model):
    content = [{"type": "text", "text": "look"}, IMAGE]
    message = create(model=model, max_tokens=9, messages=[{"role": "user", "content": content}])
    same("the answer", text(message), "echo: look")
    assert PIXEL in str(received()), "the image did not reach the provider"


@both("`stop_sequences`, `temperature`, `metadata`")
def _(model):
    options = {"stop_sequences": ["x"], "metadata": {"user_id": "someone"}, "extra_body": {"temperature": 0.5}}
    create(model=model, max_tokens=9, messages=MESSAGES, **options)
    sent = received()
    same("the stop", sent.get("stop_sequences", sent.get("stop")), ["x"])
    same("the temperature", sent["temperature"], 0.5)


@use("thinking, streamed and sent back")
def _():
    thinking = {"type": "enabled", "budget_tokens": 1024}
    options = {"model": CLAUDE_REASON, "max_tokens": 2000, "thinking": thinking}
    with client.messages.stream(messages=MESSAGES, **options) as stream:
        message = stream.get_final_message()
    same("the reasoning", message.content[0].thinking, "Let me think about this. ")
    create(messages=[*MESSAGES, {"role": "assistant", "content": message.content}, *MESSAGES], **options)
    same("the signature", received()["messages"][1]["content"][0]["signature"], message.content[0].signature)


@use("prompt caching")
def _():
    cached = [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    message = create(model=CLAUDE, max_tokens=9, system=cached, messages=MESSAGES)
    same("the cached tokens", message.usage.cache_read_input_tokens, 5)
    same("the mark", received()["system"], cached)


@both("`count_tokens`")
def _(model):
    assert client.messages.count_tokens(model=model, messages=MESSAGES).input_tokens > 0


@both("`.parse(output_format=Model)`")
def _(model):
    message = client.messages.parse(model=model, max_tokens=100, messages=MESSAGES, output_format=Weather)
    same("the value", message.parsed_output, Weather(city="Paris", temp=42))


@use("`models.list`")
def _():
    models = list(client.models.list())
    assert {ECHO, CLAUDE} <= {model.id for model in models}, models
    same("the kind", models[0].type, "model")
