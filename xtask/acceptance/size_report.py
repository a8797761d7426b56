"""The page of `cargo xtask size report` in a real browser, opened as a file: mouse, keyboard, dark mode, phone."""

from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from cases import case, main, same, within

# A browser of its own, also for root, without network.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

DESK = {"width": 1320, "height": 1000}
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=15_000)


@contextmanager
def opened(given, viewport=DESK, **options):
    """Opens the page in its own window. Every network request and every error in it is a failure."""
    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given["chromium"], args=FLAGS)
        page = browser.new_page(viewport=viewport, reduced_motion="reduce", **options)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda message: message.type == "error" and problems.append(f"console: {message.text}"))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or problems.append(request.url))
        page.goto(Path(given["page"]).as_uri())
        expect(page.locator(".node").first).to_be_visible()
        yield page
        shot = Path(given["screenshots"]) / f"{given['name']}.png"
        shot.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=shot, full_page=True)
        browser.close()
    same("the errors", problems, [])


def size(text):
    """Returns the number of bytes at the start of a text."""
    return int(text.split(" ")[0].replace(",", ""))


def data(page):
    """Returns the data of the page."""
    return page.evaluate("JSON.parse(document.getElementById('data').textContent)")


@case
def desk(given):
    """The drawing matches the measurements, and every link works."""
    with opened(given) as page:
        found = data(page)
        name = max(found["artifacts"], key=lambda name: found["artifacts"][name]["raw"])
        artifact = found["artifacts"][name]
        same("the sum of the parts", sum(part["raw"] for part in artifact["parts"]), artifact["raw"])
        same("the compressed sum", sum(part["gzip"] for part in artifact["parts"]), artifact["gzip"])
        within("the heading", page.locator("#trail").inner_text(), f"{artifact['raw']:,} B")
        crates = {part["crate"] for part in artifact["parts"] if part["raw"] > 0}
        drawn = page.locator(".node.crate").count()
        assert len(crates) - 4 <= drawn <= len(crates), f"{drawn} of {len(crates)} crates are drawn"
        # Areas are sizes: the largest crate is the largest box.
        areas = page.eval_on_selector_all(".node.crate", "cells => cells.map((c) => c.offsetWidth * c.offsetHeight)")
        same("the first box", areas.index(max(areas)), 0)

        page.locator(".node.crate").first.click(position={"x": 20, "y": 8})
        expect(page.locator("#trail button")).to_have_count(2)
        page.locator(".node.item").first.click()
        page.locator("#trail button").first.click()
        expect(page.locator("#trail button")).to_have_count(1)

        page.locator("#search").fill("heap::")
        rows = page.locator("#rows tr")
        assert 1 <= rows.count() < 10, f"{rows.count()} rows"
        rows.first.get_by_role("button").click()
        within("the detail", page.locator("#detail").inner_text(), rows.first.get_by_role("button").inner_text())
        page.locator("#search").fill("")
        same("the rows", rows.count(), len(artifact["parts"]))
        page.locator("#head").get_by_role("button", name="Part").click()
        same("the order", page.locator("th[data-key=name]").get_attribute("aria-sort"), "ascending")
        page.locator("#head").get_by_role("button", name="Raw").click()
        largest = max(part["raw"] for part in artifact["parts"])
        same("the first row", size(rows.first.locator("td").nth(3).inner_text()), largest)
        page.locator("#trail button").first.click()

        for measure in ("compressed", "raw"):
            page.locator("#measures").get_by_text(measure, exact=True).click()
            total = artifact["gzip" if measure == "compressed" else "raw"]
            within("the heading", page.locator("#trail").inner_text(), f"{total:,} B")
        page.locator("#colours").get_by_text("by change").click()
        expect(page.locator("#legend")).to_contain_text("unchanged")
        page.locator("#colours").get_by_text("by owner").click()
        assert page.locator(".budget").count() >= len(found["artifacts"])
        assert page.locator("#history circle").count() >= 1
        page.evaluate("scrollTo(0, 0)")


@case
def keyboard(given):
    """Everything works without a mouse."""
    with opened(given) as page:
        held = lambda: page.evaluate("document.activeElement.dataset.key ?? ''")
        page.locator(".node[tabindex='0']").focus()
        first = held()
        page.keyboard.press("ArrowRight")
        assert held() not in ("", first), "the arrow moved nowhere"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Enter")
        expect(page.locator("#trail button")).to_have_count(2)
        assert held(), "the treemap lost the keyboard"
        page.keyboard.press("Escape")
        expect(page.locator("#trail button")).to_have_count(1)
        assert held(), "the treemap lost the keyboard"
        page.keyboard.press("/")
        same("where the keyboard is", page.evaluate("document.activeElement.id"), "search")


@case
def dark(given):
    """In dark mode the page is dark, and a button inverts it."""
    with opened(given, color_scheme="dark") as page:
        paper = lambda: page.evaluate("getComputedStyle(document.body).backgroundColor")
        night = paper()
        page.locator("#theme").click()
        assert paper() != night, "the page stays as it is"
        page.locator("#theme").click()
        same("the paper", paper(), night)
        same("its colour", night, "rgb(19, 20, 23)")


@case
def phone(given):
    """On a phone nothing is wider than the screen."""
    with opened(given, PHONE, has_touch=True) as page:
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= PHONE["width"], f"the page is {width} wide"
        page.locator(".node.crate").first.tap(position={"x": 20, "y": 8})
        expect(page.locator("#trail button")).to_have_count(2)


main()
