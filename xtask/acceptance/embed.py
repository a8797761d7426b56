"""The example of a page in which the component runs, in a real browser."""

from contextlib import contextmanager

from playwright.sync_api import expect, sync_playwright

from cases import case, main, same
from page import FLAGS


@contextmanager
def ready_page(given):
    """Opens the page, and waits until the component has started. Gives the page, and the list of its errors."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given["chromium"], args=FLAGS)
        try:
            opened = browser.new_page()
            problems = []
            opened.on("pageerror", lambda error: problems.append(str(error)))
            opened.goto(given["url"])
            expect(opened.locator("#status")).to_have_text("ready", timeout=60_000)
            yield opened, problems
        finally:
            browser.close()


@case
def page(given):
    """Asks, and waits for the answer after a call of the page's own tool."""
    with ready_page(given) as (opened, problems):
        opened.locator("#message").fill(given["message"])
        opened.locator("#send").click()
        expect(opened.locator("#answer")).to_have_text(given["answer"], timeout=60_000)
        status = opened.locator("#status")
        expect(status).to_contain_text("complete")
        expect(status).to_contain_text("stored: true")
        assert problems == [], f"errors in the page: {problems}"


# Works on the files of a workspace in memory. Returns the events, and the content of the file.
FILES = """async (message) => {
  const { _setPreopens } = await import("@bytecodealliance/preview2-shim/filesystem");
  const workspace = { dir: { "a.txt": { source: new TextEncoder().encode("teh end\\n") } } };
  _setPreopens({ "/config": { dir: { sessions: { dir: {} } } }, "/workspace": workspace });
  const { turns } = await import(new URL("agent/clawft.js?files", location.href).href);
  const openai = { api_base: `${location.origin}/provider`, retries: 0 };
  const tools = { files: { write: true }, permissions: { edit_file: "allow" } };
  const configuration = JSON.stringify({ agents: { model: "m" }, providers: { providers: { openai } }, tools });
  const turn = await turns.begin({ message, configuration, streamed: false, tools: [] });
  const events = [];
  for (let event; event?.tag !== "end"; ) {
    event = await turn.next();
    events.push(event.tag === "end" ? event.val.finish : `${event.tag}: ${event.val}`);
  }
  const { source } = workspace.dir["a.txt"];
  return [...events, typeof source === "string" ? source : new TextDecoder().decode(source)];
}"""


@case
def files(given):
    """The built-in tools read and change a file of the workspace, which is in the page's memory."""
    with ready_page(given) as (opened, _):
        same("the events, and the file", opened.evaluate(FILES, given["message"]), given["events"])


# Cancels a turn while its `next` waits for a provider that is silent. Returns how both ended, and the sessions.
CANCEL = """async () => {
  const { turns } = await import(new URL("agent/clawft.js", location.href).href);
  const openai = { api_base: `${location.origin}/provider`, retries: 0, timeout_secs: 2 };
  const configuration = JSON.stringify({ agents: { model: "m" }, providers: { providers: { openai } } });
  const turn = await turns.begin({ message: "hello", session: "one", configuration, streamed: true, tools: [] });
  const kind = (promise) => promise.then(({ tag }) => tag, (error) => error.payload?.tag ?? String(error));
  const waiting = kind(turn.next());
  const cancelled = await turn.cancel().then(() => "done", (error) => error.payload?.tag ?? String(error));
  return [cancelled, await waiting, ...(await turns.listSessions())];
}"""


@case
def cancel_while_waiting(given):
    """jco lets a call wait until the one before it has returned, which ends by its time limit. Nothing is stored."""
    with ready_page(given) as (opened, _):
        same("the ends of both, and the sessions", opened.evaluate(CANCEL), ["done", "timeout"])


if __name__ == "__main__":
    main()
