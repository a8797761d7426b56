"""OpenAI's client for Python."""

from openai import NotFoundError, OpenAI
from pydantic import BaseModel

from uses import (
    ARGUMENTS, BASE, CLAUDE, CLAUDE_REASON, ECHO, KEY, MESSAGES, PARAMETERS, PIXEL, REASON, TOOLS, json, received,
    same, use,
)

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0)
create = client.chat.completions.create


class Weather(BaseModel):
    city: str
    temp: int


def text(answer):
    return answer.choices[0].message.content


@use("create")
def _():
    same("the answer", text(create(model=ECHO, messages=MESSAGES)), "echo: hi")


@use("stream")
def _():
    chunks = create(model=ECHO, messages=MESSAGES, stream=True)
    same("the answer", "".join(chunk.choices[0].delta.content or "" for chunk in chunks), "echo: hi")


@use("stream with `include_usage`")
def _():
    chunks = list(create(model=ECHO, messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    same("the usage", chunks[-1].usage.total_tokens, 18)


@use("`.stream()` helper")
def _():
    with client.chat.completions.stream(model=ECHO, messages=MESSAGES) as stream:
        events = [event.type for event in stream]
        same("the answer", text(stream.get_final_completion()), "echo: hi")
    assert "content.delta" in events, events


@use("tools")
def _():
    call = create(model=ECHO, messages=MESSAGES, tools=TOOLS).choices[0].message.tool_calls[0]
    same("the call", (call.function.name, json.loads(call.function.arguments)), ("get_weather", ARGUMENTS))


@use("tools streamed")
def _():
    chunks = create(model=ECHO, messages=MESSAGES, tools=TOOLS, stream=True)
    deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    same("the name", deltas[0].function.name, "get_weather")
    same("the arguments", json.loads("".join(delta.function.arguments for delta in deltas)), ARGUMENTS)


@use("`.parse(response_format=Model)`")
def _():
    answer = client.chat.completions.parse(model=ECHO, messages=MESSAGES, response_format=Weather)
    same("the value", answer.choices[0].message.parsed, Weather(city="Paris", temp=42))


@use("JSON mode")
def _():
    answer = create(model=ECHO, messages=MESSAGES, response_format={"type": "json_object"})
    same("the value", json.loads(text(answer)), {"city": "Paris", "temp": 42})


@use("`top_p`, `stop`, penalties")
def _():
    create(model=ECHO, messages=MESSAGES, top_p=0.9, stop=["x"], frequency_penalty=0.1, presence_penalty=0.2)
    sent = received()
    same("top_p and stop", (sent["top_p"], sent["stop"]), (0.9, ["x"]))
    same("the penalties", (sent["frequency_penalty"], sent["presence_penalty"]), (0.1, 0.2))


@use("image part")
def _():
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "look"}, image]}]
    same("the answer", text(create(model=ECHO, messages=messages)), "echo: look")
    same("the image", received()["messages"][0]["content"][1], image)


@use("`reasoning_content` visible")
def _():
    message = create(model=REASON, messages=MESSAGES).choices[0].message
    same("the reasoning", message.reasoning_content, "Let me think about this. ")


@use("usage details (cached and reasoning tokens)")
def _():
    usage = create(model=ECHO, messages=MESSAGES).usage
    details = (usage.prompt_tokens_details.cached_tokens, usage.completion_tokens_details.reasoning_tokens)
    same("the details", details, (5, 3))


@use("`responses.create`")
def _():
    same("the answer", client.responses.create(model=ECHO, input="hi").output_text, "echo: hi")


@use("`embeddings.create`")
def _():
    same("the vector", client.embeddings.create(model=ECHO, input="hi").data[0].embedding, [0.5, -0.25, 0.125, 1.0])


@use("`models.list`")
def _():
    names = [model.id for model in client.models.list()]
    assert {ECHO, REASON, CLAUDE, "clawft"} <= set(names), names


