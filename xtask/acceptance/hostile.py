"""Clients that use up a gateway's time, its connections or its disk, and their effect on other clients."""

import collections
import http.client
import json
import resource
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

from cases import case, main, same

# The upper limit for everything here.
PATIENCE = 60

# The limits of the liveness response on a busy machine: for the slowest, and for the fastest one.
WORST, BEST = 5, 1

JSON = {"Content-Type": "application/json"}


def connection(url):
    """Opens a connection of its own."""
    address = urlsplit(url)
    return http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE)


def ask(url, method, path, body=None, headers=None):
    """Returns the status, the headers and the body of an answer."""
    of = connection(url)
    try:
        of.request(method, path, body, headers or {})
        answer = of.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        of.close()


def health(url, times=5):
    """Requests the liveness of the gateway, and asserts that it answers in time."""
    took = []
    for _ in range(times):
        begun = time.monotonic()
        same("the status of /healthz", ask(url, "GET", "/healthz")[0], 200)
        took.append(time.monotonic() - begun)
    assert max(took) < WORST and min(took) < BEST, f"/healthz took {[f'{each:.2f} s' for each in took]}"


@contextmanager
def in_parallel(count, work):
    """Runs `work` in this number of threads meanwhile, and asserts that all of them end."""
    failures = []

    def guarded():
        try:
            work()
        except Exception as error:  # It is raised where somebody sees it.
            failures.append(error)

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), f"something still goes on after {PATIENCE} s"
    if failures:
        raise failures[0]


def conversation(messages):
    """Returns a request of this number of empty messages."""
    empty = [{"role": "user", "content": ""}] * messages
    return json.dumps({"model": "clawft", "messages": [*empty, {"role": "user", "content": "hello"}]})


@case
def large(given):
    """Requests that take long to read delay no other client."""
    body = conversation(given["messages"])
    answers = []
    with in_parallel(
        given["requests"],
        lambda: answers.append(ask(given["url"], "POST", "/v1/chat/completions", body, JSON)[0]),
    ):
        health(given["url"])
    same("the answers", answers, [200] * given["requests"])


@case
def send_large(given):
    """Sends large requests, and does not wait for their answers."""
    body = conversation(given["messages"]).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    address = urlsplit(given["url"])
    for _ in range(given["requests"]):
        with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as client:
            client.sendall(head.encode() + body)


def sockets_that_do_not_read(stack, url, count):
    """Opens sockets that request far more than they will ever read."""
    wanted = count + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert hard == resource.RLIM_INFINITY or hard >= wanted, f"{wanted} files have to be allowed, and {hard} are"
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    address = urlsplit(url)
    requests = f"GET / HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode() * 700
    for _ in range(count):
        client = stack.enter_context(socket.socket())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(PATIENCE)
        client.connect((address.hostname, address.port))
        client.setblocking(False)
        try:
            client.send(requests)
        except (BlockingIOError, ConnectionError):
            pass


@case
def slow_readers(given):
    """Sockets that never read do not keep other clients out."""
    with ExitStack() as stack:
        sockets_that_do_not_read(stack, given["url"], given["sockets"])
        health(given["url"])
        same("the status of an answer", ask(given["url"], "POST", "/v1/chat/completions", conversation(0), JSON)[0], 200)


@case
def slow_readers_until_the_end(given):
    """Keeps sockets that never read until the gateway has exited."""
    with ExitStack() as stack:
        try:
            sockets_that_do_not_read(stack, given["url"], given["sockets"])
            while True:
                ask(given["url"], "GET", "/healthz")
                time.sleep(0.1)
        except (OSError, http.client.HTTPException):
            pass  # It has gone.


@case
def probes(given):
    """Many simultaneous probes find a healthy gateway ready."""
    answers = collections.Counter()

    def probe():
        for _ in range(given["times"]):
            status, _, body = ask(given["url"], "GET", "/readyz")
            answers[status, body] += 1

    with in_parallel(given["clients"], probe):
        pass
    statuses = {status for status, _ in answers}
    same("the answers of /readyz", statuses, {200})


@case
def refusals(given):
    """A client that sends a large body first can read the refusal, each time."""
    token = {"Authorization": f"Bearer {given['token']}"}
    body = "x" * 4_000_000
    chat = "/v1/chat/completions"
    for status, path, headers, more in [
        (401, chat, JSON, ""),
        (415, chat, token, ""),
        (400, chat, {**token, **JSON, "X-Clawft-Session": "../etc"}, ""),
        (413, chat, {**token, **JSON}, "x"),
        (404, "/nowhere", token, ""),
        (405, "/v1/models", token, ""),
    ]:
        for attempt in range(given["times"]):
            try:
                found, answered, _ = ask(given["url"], "POST", path, body + more, headers)
            except OSError as error:
                raise AssertionError(f"attempt {attempt} to read the {status} ended with {error!r}") from error
            same("the status", found, status)
            same("the connection header", answered.get("connection"), "close")


@case
def foreign(given):
    """A request from another origin is refused as well."""
    body = "x" * 4_000_000
    for _ in range(given["times"]):
        status, headers, _ = ask(given["url"], "POST", "/v1/chat/completions", body, {**JSON, "Origin": "https://evil.example"})
        same("the status", status, 403)
        same("the connection header", headers.get("connection"), "close")


@case
def busy(given):
    """A connection beyond the limit gets an error, whatever it sends."""
    body = json.dumps({"model": "clawft", "messages": [{"role": "user", "content": "x" * 3_000_000}]})
    for _ in range(given["times"]):
        status, headers, _ = ask(given["url"], "POST", "/v1/chat/completions", body, JSON)
        same("the status", status, 429)
        same("when to come again", headers.get("retry-after"), "1")


@case
def many(given):
    """Sends so many requests that the log fills every buffer."""
    of = connection(given["url"])
    for _ in range(given["times"]):
        of.request("GET", "/healthz")
        answer = of.getresponse()
        answer.read()
        same("the status of /healthz", answer.status, 200)
    of.close()


if __name__ == "__main__":
    main()
