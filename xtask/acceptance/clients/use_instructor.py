"""Instructor, with its modes."""

import instructor
from openai import OpenAI
from pydantic import BaseModel

from uses import BASE, ECHO, KEY, MESSAGES, same, use

client = OpenAI(base_url=BASE, api_key=KEY, max_retries=0)

# The model repeats this, so that its answer has the block that the mode asks for.
BLOCK = [{"role": "user", "content": '\n```json\n{"city": "Paris", "temp": 42}\n```\n'}]


class Weather(BaseModel):
    city: str
    temp: int


def asked(mode, messages):
    create = instructor.from_openai(client, mode=mode).chat.completions.create
    value = create(model=ECHO, messages=messages, response_model=Weather, max_retries=0)
    same("the value", value.model_dump(), {"city": "Paris", "temp": 42})


@use("tools mode (its default)")
def _():
    asked(instructor.Mode.TOOLS, MESSAGES)


@use("JSON mode")
def _():
    asked(instructor.Mode.JSON, MESSAGES)


@use("MD_JSON mode")
def _():
    asked(instructor.Mode.MD_JSON, BLOCK)
