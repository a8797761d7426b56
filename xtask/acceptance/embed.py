"""The example of a page in which the component runs, in a real browser."""

from playwright.sync_api import expect, sync_playwright

from cases import case, main
from page import FLAGS


@case
def page(given):
    """Asks, and waits for the answer after a call of the page's own tool."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given["chromium"], args=FLAGS)
        try:
            opened = browser.new_page()
            problems = []
            opened.on("pageerror", lambda error: problems.append(str(error)))
            opened.goto(given["url"])
            status = opened.locator("#status")
            expect(status).to_have_text("ready", timeout=60_000)
            opened.locator("#message").fill(given["message"])
            opened.locator("#send").click()
            expect(opened.locator("#answer")).to_have_text(given["answer"], timeout=60_000)
            expect(status).to_contain_text("complete")
            expect(status).to_contain_text("stored: true")
            assert problems == [], f"errors in the page: {problems}"
        finally:
            browser.close()


if __name__ == "__main__":
    main()