@use("replay of a reply's `model_dump()`")
def _():
    reply = create(model=ECHO, messages=MESSAGES).choices[0].message
    same("the answer", text(create(model=ECHO, messages=MESSAGES + [reply.model_dump(), *MESSAGES])), "echo: hi")


@use("`seed` reaches the upstream")
def _():
    create(model=ECHO, messages=MESSAGES, seed=7)
    same("the seed", received()["seed"], 7)


@use("`reasoning_effort` reaches the upstream")
def _():
    create(model=ECHO, messages=MESSAGES, reasoning_effort="high")
    same("the effort", received()["reasoning_effort"], "high")


@use("`responses.create` streamed")
def _():
    events = [event.type for event in client.responses.create(model=ECHO, input="hi", stream=True)]
    same("the ends", (events[0], events[-1]), ("response.created", "response.completed"))


@use("`previous_response_id`")
def _():
    first = client.responses.create(model=ECHO, input="hi")
    second = client.responses.create(model=ECHO, input="more", previous_response_id=first.id)
    same("the answer", second.output_text, "echo: more")
    roles = [message["role"] for message in received()["messages"]]
    same("the conversation", roles, ["user", "assistant", "user"])


@use("`responses.retrieve` and `responses.delete`")
def _():
    made = client.responses.create(model=ECHO, input="hi")
    same("the answer", client.responses.retrieve(made.id).output_text, "echo: hi")
    client.responses.delete(made.id)
    try:
        client.responses.retrieve(made.id)
    except NotFoundError:
        return
    raise AssertionError("a deleted response is returned")


@use("`responses.parse`")
def _():
    answer = client.responses.parse(model=ECHO, input="hi", text_format=Weather)
    same("the value", answer.output_parsed, Weather(city="Paris", temp=42))


@use("function calls of `responses.create`")
def _():
    tool = {"type": "function", "name": "get_weather", "parameters": PARAMETERS}
    first = client.responses.create(model=ECHO, input="hi", tools=[tool])
    call = next(item for item in first.output if item.type == "function_call")
    same("the arguments", json.loads(call.arguments), ARGUMENTS)
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    second = client.responses.create(model=ECHO, input=[result], tools=[tool], previous_response_id=first.id)
    same("the answer", second.output_text, "the tool says: sunny")


@use("`completions.create`")
def _():
    same("the answer", client.completions.create(model=ECHO, prompt="hi").choices[0].text, "echo: hi")


@use("`n=2`")
def _():
    same("the answers", len(create(model=ECHO, messages=MESSAGES, n=2).choices), 2)


@use("Claude: create and stream")
def _():
    same("the answer", text(create(model=CLAUDE, messages=MESSAGES)), "echo: hi")
    chunks = list(create(model=CLAUDE, messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    same("the text", "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), "echo: hi")
    same("the usage", chunks[-1].usage.total_tokens, 18)


@use("Claude: tools and their results")
def _():
    call = create(model=CLAUDE, messages=MESSAGES, tools=TOOLS).choices[0].message
    same("the arguments", json.loads(call.tool_calls[0].function.arguments), ARGUMENTS)
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "sunny"}
    answer = create(model=CLAUDE, messages=[*MESSAGES, call.model_dump(exclude_none=True), result], tools=TOOLS)
    same("the answer", text(answer), "the tool says: sunny")


@use("Claude: `.parse(response_format=Model)`")
def _():
    answer = client.chat.completions.parse(model=CLAUDE, messages=MESSAGES, response_format=Weather)
    same("the value", answer.choices[0].message.parsed, Weather(city="Paris", temp=42))


@use("Claude: image part and reasoning")
def _():
    image = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "look"}, image]}]
    message = create(model=CLAUDE_REASON, messages=messages).choices[0].message
    same("the reasoning", message.reasoning_content, "Let me think about this. ")
    same("the image", received()["messages"][0]["content"][1]["source"]["data"], PIXEL)
