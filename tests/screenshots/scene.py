"""What a state is set up with, and the list of states."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By

from tests.api import Api
from tests.screenshots.texts import EARLIER, QUESTION
from tests.servers.app import ChatStream
from tests.servers.model_server import ModelServer, answer
from tests.web.page.page import Page

Steps = list[list[Any]]


class Scene(NamedTuple):
    """A page on a ChatStream of its own."""

    page: Page
    model: ModelServer
    server: ChatStream
    api: Api

    def ask(self, steps: Steps, question: str = QUESTION) -> None:
        self.model.script(steps)
        self.page.ask(question)

    def ended(self, state: str) -> None:
        self.page.browser.wait(lambda: self.page.state == state, 60)

    def drawer(self) -> None:
        """Open the list of chats where it is a drawer."""
        for button in self.page.browser.find_all("button", "Chats"):
            button.click()
            self.page.browser.find("searchbox", "Search chats")

    def hover(self, selector: str) -> None:
        """Point at the last of these: what can be done with it shows then."""
        element = self.page.browser.driver.find_elements(By.CSS_SELECTOR, selector)[-1]
        ActionChains(self.page.browser.driver).move_to_element(element).perform()

    def imported(self, chat: dict[str, Any]) -> str:
        """Its id."""
        return str(self.api.post("/chats/import", chat).json["chats"][0]["_id"])

    def speak(self, language: str) -> None:
        self.page.browser.driver.add_cookie({"name": "language", "value": language})
        self.page.reload()


class State(NamedTuple):
    """A state of the page, how one comes there, and what it is photographed in beside desktop and phone."""

    set_up: Callable[[Scene], None]
    more: tuple[str, ...]
    chats: tuple[str, ...]
    settings: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.set_up.__name__


STATES: list[State] = []


def state(
    *more: str, chats: tuple[str, ...] = EARLIER, **settings: str
) -> Callable[[Callable[[Scene], None]], Callable[[Scene], None]]:
    """Photograph what the function sets up, in these sizes too, with these chats from earlier and these settings."""

    def kept(set_up: Callable[[Scene], None]) -> Callable[[Scene], None]:
        STATES.append(State(set_up, more, chats, settings))
        return set_up

    return kept


def written(*paragraphs: str) -> Steps:
    """The steps of a text, word by word, and not its end."""
    return [step for step in answer("\n\n".join(paragraphs)) if step[0] == "text"]


def called(name: str, arguments: Mapping[str, Any], text: str = "") -> Steps:
    """The steps of a turn that ends with a call."""
    return [["text", text], calls(name, arguments), ["finish", "tool_calls"], ["done"], ["end"]]


def calls(name: str, arguments: Mapping[str, Any]) -> list[Any]:
    """The step of a call."""
    function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
    return ["delta", {"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]}]


def exported(question: str, text: str, days_ago: float = 0) -> dict[str, Any]:
    """A chat of one question as an export has it."""
    at = int((time.time() - days_ago * 86_400) * 1000)
    asked = {"id": "1", "parentId": None, "role": "user", "content": question, "createdAt": at}
    said = {"id": "2", "parentId": "1", "role": "assistant", "content": text, "createdAt": at, "model": "llama3.2"}
    fields = {"format": "chatstream/1", "title": question, "createdAt": at, "updatedAt": at}
    return {**fields, "messages": [asked, said]}
