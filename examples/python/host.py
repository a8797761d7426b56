"""A host that embeds clawft: asks a question, performs the calls of its own tool `lookup_order`, and prints the text
as it arrives.

    python3 host.py clawft.wasm CONFIG_DIRECTORY MESSAGE
"""

import json
import os
import sys

from wasmtime import Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record, Variant

INTERFACE = "clawft:agent/turns@0.2.0"


def record(**fields):
    """Returns a record with these fields."""
    made = Record()
    made.__dict__.update(fields)
    return made


class Agent:
    """The component, with HTTP, a directory and a variable for the key."""

    def __init__(self, path, directory):
        engine = Engine()
        linker = Linker(engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        wasi = WasiConfig()
        wasi.preopen_dir(directory, "/config")
        wasi.env = [("CLAWFT_KEY", os.environ.get("CLAWFT_KEY", ""))]
        self.store = Store(engine)
        self.store.set_wasi(wasi)
        self.store.set_wasi_http()
        self.instance = linker.instantiate(self.store, Component.from_file(engine, path))
        self.turns = self.instance.get_export_index(self.store, INTERFACE)

    def call(self, name, *arguments):
        """Calls a function of the interface; an error becomes an exception."""
        index = self.instance.get_export_index(self.store, name, self.turns)
        function = self.instance.get_func(self.store, index)
        result = function(self.store, *arguments)
        function.post_return(self.store)
        # A result is tagged where success and error could be confused.
        if isinstance(result, Variant) and result.tag == "ok":
            return result.payload
        if isinstance(result, Variant):
            error = result.payload if result.tag == "err" else result
            raise AgentError(error)
        return result


class AgentError(Exception):
    """The reason why there is no answer: its kind, and the message for the user."""

    def __init__(self, error):
        self.kind = error.tag
        # A limited rate has the time to wait as well.
        message = error.payload if isinstance(error.payload, str) else error.payload.message
        super().__init__(f"{self.kind}: {message}")


def lookup_order(arguments):
    """Performs a call of the tool. Returns the result, and whether it is an error."""
    order = json.loads(arguments).get("id")
    return ("shipped", False) if order == "A-17" else (f"there is no order `{order}`", True)


TOOL = record(
    name="lookup_order",
    description="Returns the state of an order.",
    parameters=json.dumps(
        {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
    ),
)


def main(component, directory, message):
    agent = Agent(component, directory)
    options = record(message=message, session="orders", configuration=None, streamed=True, tools=[TOOL])
    turn = agent.call("begin", options)
    while True:
        event = agent.call("[method]turn.next", turn)
        if event.tag == "text":
            print(event.payload, end="", flush=True)
        elif event.tag == "call":
            call = event.payload
            agent.call("[method]turn.answer", turn, call.id, *lookup_order(call.arguments))
        elif event.tag in ("notice", "warning"):
            print(f"{event.tag}: {event.payload}", file=sys.stderr)
        elif event.tag == "end":
            break
    end = event.payload
    turn.drop(agent.store)
    print()
    print(end.finish, vars(end.usage) if end.usage else None, end.session, end.stored, file=sys.stderr)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: python3 host.py clawft.wasm CONFIG_DIRECTORY MESSAGE")
    if not os.path.isdir(sys.argv[2]):
        sys.exit(f"error: the directory of the configuration, `{sys.argv[2]}`, does not exist")
    try:
        main(*sys.argv[1:])
    except AgentError as error:
        sys.exit(f"error: {error}")
