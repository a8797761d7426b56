"""LangChain's client for OpenAI's API."""

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel

from uses import ARGUMENTS, BASE, ECHO, KEY, TOOLS, received, same, use

model = ChatOpenAI(model=ECHO, base_url=BASE, api_key=KEY, max_retries=0)


class Weather(BaseModel):
    city: str
    temp: int


@use("invoke")
def _():
    same("the answer", model.invoke("hi").content, "echo: hi")


@use("stream")
def _():
    same("the answer", "".join(chunk.content for chunk in model.stream("hi")), "echo: hi")


@use("usage of a stream")
def _():
    total = None
    for chunk in ChatOpenAI(model=ECHO, base_url=BASE, api_key=KEY, stream_usage=True).stream("hi"):
        total = chunk if total is None else total + chunk
    same("the usage", total.usage_metadata["total_tokens"], 18)


@use("`with_structured_output`")
def _():
    same("the value", model.with_structured_output(Weather).invoke("hi"), Weather(city="Paris", temp=42))


@use("`bind_tools`")
def _():
    same("the arguments", model.bind_tools(TOOLS).invoke("hi").tool_calls[0]["args"], ARGUMENTS)


@use("tool loop with ToolMessage")
def _():
    bound = model.bind_tools(TOOLS)
    call = bound.invoke("hi")
    result = ToolMessage("sunny", tool_call_id=call.tool_calls[0]["id"])
    same("the answer", bound.invoke([HumanMessage("hi"), call, result]).content, "the tool says: sunny")


@use("`stop=`")
def _():
    model.invoke("hi", stop=["\nObservation"])
    same("the stop", received()["stop"], ["\nObservation"])


@use("tokens of a whole answer")
def _():
    same("the usage", model.invoke("hi").usage_metadata["total_tokens"], 18)


@use("`use_responses_api=True`")
def _():
    responses = ChatOpenAI(model=ECHO, base_url=BASE, api_key=KEY, max_retries=0, use_responses_api=True)
    same("the answer", responses.invoke("hi").text, "echo: hi")
    same("the streamed answer", "".join(chunk.text for chunk in responses.stream("hi")), "echo: hi")


@use("OpenAIEmbeddings")
def _():
    embeddings = OpenAIEmbeddings(model=ECHO, base_url=BASE, api_key=KEY, check_embedding_ctx_length=False)
    same("the vectors", embeddings.embed_documents(["a", "b"]), [[0.5, -0.25, 0.125, 1.0]] * 2)
