"""OpenAI's own client against the gateway: whole and streamed answers, models, sessions, and every error class."""

import asyncio
import time

import openai
from openai import AsyncOpenAI, OpenAI

from cases import case, main, same, within

# The agent, and the model that the gateway's configuration names.
AGENT, MODEL = "clawft", "gpt-4o-mini"


def client(url, key="unused", **options):
    """Returns a client without retries, so that each error is reported."""
    return OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0, timeout=30, **options)


def ask(of, text="hello", **options):
    """Sends `text` with a client."""
    messages = [{"role": "user", "content": text}]
    return of.chat.completions.create(model=AGENT, messages=messages, **options)


def refused(kind, work):
    """Returns the error of `kind` that `work` must raise."""
    try:
        work()
    except openai.OpenAIError as error:
        assert type(error) is kind, f"expected {kind.__name__}, got {type(error).__name__}: {error}"
        return error
    raise AssertionError(f"expected {kind.__name__}, got an answer")


@case
def whole(given):
    """A whole answer, in a conversation that the client holds."""
    messages = [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "echo: hello"},
        {"role": "user", "content": [{"type": "text", "text": "and again"}]},
    ]
    create = client(given["url"]).chat.completions.create
    answer = create(model=AGENT, messages=messages, temperature=0.5, max_completion_tokens=100, user="someone")
    same("the answer", answer.choices[0].message.content, "echo: and again")
    same("the role", answer.choices[0].message.role, "assistant")
    same("the reason to stop", answer.choices[0].finish_reason, "stop")
    same("the kind of object", answer.object, "chat.completion")
    same("the model", answer.model, MODEL)
    same("the usage", answer.usage.total_tokens, 12)
    assert answer.id and answer.created > 1_700_000_000, f"id {answer.id!r}, created {answer.created}"


@case
def streamed(given):
    """A streamed answer: the provider pauses 300 milliseconds before each of the four words."""
    text, times, reasons, usage = "", [], [], None
    options = {"stream": True, "stream_options": {"include_usage": True}}
    for chunk in ask(client(given["url"]), "one two three", **options):
        same("the kind of object", chunk.object, "chat.completion.chunk")
        usage = chunk.usage or usage
        for choice in chunk.choices:
            if choice.delta.content:
                text += choice.delta.content
                times.append(time.monotonic())
            if choice.finish_reason:
                reasons.append(choice.finish_reason)
    same("the text", text, "echo: one two three")
    same("the reasons to stop", reasons, ["stop"])
    same("the number of pieces", len(times), 4)
    assert usage, "the stream has no usage"
    assert times[-1] - times[0] > 0.6, f"the pieces came within {times[-1] - times[0]:.2f} s"


@case
def passed_on(given):
    """Requests for the provider's own model go on as they came, also in the dialect of Responses."""
    of = client(given["url"])
    messages = [{"role": "user", "content": "hello"}]
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
    more = {"tools": [tool], "top_p": 0.5, "stop": ["END"], "seed": 7, "extra_body": {"unheard_of": {"a": 1.50}}}
    answer = of.chat.completions.create(model=MODEL, messages=messages, **more)
    same("the answer", answer.choices[0].message.content, "echo: hello")
    same("the provider's own field", answer.service_tier, "default")
    same("the usage", answer.usage.total_tokens, 11)
    options = {"stream": True, "stream_options": {"include_usage": True}}
    chunks = list(of.chat.completions.create(model=MODEL, messages=messages, **options))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    same("the streamed answer", text, "echo: hello")
    assert chunks[-1].usage, "the usage of a stream that asks for it"
    without_version = OpenAI(base_url=given["url"], api_key="unused", max_retries=0)
    same("the path without /v1", without_version.chat.completions.create(model=MODEL, messages=messages).model, MODEL)
    same("a response", of.responses.create(model=MODEL, input="hello").output_text, "echo: hello")
    events = [event.type for event in of.responses.create(model=MODEL, input="hello", stream=True)]
    same("the last event", events[-1], "response.completed")


@case
def models(given):
    """The model that is configured, and the agent."""
    found = client(given["url"]).models
    same("the list", [model.id for model in found.list()], [MODEL, AGENT])
    same("the model", found.retrieve(MODEL).id, MODEL)
    refused(openai.NotFoundError, lambda: found.retrieve("another"))


