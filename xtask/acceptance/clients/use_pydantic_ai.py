"""Pydantic AI."""

import asyncio

from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

from uses import BASE, ECHO, KEY, same, use


def provider():
    return OpenAIProvider(openai_client=AsyncOpenAI(base_url=BASE, api_key=KEY, max_retries=0))


def agent(**options):
    return Agent(OpenAIChatModel(ECHO, provider=provider()), retries=0, **options)


class Weather(BaseModel):
    city: str
    temp: int


@use("text")
def _():
    same("the answer", agent().run_sync("hi").output, "echo: hi")


@use("`output_type`")
def _():
    same("the value", agent(output_type=Weather).run_sync("hi").output, Weather(city="Paris", temp=42))


@use("a tool")
def _():
    called = []
    with_tool = agent()

    @with_tool.tool_plain
    def get_weather(city: str) -> str:
        """Returns the weather in a city."""
        called.append(city)
        return "sunny"

    same("the answer", with_tool.run_sync("hi").output, "the tool says: sunny")
    same("the calls", called, ["Paris"])


@use("stream with usage")
def _():
    async def streamed():
        async with agent().run_stream("hi") as result:
            text = [piece async for piece in result.stream_text(delta=True)]
        usage = result.usage() if callable(result.usage) else result.usage
        return "".join(text), usage.output_tokens

    same("the answer and its tokens", asyncio.run(streamed()), ("echo: hi", 7))


@use("Responses")
def _():
    responses = Agent(OpenAIResponsesModel(ECHO, provider=provider()), retries=0)
    same("the answer", responses.run_sync("hi").output, "echo: hi")
