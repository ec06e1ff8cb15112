"""The chat page as a person uses it: by the names a screen reader would say, and the text one sees."""

from typing import Any

from selenium.webdriver.common.keys import Keys

from tests.servers.chromium import Browser
from tests.servers.model_server import answer

TIDE = "The tide comes in twice a day."
GATED: list[list[Any]] = [["text", "The tide "], ["gate", "more"], *answer("comes in twice a day.")]
"""The steps of TIDE, which stop in the middle until the gate `more` is released."""
SENT = "return document.querySelectorAll('[data-role=user]').length"
LAST = "[...document.querySelectorAll('[data-role=assistant]')].at(-1)"


class Page:
    """A browser on the page of one server. `browser` has all that has no name here."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    def open(self, path: str = "/") -> "Page":
        self.browser.open(self.url + path)
        return self

    def reload(self) -> None:
        self.browser.driver.refresh()

    def write(self, text: str) -> None:
        """Type into the message box without sending."""
        self.browser.find("textbox", "Message").send_keys(text)

    def ask(self, prompt: str) -> None:
        self.write(prompt)
        self.press(Keys.ENTER)

    def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        self.browser.driver.switch_to.active_element.send_keys(*keys)

    def click(self, role: str, name: str) -> None:
        self.browser.find(role, name).click()

    @property
    def draft(self) -> str:
        return str(self.browser.evaluate("return document.querySelector('#prompt').value"))

    @property
    def answer(self) -> str:
        """The text of the last answer, to the letter."""
        return str(self.browser.evaluate(f"return {LAST}?.querySelector('.answer').textContent ?? ''"))

    @property
    def state(self) -> str:
        """How the last answer stands: a state of docs/api.md, or the page's own."""
        return str(self.browser.evaluate(f"return {LAST}?.dataset.state ?? ''"))

    @property
    def ending(self) -> str:
        """The line under the last answer."""
        return str(self.browser.evaluate(f"return {LAST}?.querySelector('.ending')?.innerText ?? ''"))

    @property
    def phase(self) -> str:
        """What the last answer waits for, in words."""
        return str(self.browser.evaluate(f"return {LAST}?.querySelector('.phase')?.innerText ?? ''"))

    def wait_answer(self, text: str) -> None:
        """Until the last answer reads exactly so."""
        self.browser.wait(lambda: self.answer == text)

    def wait_state(self, state: str) -> None:
        self.browser.wait(lambda: self.state == state)

    @property
    def title(self) -> str:
        """What the browser's tab says."""
        return str(self.browser.evaluate("return document.title"))

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Who wrote and what, in the page's order."""
        script = """return [...document.querySelectorAll('.message')].map(
            (m) => [m.ariaLabel, m.querySelector(':scope > .text').textContent])"""
        return [(who, text) for who, text in self.browser.evaluate(script)]

    @property
    def chats(self) -> list[str]:
        """The titles in the list of chats."""
        script = "return [...document.querySelectorAll('.chat-item:not([hidden]) .chat-link')].map((a) => a.innerText)"
        return [str(title) for title in self.browser.evaluate(script)]

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        return int(
            self.browser.evaluate("const page = document.documentElement; return page.scrollWidth - page.clientWidth")
        )
