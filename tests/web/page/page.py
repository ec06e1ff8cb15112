"""The chat page as a person uses it: by the names a screen reader would say, and the text one sees."""

import re
from contextlib import suppress
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.api import Api
from tests.servers.chromium import Browser
from tests.servers.model_server import answer

TIDE = "The tide comes in twice a day."
GATED: list[list[Any]] = [["text", "The tide "], ["gate", "more"], *answer("comes in twice a day.")]
"""The steps of TIDE, which stop in the middle until the gate `more` is released."""
BEHIND = """server {
    listen 127.0.0.1:PORT;
    location / { proxy_pass http://APP; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_buffering off; }
}"""
"""A site of nginx before a ChatStream: replace APP by its address, PORT by `{port}`."""
SENT = "return document.querySelectorAll('[data-role=user]').length"
READ = """(text) => text.classList.contains('markdown')
    ? [...text.children].map((block) => (block.querySelector(':scope > pre') ?? block).textContent).join('\\n\\n')
    : text.textContent.trim()"""
"""A text of an answer, paragraph by paragraph; of a page without JavaScript, which streams, as it came."""
READ_ALL = f"""(message) => [...message.querySelectorAll('.answer')].map({READ}).filter(Boolean).join('\\n\\n')"""
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

    def open_menu(self) -> None:
        """The open chat's; a second time closes it."""
        self.browser.driver.find_element(By.CSS_SELECTOR, "#topbar-menu summary").click()

    @property
    def draft(self) -> str:
        return str(self.browser.evaluate("return document.querySelector('#prompt').value"))

    @property
    def answer(self) -> str:
        """The text of the last answer as it is read: blocks with an empty line between them."""
        return str(self.browser.evaluate(f"const last = {LAST}; return last ? ({READ_ALL})(last) : ''"))

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

    def wait_seconds(self, least: int) -> None:
        """Until what the last answer waits for has taken so many, as one reads there."""
        self.browser.wait(lambda: (found := re.search(r"· (\d+) s", self.phase)) and int(found[1]) >= least, 20)

    @property
    def tools(self) -> list[list[str]]:
        """The lines one sees of each tool that the last answer calls."""
        script = f"return [...{LAST}?.querySelectorAll('.tool') ?? []].map((tool) => tool.innerText)"
        return [[line for line in text.split("\n") if line] for text in self.browser.evaluate(script)]

    @property
    def said(self) -> list[str]:
        """The texts of the last answer, and between them the names of the tools that it calls there."""
        script = f"""return [...{LAST}.querySelectorAll('.tool-name, .answer')]
            .map((part) => part.matches('.answer') ? ({READ})(part) : part.textContent).filter(Boolean)"""
        return [str(part) for part in self.browser.evaluate(script)]

    def wait_answer(self, text: str) -> None:
        """Until the last answer reads exactly so; white space at its end is never shown."""
        self.browser.wait(lambda: self.answer == text.rstrip())

    def wait_state(self, state: str) -> None:
        self.browser.wait(lambda: self.state == state)

    @property
    def title(self) -> str:
        """What the browser's tab says."""
        return str(self.browser.evaluate("return document.title"))

    @property
    def messages(self) -> list[tuple[str, str]]:
        """Who wrote and what, in the page's order."""
        script = f"""return [...document.querySelectorAll('.message')].map((m) => [m.ariaLabel,
            m.dataset.role === 'user' ? m.querySelector('.text').textContent : ({READ_ALL})(m)])"""
        return [(who, text) for who, text in self.browser.evaluate(script)]

    @property
    def chats(self) -> list[str]:
        """The titles in the list of chats."""
        names = "document.querySelectorAll('.chat-item:not([hidden]) .chat-name')"
        script = f"return [...{names}].map((name) => name.textContent)"
        return [str(title) for title in self.browser.evaluate(script)]

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        script = "const page = document.documentElement; return page.scrollWidth - page.getBoundingClientRect().width"
        return round(self.browser.evaluate(script))  # the place that is kept for a scrollbar counts as the window's

    @property
    def chat_id(self) -> str:
        """The open chat's, by the address."""
        return str(self.browser.driver.current_url.rsplit("/", 1)[1])

    @property
    def focus(self) -> str:
        """The id of the element that has it."""
        return str(self.browser.evaluate("return document.activeElement.id"))

    def hide(self) -> None:
        """The window is minimized: again where the browser takes it for minimized while its page still shows."""
        for patience_s in (2, 2, 10):
            self.browser.driver.minimize_window()
            with suppress(TimeoutError):
                return self.browser.wait(lambda: self.browser.evaluate("return document.hidden"), patience_s)
            self.show()
        raise TimeoutError("the window cannot be hidden")

    def show(self) -> None:
        self.browser.driver.set_window_rect(0, 0, 1280, 800)
        self.browser.wait(lambda: not self.browser.evaluate("return document.hidden"))

    def agrees(self, address: str) -> None:
        """Until the page shows the chat's present branch as the server has it: what it holds is no Markdown."""
        self.browser.wait(lambda: self.messages == present(Api(address).get(f"/chat/{self.chat_id}").json))


class Tab(Page):
    """One of several windows of one browser; whatever is asked of it is asked in its window."""

    def __init__(self, browser: Browser, url: str, handle: str) -> None:
        self.handle = handle
        super().__init__(browser, url)

    @property
    def browser(self) -> Browser:
        self._browser.driver.switch_to.window(self.handle)
        return self._browser

    @browser.setter
    def browser(self, browser: Browser) -> None:
        self._browser = browser


def two_tabs(browser: Browser, url: str) -> tuple[Tab, Tab]:
    """The same page twice, both to be seen."""
    handles = [browser.driver.current_window_handle]
    browser.driver.switch_to.new_window("window")
    handles.append(browser.driver.current_window_handle)
    one, two = (Tab(browser, url, handle) for handle in handles)
    one.open()
    two.open()
    return one, two


def present(chat: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what on the branch that ends in the chat's leaf."""
    by_id = {message["_id"]: message for message in chat["history"]}
    at, said = by_id.get(chat["leafId"]), []
    while at:
        asked = at["role"] == "user"
        said.append(("You", at["content"]) if asked else ("Assistant", at["content"].replace(" \n", "\n").rstrip()))
        at = by_id.get(at["parentId"])
    return said[::-1]
