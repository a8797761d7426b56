"""The interface `clawft:agent/turns` of the component, function by function, in wasmtime for Python."""

import json
import sys
import time

from cases import case, main, same, within


def begin(agent, message, **changes):
    """Begins a turn with the configuration as a value, and without a session of its own."""
    record = sys.modules["host"].record
    options = {"message": message, "session": None, "configuration": None, "streamed": True, "tools": []}
    return agent.call("begin", record(**{**options, **changes}))


def pull(agent, turn):
    """Returns the events of a turn up to its end."""
    events = []
    while not events or events[-1].tag != "end":
        events.append(agent.call("[method]turn.next", turn))
    return events


def failure(call, *arguments):
    """Returns the kind and the message of the error of a call."""
    try:
        call(*arguments)
    except sys.modules["host"].AgentError as error:
        return error.kind, str(error)
    raise AssertionError("there is no error")


def agent(given):
    """Returns the component in a new instance."""
    sys.path.insert(0, given["example"])
    import host

    return host.Agent(given["component"], given["directory"])


@case
def turns(given):
    """Two turns at once, each on a session of its own; the sessions are listed, exported and deleted."""
    a = agent(given)
    one = begin(a, "one two three", session="one", configuration=given["configuration"])
    two = begin(a, "four five six", session="two", configuration=given["configuration"])
    first = [a.call("[method]turn.next", turn) for turn in (one, two, one, two)]
    same("the kinds of the events", [event.tag for event in first], ["text"] * 4)
    ends = [pull(a, turn)[-1].payload for turn in (one, two)]
    same("the texts", [end.text for end in ends], ["echo: one two three", "echo: four five six"])
    for end, name in zip(ends, ["one", "two"]):
        same("the end", [end.finish, end.session, end.stored, end.incomplete], ["complete", name, True, None])
        same("the finish reason", getattr(end, "finish-reason"), "stop")
        assert getattr(end.usage, "total-tokens") > 0, "there is no usage"
    same("the call after the end", failure(a.call, "[method]turn.next", one)[0], "invalid")
    one.drop(a.store)
    two.drop(a.store)
    same("the sessions", a.call("list-sessions"), ["one", "two"])
    exported = json.loads(a.call("export-session", "two"))
    same("the session", exported["messages"][1]["content"], "echo: four five six")
    same("the export of another", a.call("export-session", "three"), None)
    same("the deletions", [a.call("delete-session", "two") for _ in range(2)], [True, False])
    same("the sessions", a.call("list-sessions"), ["one"])
    same("the kind of a wrong name", failure(a.call, "delete-session", "../one")[0], "invalid")


@case
def cancel(given):
    """A cancelled turn ends with the text that has arrived, and a dropped one without a trace."""
    a = agent(given)
    turn = begin(a, "one two three four", configuration=given["configuration"])
    text = a.call("[method]turn.next", turn).payload
    a.call("[method]turn.cancel", turn)
    events = pull(a, turn)
    text += "".join(event.payload for event in events if event.tag == "text")
    end = events[-1].payload
    same("the end", [end.finish, end.stored, end.text], ["cancelled", True, text])
    within("the reason", end.incomplete, "cancelled")
    dropped = begin(a, "one two", session="dropped", configuration=given["configuration"])
    a.call("[method]turn.next", dropped)
    dropped.drop(a.store)
    same("the sessions", a.call("list-sessions"), ["default"])


@case
def errors(given):
    """Each error has its kind."""
    a = agent(given)
    for name, kind in given["kinds"].items():
        turn = begin(a, "hello", configuration=given["configurations"][name])
        found = failure(pull, a, turn)
        same(f"the kind of `{name}`", found[0], kind)
        assert given["key"] not in found[1], "the key is in a message"
    same("without a configuration", failure(begin, a, "hello")[0], "configuration")
    same("with a broken one", failure(lambda: begin(a, "hello", configuration="{"))[0], "configuration")
    refusing = given["configurations"]["status-401"]
    same("without a message", failure(lambda: begin(a, " ", configuration=refusing))[0], "invalid")
    turn = begin(a, "hello", configuration=refusing)
    same("a wrong answer", failure(a.call, "[method]turn.answer", turn, "x", "y", False)[0], "invalid")


@case
def slow(given):
    """A host that takes longer for a part than the provider may: the answer is complete all the same."""
    a = agent(given)
    turn = begin(a, "one two three four", configuration=given["configuration"])
    text = a.call("[method]turn.next", turn).payload
    time.sleep(given["pause"])
    events = pull(a, turn)
    text += "".join(event.payload for event in events if event.tag == "text")
    end = events[-1].payload
    same("the end", [end.finish, end.incomplete, end.text], ["complete", None, "echo: one two three four"])
    same("the text", text, end.text)


def called(a, turn):
    """Returns the call of a tool that comes next."""
    event = a.call("[method]turn.next", turn)
    while event.tag in ("text", "reasoning", "notice"):
        event = a.call("[method]turn.next", turn)
    same("the kind of the event", event.tag, "call")
    return event.payload


@case
def within_a_tool(given):
    """A tool of the host uses the component before it answers: sessions, another turn, and its own one wrongly."""
    a = agent(given)
    options = {"configuration": given["configuration"], "tools": [sys.modules["host"].TOOL]}
    outer = begin(a, given["message"], session="outer", **options)
    call = called(a, outer)
    same("next before the answer", failure(a.call, "[method]turn.next", outer)[0], "invalid")
    wrong = failure(a.call, "[method]turn.answer", outer, "no such call", "x", False)
    same("the answer to another call", wrong[0], "invalid")
    inner = begin(a, given["message"], session="inner", **options)
    a.call("[method]turn.answer", inner, called(a, inner).id, "inner", False)
    same("the text of the inner turn", pull(a, inner)[-1].payload.text, "done: inner")
    inner.drop(a.store)
    same("the sessions meanwhile", a.call("list-sessions"), ["inner"])
    a.call("[method]turn.answer", outer, call.id, "outer", False)
    again = failure(a.call, "[method]turn.answer", outer, call.id, "again", False)
    same("the same answer again", again[0], "invalid")
    same("the text of the outer turn", pull(a, outer)[-1].payload.text, "done: outer")
    same("the sessions", a.call("list-sessions"), ["inner", "outer"])


@case
def cancel_in_a_tool(given):
    """A tool of the host cancels its turn instead of answering: the turn ends, and its session stays valid."""
    a = agent(given)
    options = {"configuration": given["configuration"], "tools": [sys.modules["host"].TOOL], "session": "one"}
    turn = begin(a, given["message"], **options)
    call = called(a, turn)
    a.call("[method]turn.cancel", turn)
    same("the end", pull(a, turn)[-1].payload.finish, "cancelled")
    late = failure(a.call, "[method]turn.answer", turn, call.id, "late", False)
    same("an answer after the end", late[0], "invalid")
    turn.drop(a.store)
    turn = begin(a, given["message"], **options)
    a.call("[method]turn.answer", turn, called(a, turn).id, "now", False)
    same("the text of the next turn", pull(a, turn)[-1].payload.text, "done: now")


if __name__ == "__main__":
    main()