@case
def session(given):
    """With the header, the gateway stores the turn."""
    options = {"default_headers": {"X-Clawft-Session": "client"}}
    of = client(given["url"], **options)
    same("the first answer", ask(of).choices[0].message.content, "echo: hello")
    same("the second answer", ask(of, "more").choices[0].message.content, "echo: more")
    two = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
    refused(openai.BadRequestError, lambda: of.chat.completions.create(model=AGENT, messages=two))
    bad = client(given["url"], default_headers={"X-Clawft-Session": "../etc"})
    refused(openai.BadRequestError, lambda: ask(bad))


@case
def parallel(given):
    """Twenty simultaneous answers of a second each take little more than one."""

    async def all_at_once():
        async with AsyncOpenAI(base_url=f"{given['url']}/v1", api_key="unused", max_retries=0) as of:
            asked = (ask(of, f"number {number}") for number in range(20))
            return await asyncio.gather(*asked)

    start = time.monotonic()
    answers = asyncio.run(all_at_once())
    texts = [answer.choices[0].message.content for answer in answers]
    same("the answers", texts, [f"echo: number {number}" for number in range(20)])
    assert time.monotonic() - start < 8, f"they took {time.monotonic() - start:.1f} s"


@case
def errors(given):
    """Errors of the provider and of the gateway."""
    urls = given["urls"]
    behind = [
        ("status-400", openai.BadRequestError, 400, "400"),
        ("status-401", openai.InternalServerError, 502, "Invalid API key"),
        ("status-404", openai.NotFoundError, 404, "404"),
        ("status-429", openai.RateLimitError, 429, "Rate limit"),
        ("status-500", openai.InternalServerError, 502, "500"),
        ("reset", openai.InternalServerError, 502, "HTTP unavailable"),
        ("garbage", openai.InternalServerError, 502, ""),
    ]
    for scenario, kind, status, words in behind:
        for stream in (False, True):
            error = refused(kind, lambda: ask(client(urls[scenario]), stream=stream))
            same(f"the status of {scenario}", error.status_code, status)
            within(f"the message of {scenario}", error.message, words)
            assert error.code and error.type, f"{scenario} has the code {error.code} and the type {error.type}"
    silent(client(urls["silent"]))
    in_front(client(urls["garbage"]))


def silent(of):
    """Requests to a provider that does not answer in time: a stream has begun by then."""
    error = refused(openai.InternalServerError, lambda: ask(of))
    same("the status of a silent provider", error.status_code, 504)
    within("the message of a silent provider", error.message, "Request timed out")
    error = refused(openai.APIError, lambda: list(ask(of, stream=True)))
    within("the message in the stream of a silent provider", error.message, "Request timed out")
    assert error.code and error.type, f"the event has the code {error.code} and the type {error.type}"


def in_front(of):
    """Requests that never reach the provider."""
    create = of.chat.completions.create
    hello = [{"role": "user", "content": "hello"}]
    error = refused(openai.BadRequestError, lambda: create(model=AGENT, messages=[]))
    same("the field that is wrong", error.param, "messages")
    tool = {"type": "function", "function": {"name": "f", "parameters": {}}}
    error = refused(openai.BadRequestError, lambda: create(model=AGENT, messages=hello, tools=[tool]))
    within("the message", error.message, "tools")
    large = refused(openai.APIStatusError, lambda: ask(of, "x" * 5_000_000))
    same("the status of a large request", large.status_code, 413)
    gone = OpenAI(base_url="http://127.0.0.1:9/v1", api_key="unused", max_retries=0)
    refused(openai.APIConnectionError, lambda: ask(gone))


@case
def broken_stream(given):
    """An answer that breaks off is an error, and the text before it is passed on."""
    for scenario, url in given["urls"].items():
        text = []

        def read():
            for chunk in ask(client(url), "one two three", stream=True):
                text.extend(choice.delta.content or "" for choice in chunk.choices)

        error = refused(openai.APIError, read)
        within(f"the message of {scenario}", error.message, "incomplete")
        same(f"the text of {scenario}", "".join(text), "echo: one two ")


@case
def token(given):
    """Without the token there is no answer and no information."""
    url = given["url"]
    for key in ["wrong", given["token"] + "x", given["token"][:-1]]:
        error = refused(openai.AuthenticationError, lambda: ask(client(url, key)))
        assert given["token"] not in str(error), "the refusal tells the token"
        refused(openai.AuthenticationError, lambda: client(url, key).models.list())
    right = client(url, given["token"])
    same("the answer", ask(right).choices[0].message.content, "echo: hello")


if __name__ == "__main__":
    main()
