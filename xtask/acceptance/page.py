"""The chat page in a real browser: its use, and actions that it must never take."""

from contextlib import contextmanager
from pathlib import Path
import base64
import json
import time

from playwright.sync_api import expect, sync_playwright

from cases import case, main, same, within

# A browser of its own, also for root, that connects to the gateway only.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# Records in the page the actions that the browser prevented.
WATCH = """
    window.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
        window.violations.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""

# The provider pauses 300 milliseconds before each word.
WORDS = "one two three four five six seven eight"

# In milliseconds. Nothing takes as long, but on a busy machine.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE)


# Two points of a picture.
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAIAAAB7QOjdAAAAD0lEQVR4nGPQTg5vO7kdAAgvAuxxih+NAAAAAElFTkSuQmCC"
)


class Window:
    """A page with the gateway's address, and all errors in it."""

    def __init__(self, context, given):
        self.given = given
        self.context = context
        self.problems = []
        self.page = context.new_page()
        self.page.add_init_script(WATCH)
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("dialog", self.dialog)
        self.page.on("console", self.console)
        self.page.on("request", self.request)

    def dialog(self, dialog):
        """Fails, because no dialog may open: a hostile answer would open one."""
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def console(self, message):
        """Ignores responses with an error status: the browser logs them, and the page shows them."""
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.problems.append(f"console: {message.text}")

    def request(self, request):
        """Fails for requests to other addresses than the gateway's."""
        if not request.url.startswith((self.given["url"] + "/", "data:", "blob:")):
            self.problems.append(f"request: {request.url}")

    def open(self):
        """Loads the page."""
        self.page.goto(self.given["url"] + "/")
        return self

    def say(self, text):
        """Types a message and sends it."""
        self.page.locator("#message").fill(text)
        self.page.locator("#send").click()

    def answered(self, text):
        """Waits until an answer is complete."""
        expect(self.page.locator("#log .assistant").last).to_contain_text(text)
        expect(self.page.locator("#stop")).to_be_hidden()

    def shoot(self, name):
        """Saves a screenshot."""
        self.page.screenshot(path=Path(self.given["screenshots"], f"{name}.png"))

    def accessible(self, state):
        """Asserts that axe finds nothing in this state of the page."""
        if not self.page.evaluate("Boolean(window.axe)"):
            self.page.evaluate(Path(self.given["axe"]).read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run().then(({ violations }) => violations)")
        faults = [f"{fault['id']}: {fault['nodes'][0]['html'][:120]}" for fault in found]
        same(f"axe's findings ({state})", faults, [])

    def finish(self):
        """Asserts the properties that hold at the end of every case."""
        self.accessible("at the end")
        violations = self.page.evaluate("window.violations")
        same("the prevented actions", violations, [])
        same("the errors", self.problems, [])
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"the page is {wide} px wider than its window"


@contextmanager
def window(given, **options):
    """Opens a browser window with the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given["chromium"], args=FLAGS)
        try:
            context = browser.new_context(**{"viewport": {"width": 1100, "height": 760}, **options})
            context.set_default_timeout(PATIENCE)
            opened = Window(context, given)
            yield opened
            opened.finish()
        finally:
            browser.close()


def colour(page, what, kind):
    """Returns the brightness of a colour, from 0 to 255."""
    script = "([what, kind]) => getComputedStyle(document.querySelector(what))[kind]"
    numbers = page.evaluate(script, [what, kind])
    red, green, blue = (float(part) for part in numbers[numbers.index("(") + 1 : -1].replace(",", " ").split()[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


@case
def talk(given):
    """Type, watch the answer arrive, reload, continue."""
    with window(given) as opened:
        page = opened.open().page
        expect(page.locator("#message")).to_be_focused()
        expect(page.locator("#send")).to_be_disabled()
        opened.say(WORDS)
        log = page.locator("#log")
        expect(log).to_have_attribute("role", "log")
        expect(log).to_contain_text("echo: one")
        early = log.inner_text()
        assert "echo: one two three four five six" not in early, "the answer came in one piece"
        expect(page.locator("#stop")).to_be_visible()
        opened.shoot("page-streaming")
        opened.answered(f"echo: {WORDS}")
        page.reload()
        expect(log).to_contain_text(f"echo: {WORDS}")
        opened.say("still there?")
        opened.answered("echo: still there?")
        same("the number of messages", page.locator("#log article").count(), 4)
        opened.shoot("page-light")
        other = opened.context.new_page()
        other.goto(given["url"] + "/")
        expect(other.locator("#log article")).to_have_count(0)
        expect(other.locator("#sessions")).to_contain_text("one two three")


@case
def token(given):
    """A wrong token gets an error message; the right one is requested once, and is never in the address."""
    with window(given) as opened:
        page = opened.open().page
        field = page.locator("form#token-form input#token")
        expect(field).to_be_visible()
        expect(field).to_have_attribute("type", "password")
        opened.shoot("page-token")
        field.fill("wrong")
        field.press("Enter")
        expect(page.locator("#token-error")).to_contain_text("not the gateway")
        expect(field).to_be_visible()
        field.fill(given["token"])
        field.press("Enter")
        expect(field).to_be_hidden()
        opened.say("hello")
        opened.answered("echo: hello")
        page.reload()
        expect(page.locator("#log")).to_contain_text("echo: hello")
        expect(field).to_be_hidden()
        assert given["token"] not in page.url and given["token"] not in page.content(), "the token is in the page"


@case
def stop(given):
    """The text that arrived before the stop button stays, and the next message works."""
    with window(given) as opened:
        page = opened.open().page
        opened.say(WORDS)
        expect(page.locator("#log .assistant")).to_contain_text("echo: one two")
        page.locator("#stop").click()
        expect(page.locator("#stop")).to_be_hidden()
        expect(page.locator("#log")).to_contain_text("stopped")
        time.sleep(1)
        kept = page.locator("#log .assistant").inner_text()
        within("the kept text", kept, "echo: one two")
        assert "eight" not in kept, "the answer went on"
        page.reload()
        expect(page.locator("#log .assistant")).to_contain_text("echo: one two")
        expect(page.locator("#log")).to_contain_text("incomplete")
        opened.shoot("page-stopped")


@case
def keyboard(given):
    """Everything works without a mouse."""
    with window(given) as opened:
        page = opened.open().page
        keys = page.keyboard
        expect(page.locator("#message")).to_be_focused()
        keys.type("first line")
        keys.press("Shift+Enter")
        keys.type(WORDS)
        same("the message", page.locator("#message").input_value(), f"first line\n{WORDS}")
        keys.press("Enter")
        expect(page.locator("#message")).to_have_value("")
        expect(page.locator("#log .assistant")).to_contain_text("echo: first")
        keys.press("Escape")
        expect(page.locator("#stop")).to_be_hidden()
        expect(page.locator("#log")).to_contain_text("stopped")
        focused(page, "#message")
        # Tab reaches every control, which then shows that it has the focus.
        reached = set()
        for _ in range(20):
            keys.press("Tab")
            reached.add(page.evaluate("document.activeElement.id"))
            if page.evaluate("document.activeElement.id") == "new":
                shown = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                assert shown != "none", "the focus cannot be seen"
        assert {"message", "new"} <= reached, f"Tab reaches {sorted(reached)}"
        page.locator("#new").focus()
        keys.press("Enter")
        expect(page.locator("#log article")).to_have_count(0)
        expect(page.locator("#message")).to_be_focused()
        keys.type("by keyboard")
        keys.press("Enter")
        opened.answered("echo: by keyboard")
        named(page)


def focused(page, what):
    """Asserts that this element has the focus."""
    expect(page.locator(what)).to_be_focused()


def named(page):
    """Asserts that every control has a name for screen readers."""
    script = """
        [...document.querySelectorAll("button, input, textarea, a")]
            .filter((control) => control.checkVisibility() && !(control.innerText || control.ariaLabel || control.labels?.length))
            .map((control) => control.outerHTML)
    """
    same("controls without a name", page.evaluate(script), [])
    same("the page's language", page.evaluate("document.documentElement.lang"), "en")


@case
def phone(given):
    """A narrow window in dark mode."""
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "is_mobile": True, "has_touch": True}
    with window(given, device_scale_factor=2, **options) as opened:
        page = opened.open().page
        long = "a_word_without_an_end_" * 12
        page.locator("#message").tap()
        page.locator("#message").fill(f"Is this dark? {long}")
        page.locator("#send").tap()
        opened.answered("Is this dark?")
        ground, text = colour(page, "body", "backgroundColor"), colour(page, "#log .assistant", "color")
        assert ground < 60 < 160 < text, f"the ground has the brightness {ground:.0f}, the text {text:.0f}"
        size = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#message')).fontSize)")
        assert size >= 16, f"the field has letters of {size} px: phones zoom in on it"
        box = page.locator("#message").bounding_box()
        assert box["y"] + box["height"] <= 844, "the field is below the window"
        for control in ("#send", "#new"):
            box = page.locator(control).bounding_box()
            assert min(box["width"], box["height"]) >= 36, f"{control} is too small for a finger: {box}"
        opened.shoot("page-phone-dark")


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<svg onload=alert(3)>",
    "<iframe srcdoc='<script>parent.alert(4)</script>'></iframe>",
    "[click](javascript:alert(5))",
    "![picture](https://example.com/tracker.png)",
    '<a href="javascript:alert(6)">here</a>',
    "<style>body{display:none}</style>",
    '"><input autofocus onfocus=alert(7)>',
    "{{constructor.constructor('alert(8)')()}}",
    "`<b onclick=alert(9)>`",
    "x\n```\n</code></pre><script>alert(10)</script>\n```",
]


@case
def hostile(given):
    """The model's answer repeats the message: markup and scripts in it are shown as text, now and after a reload."""
    with window(given) as opened:
        page = opened.open().page
        for text in HOSTILE:
            opened.say(text)
            opened.answered("echo: ")
            inert(page)
        shown = page.locator("#log").text_content()
        for part in ["<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "<svg onload=alert(3)>"]:
            within("the conversation", shown, part)
        opened.shoot("page-hostile")
        page.reload()
        expect(page.locator("#log article")).to_have_count(2 * len(HOSTILE))
        inert(page)


def inert(page):
    """Asserts that no element or link in the conversation can run anything."""
    script = """
        [...document.querySelectorAll(
            "#log .answer img, #log script, #log iframe, #log style, #log input, #log object, #log embed, #log form, #log link")]
            .concat([...document.querySelectorAll("#log *")].filter((element) =>
                [...element.attributes].some(({ name, value }) => name.startsWith("on") || /^\\s*javascript:/i.test(value))))
            .map((element) => element.outerHTML)
    """
    same("the elements that should be text", page.evaluate(script), [])


FORMATTED = """# A title

Some **bold** words, `code`, and a [link](https://example.com/).

- one
- two

1. first
2. second

> quoted

```python
print("hello")
```"""


@case
def formatting(given):
    """Markdown in answers is rendered."""
    with window(given) as opened:
        page = opened.open().page
        opened.say("x\n\n" + FORMATTED)
        opened.answered("quoted")
        answer = page.locator("#log .assistant")
        for what in ["h3, h4, h2", "strong", "code", "ul li", "ol li", "blockquote", "pre code"]:
            expect(answer.locator(what).first).to_be_visible()
        link = answer.locator("a")
        same("the link", link.get_attribute("href"), "https://example.com/")
        within("its relation", link.get_attribute("rel"), "noopener")
        opened.shoot("page-formatting")


FEATURES = """## Results

| name | size | *note* |
|:-----|-----:|:------:|
| a | 12 | `one\\|two` |
| b | 3 | x<br>y |

1. first
   - inner
     1. innermost
2. second

- [x] done
- [ ] to do

~~gone~~, H<sub>2</sub>O, a note[^n], $x^2$ and \\(y_1\\), costs $5 and $6

$$
\\frac{a}{b} = \\sqrt{c}
$$

```rust
fn main() {} // nothing
```

[relative](docs/x.md) and ![picture](https://example.com/a.png)

[^n]: The note."""


@case
def markdown(given):
    """Markdown as models write it: tables, nested lists, tasks, footnotes, formulas, colours."""
    with window(given) as opened:
        page = opened.open().page
        opened.say("x\n\n" + FEATURES)
        opened.answered("Results")
        answer = page.locator("#log article.assistant .text")
        expect(answer.locator("table th")).to_have_count(3)
        same("the cells", answer.locator("td").all_inner_texts(), ["a", "12", "one|two", "b", "3", "x\ny"])
        same("an alignment", answer.locator("td.right").count(), 2)
        same("the innermost item", answer.locator("ol > li > ul > li > ol > li").inner_text(), "innermost")
        same("the tasks", [task.get_attribute("aria-label") for task in answer.locator(".task").all()], ["Done:", "To do:"])
        same("struck out", answer.locator("s").inner_text(), "gone")
        same("an index", answer.locator("sub").inner_text(), "2")
        expect(answer.locator("math")).to_have_count(3)
        expect(answer.locator("math mfrac")).to_have_count(1)
        within("prices", answer.inner_text(), "costs $5 and $6")
        expect(answer.locator("pre .code-keyword")).to_have_text("fn")
        expect(answer.locator("pre .code-comment")).to_have_text("// nothing")
        same("loaded pictures", answer.locator("img").count(), 0)
        same("links", answer.locator("a").count(), 1)
        answer.locator("button.footnote").first.click()
        within("the focused note", page.evaluate("document.activeElement.innerText"), "The note.")
        opened.accessible("Markdown")
        opened.shoot("page-markdown")


# Markup, addresses and Markdown that have run scripts in other pages.
PAYLOADS = Path(__file__).with_name("payloads.txt")


@case
def payloads(given):
    """Stored answers with known attacks are text."""
    with window(given) as opened:
        page = opened.page
        page.goto(f"{given['url']}/#payloads")
        count = len(PAYLOADS.read_text(encoding="utf-8").split("\n%\n"))
        expect(page.locator("#log article.assistant")).to_have_count(count)
        page.wait_for_function("document.querySelectorAll('#log math').length > 2")
        inert(page)
        unexpected = page.evaluate("""
            [...document.querySelectorAll("#log .text *")].flatMap((element) => [...element.attributes]
                .filter(({ name }) => !name.startsWith("aria-"))
                .filter(({ name, value }) => !/^(data-|class$|role$|title$|tabindex$|href$|target$|rel$|scope$|start$|type$)/.test(name)
                    && !element.closest("math") || /script|expression|url\\(/i.test(value) && name !== "class" && name !== "title"
                    && !(name === "href" && /^https?:/.test(value)))
                .map(({ name, value }) => `${element.localName} ${name}=${value}`))
        """)
        same("the unexpected attributes", unexpected, [])
        # What a click would do.
        for link in page.locator("#log .text a").all():
            href = link.get_attribute("href")
            assert href.startswith(("http:", "https:", "mailto:")), href


@case
def again(given):
    """An answer is copied, made again, and its question is edited; the gateway stores the last ones only."""
    with window(given) as opened:
        page = opened.open().page
        opened.context.grant_permissions(["clipboard-read", "clipboard-write"])
        opened.say("first")
        opened.answered("echo: first")
        opened.say("second")
        opened.answered("echo: second")
        page.get_by_role("button", name="Copy the answer").last.click()
        same("the clipboard", page.evaluate("navigator.clipboard.readText()"), "echo: second")
        page.get_by_role("button", name="Answer again").click()
        opened.answered("echo: second")
        same("the messages", page.locator("#log article").count(), 4)
        page.locator(".turn.question").first.hover()
        page.get_by_role("button", name="Edit and send again").first.click()
        field = page.get_by_role("textbox", name="Your message")
        same("the edited text", field.input_value(), "first")
        opened.accessible("editing")
        field.fill("changed")
        field.press("Enter")
        opened.answered("echo: changed")
        expect(page.locator("#log article")).to_have_count(2)
        within("the measures", page.locator(".meta").inner_text(), " s · ")
        within("the measures", page.locator(".meta").inner_text(), "tokens")
        page.reload()
        expect(page.locator("#log article")).to_have_count(2)
        expect(page.locator("#log")).to_contain_text("echo: changed")


@case
def refused(given):
    """If the provider fails, the answer that was to be replaced stays, and so does that to an edited message."""
    with window(given) as opened:
        page = opened.page
        page.goto(f"{given['url']}/#kept")
        messages = page.locator("#log article")
        kept = ["a question", "the only answer"]
        expect(messages).to_have_text(kept)
        alert = page.locator("#log [role=alert]")
        page.get_by_role("button", name="Answer again").click()
        expect(alert).to_be_visible()
        expect(messages).to_have_text(kept)
        page.locator(".turn.question").hover()
        page.get_by_role("button", name="Edit and send again").click()
        page.get_by_role("textbox", name="Your message").fill("another question")
        page.get_by_role("textbox", name="Your message").press("Enter")
        expect(alert).to_be_visible()
        expect(messages).to_have_text(kept)
        opened.accessible("a refused answer")
        page.reload()
        expect(messages).to_have_text(kept)


@case
def permission(given):
    """A call of a tool is shown while it runs, and permitted or refused with a button, also after a reload."""
    with window(given) as opened:
        page = opened.open().page
        page.locator("#token").fill(given["token"])
        page.locator("#token").press("Enter")
        for answer, state in [("Allow", "done"), ("Refuse", "failed")]:
            text = "<img src=x onerror=alert(1)> " + 400 * "long "
            opened.say(f'remember {{"key": "colour", "text": "{text}"}}')
            asked = page.get_by_role("group", name="Permission").last
            expect(asked).to_contain_text("remember")
            expect(asked.get_by_role("button", name="Allow")).to_be_in_viewport()
            expect(page.locator("#log details.tool").last.locator(".state")).to_have_text("running")
            opened.accessible("a question")
            opened.shoot("page-permission")
            page.reload()
            asked = page.get_by_role("group", name="Permission").last
            expect(asked).to_contain_text("remember")
            asked.get_by_role("button", name=answer).click()
            opened.answered("done: ")
            expect(page.get_by_role("group", name="Permission")).to_have_count(0)
            expect(page.locator("#log details.tool").last.locator(".state")).to_have_text(state)


@case
def elsewhere(given):
    """What was said in another window is shown, and never lost to an answer that is made again here."""
    with window(given) as opened:
        page = opened.open().page
        opened.say("first")
        opened.answered("echo: first")
        other = opened.context.new_page()
        other.goto(page.url)
        expect(other.locator("#log article")).to_have_count(2)
        other.locator("#message").fill("second")
        other.locator("#send").click()
        expect(other.locator("#log article.assistant").last).to_contain_text("echo: second")
        expect(other.locator("#stop")).to_be_hidden()
        page.evaluate("document.querySelector('.again').click()")
        opened.answered("echo: second")
        expect(page.locator("#log article")).to_have_count(4)
        other.locator("#message").fill("third")
        other.locator("#send").click()
        expect(other.locator("#log article.assistant").last).to_contain_text("echo: third")
        expect(other.locator("#stop")).to_be_hidden()
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        opened.answered("echo: third")
        other.close()


@case
def conversations(given):
    """Conversations are searched, renamed, exported and deleted, and the back button returns to them."""
    with window(given) as opened:
        page = opened.open().page
        for text in ["about apples", "about pears"]:
            page.locator("#new").click()
            opened.say(text)
            opened.answered(f"echo: {text}")
        titles = page.locator("#sessions .open")
        expect(titles).to_have_text(["about pears", "about apples"])
        titles.last.click()
        opened.answered("echo: about apples")
        page.go_back()
        opened.answered("echo: about pears")
        page.go_forward()
        opened.answered("echo: about apples")
        names = page.locator("#sessions .open .name")
        page.locator("#search").fill("PEAR")
        expect(names).to_have_text(["about pears"])
        # The answers say so, and no title does.
        page.locator("#search").fill("apples ECHO")
        excerpt = page.locator("#sessions .excerpt")
        expect(excerpt).to_have_text(["about apples"])
        same("the marked words", excerpt.locator("mark").all_inner_texts(), ["apples"])
        expect(names).to_have_text(["about apples"])
        opened.accessible("found")
        page.locator("#search").fill("<img src=x> .*(")
        expect(page.locator("#no-sessions")).to_have_text("Nothing is found.")
        opened.accessible("nothing found")
        page.locator("#search").press("Escape")
        expect(titles).to_have_count(2)
        menu = lambda name: page.get_by_role("button", name=f"Actions for “{name}”")
        titles.last.hover()
        menu("about apples").click()
        opened.accessible("menu")
        page.locator("#rename").click()
        field = page.get_by_role("textbox", name="Title")
        field.fill("Fruit")
        opened.accessible("renaming")
        field.press("Enter")
        expect(titles).to_have_text(["about pears", "Fruit"])
        page.reload()
        expect(titles).to_have_text(["about pears", "Fruit"])
        titles.last.hover()
        menu("Fruit").click()
        with page.expect_download() as download:
            page.locator("#export").click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        same("the export", text, "# Fruit\n\n## You\n\nabout apples\n\n## Answer\n\necho: about apples\n")
        titles.last.hover()
        menu("Fruit").click()
        page.locator("#delete").click()
        expect(page.locator("#delete")).to_have_text("Really delete?")
        page.locator("#delete").click()
        expect(titles).to_have_text(["about pears"])
        expect(page.locator("#log article")).to_have_count(0)


@case
def joins(given):
    """A reload joins the answer that is arriving, and so does another window; the stop button works in both."""
    with window(given) as opened:
        page = opened.open().page
        opened.say(WORDS)
        expect(page.locator("#log article.assistant")).to_contain_text("echo: one")
        page.reload()
        expect(page.locator("#stop")).to_be_visible()
        expect(page.locator("#log article.assistant")).to_contain_text("echo: one")
        early = page.locator("#log article.assistant").inner_text()
        assert "seven eight" not in early, "the answer was complete before the reload"
        opened.answered(f"echo: {WORDS}")
        expect(page.locator("#log article")).to_have_count(2)
        opened.say(WORDS)
        expect(page.locator("#log article.assistant").last).to_contain_text("echo: one")
        other = opened.context.new_page()
        other.goto(page.url)
        expect(other.locator("#log article.assistant").last).to_contain_text("echo: one two")
        other.locator("#stop").click()
        expect(other.locator("#stop")).to_be_hidden()
        expect(page.locator("#stop")).to_be_hidden()
        assert "seven eight" not in page.locator("#log article.assistant").last.inner_text()
        page.reload()
        expect(page.locator("#log")).to_contain_text("incomplete")


@case
def settings(given):
    """The model, the instructions and the temperature go with each message; the theme is chosen; all survive a reload."""
    with window(given) as opened:
        page = opened.open().page
        expect(page.locator("#model")).to_be_enabled()
        page.locator("#settings").click()
        page.locator("#system").fill("Answer briefly.")
        page.locator("#temperature").fill("0.3")
        page.locator("#theme").select_option("dark")
        assert colour(page, "body", "backgroundColor") < 60, "the theme is not dark"
        opened.accessible("settings")
        opened.shoot("page-settings")
        page.get_by_role("button", name="Done").click()
        opened.say("hello")
        opened.answered("echo: hello")
        page.reload()
        opened.answered("echo: hello")
        assert colour(page, "body", "backgroundColor") < 60, "the theme is not dark after a reload"
        opened.accessible("dark theme")
        page.locator("#settings").click()
        same("the instructions", page.locator("#system").input_value(), "Answer briefly.")
        page.locator("#theme").select_option("light")
        assert colour(page, "body", "backgroundColor") > 200, "the theme is not light"
        page.locator("#temperature").fill("")
        page.locator("#temperature").press("Enter")
        expect(page.locator("#settings-dialog")).to_be_hidden()


@case
def images(given):
    """Pictures are pasted, dropped and chosen, can be removed, go with the message, and are there after a reload."""
    with window(given) as opened:
        page = opened.open().page
        page.locator("#file").set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": PICTURE})
        attached = page.locator("#images img")
        expect(attached).to_have_count(1)
        give = """([event, kind, data]) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "b." + kind, { type: "image/" + kind }));
            const options = { bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer };
            const target = document.getElementById("message");
            target.dispatchEvent(event === "paste" ? new ClipboardEvent(event, options) : new DragEvent(event, options));
        }"""
        for event, count in [("paste", 2), ("drop", 3)]:
            page.evaluate(give, [event, "png", base64.b64encode(PICTURE).decode()])
            expect(attached).to_have_count(count)
        opened.accessible("pictures")
        opened.shoot("page-images")
        page.get_by_role("button", name="Remove picture 3").click()
        expect(attached).to_have_count(2)
        page.evaluate(give, ["drop", "svg+xml", base64.b64encode(b"<svg/>").decode()])
        expect(page.locator("#log .note")).to_contain_text("not a picture that models read")
        opened.say("two pictures")
        opened.answered("two pictures")
        expect(attached).to_have_count(0)
        shown = page.locator("#log article.user img")
        expect(shown).to_have_count(2)
        page.reload()
        expect(shown).to_have_count(2)
        same("a picture's width", shown.first.evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)"), 2)


@case
def logout(given):
    """After logging out, the page asks for the token again."""
    with window(given) as opened:
        page = opened.open().page
        page.locator("#token").fill(given["token"])
        page.locator("#token").press("Enter")
        opened.say("hello")
        opened.answered("echo: hello")
        page.locator("#settings").click()
        page.locator("#log-out").click()
        expect(page.locator("#token")).to_be_visible()
        opened.accessible("token")
        same("the kept token", page.evaluate("localStorage.getItem('clawft.token')"), None)
        expect(page.locator("#log article")).to_have_count(0)


@case
def reasoning(given):
    """The model's reasoning is folded, and so are the calls of tools in a conversation of the command line."""
    with window(given) as opened:
        page = opened.page
        page.goto(f"{given['url']}/#tools")
        call = page.locator("#log details.tool")
        expect(call).to_have_count(2)
        expect(call.first.locator(".state")).to_have_text("done")
        expect(call.last.locator(".state")).to_have_text("failed")
        same("open calls", page.locator("#log details[open]").count(), 0)
        call.first.locator("summary").click()
        expect(call.first).to_contain_text("Cargo.toml")
        expect(page.locator("#log article.assistant")).to_have_count(1)
        page.locator("#log details.reasoning summary").click()
        expect(page.locator("#log details.reasoning")).to_contain_text("look at the file")
        opened.accessible("tools")
        opened.shoot("page-tools")
        page.locator("#new").click()
        page.locator("#model").select_option("reason")
        opened.say("why?")
        opened.answered("why?")
        thoughts = page.locator("#log details.reasoning")
        expect(thoughts).to_have_count(1)
        expect(thoughts.locator(".text")).to_be_hidden()
        thoughts.locator("summary").click()
        expect(thoughts.locator(".text")).to_contain_text("Let me think about this.")


PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}

# The windows of the pictures.
WINDOWS = {
    "desktop": {"viewport": {"width": 1200, "height": 1640}},
    "dark": {"viewport": {"width": 1200, "height": 1640}, "color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
}


@case
def pictures(given):
    """Pictures of the page with a table, a nested list, a formula, code and a tool call, for people to look at."""
    for name, options in WINDOWS.items():
        with window(given, **options) as opened:
            page = opened.page
            page.goto(f"{given['url']}/#showcase")
            expect(page.locator("#log math")).to_have_count(2)
            expect(page.locator("#log .code-keyword").first).to_be_attached()
            expect(page.locator("#sessions .open")).to_have_count(3)
            page.locator("#log details.tool").first.locator("summary").click()
            page.locator("#log details.tool").scroll_into_view_if_needed()
            page.evaluate("document.activeElement.blur()")
            opened.shoot(f"picture-{name}")
            if "phone" in name:
                for part in ("table", "math", "pre code"):
                    page.locator(f"#log .text {part}").first.evaluate("(part) => part.scrollIntoView({ block: 'center' })")
                    opened.shoot(f"picture-{name}-{part.split()[0]}")
                page.locator("#menu").tap()
                page.wait_for_timeout(400)
                opened.accessible("drawer")
                opened.shoot(f"picture-{name}-drawer")


FIRST_PAINT = """() => new Promise((resolve) => {
    const look = () => {
        const [paint] = performance.getEntriesByName("first-contentful-paint");
        if (paint) resolve(paint.startTime);
        else setTimeout(look, 20);
    };
    look();
})"""

# The milliseconds until the browser paints a line of text on the machine of the bounds.
LINE_MS = 40


@case
def speed(given):
    """The first paint within 200 ms, and a conversation of 600 messages within 500 ms.

    On a slower or busier machine than that of the bounds they are longer, in proportion to the first paint of one line of text.
    The best of several attempts counts.
    """
    with window(given) as opened:
        page = opened.page
        lines, paints, shows = [], [], []
        for _ in range(10):
            page.goto(f"{given['url']}/healthz")
            lines.append(page.evaluate(FIRST_PAINT))
            page.goto(f"{given['url']}/#long")
            paints.append(page.evaluate(FIRST_PAINT))
            expect(page.locator("#log article")).to_have_count(600)
            page.wait_for_function("performance.getEntriesByName('messages-shown').length > 0")
            shows.append(page.evaluate("performance.getEntriesByName('messages-shown')[0].duration"))
            slowness = max(1, min(lines) / LINE_MS)
            if min(paints) < 200 and min(shows) < 500:
                break
        print(f"first paint {min(paints):.0f} ms, 600 messages {min(shows):.0f} ms, one line {min(lines):.0f} ms")
        assert min(paints) < 200 * slowness, f"the first paint takes {paints} ms, that of one line {lines}"
        assert min(shows) < 500 * slowness, f"600 messages take {shows} ms"


@case
def errors(given):
    """The provider fails once: the page shows the error, keeps the typed text, and a retry works."""
    with window(given) as opened:
        page = opened.open().page
        opened.say("hello")
        alert = page.locator("#log [role=alert]")
        expect(alert).to_be_visible()
        cause = alert.locator("details p")
        expect(cause).to_be_hidden()
        opened.accessible("error")
        opened.shoot("page-error")
        alert.locator("summary").click()
        expect(cause).to_contain_text("HTTP 5")
        alert.get_by_role("button", name="Try again").click()
        opened.answered("echo: hello")
        expect(alert).to_have_count(0)
        same("the messages", page.locator("#log article.user").count(), 1)


@case
def fragment(given):
    """An address with an invalid fragment opens the page anyway."""
    with window(given) as opened:
        page = opened.page
        for fragment in ["%E0%A4%A", "%", "%ff", "../etc", "a%2Fb"]:
            page.goto(f"{given['url']}/#{fragment}")
            page.reload()
            opened.say("hello")
            opened.answered("echo: hello")


@case
def unstored(given):
    """An answer that cannot be stored is shown, with a note below it."""
    with window(given) as opened:
        page = opened.open().page
        opened.say("hello " + "x" * 4000)
        opened.answered("echo: hello")
        note = page.locator("#log .note")
        expect(note).to_have_count(1)
        expect(note).to_contain_text("This answer is not stored")
        opened.shoot("page-unstored")


if __name__ == "__main__":
    main()
