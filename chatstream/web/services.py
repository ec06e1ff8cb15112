"""What the views work with, put together once by `create_app`."""

from typing import NamedTuple

from flask import current_app

from chatstream.chats.branches import Branches
from chatstream.chats.service import Chats
from chatstream.chats.titler import Titler
from chatstream.runs.desk import Desk
from chatstream.settings import Settings
from chatstream.store.ports import Store
from chatstream.tools.registry import Registry
from chatstream.upstream.abilities import Abilities
from chatstream.upstream.gateway import Gateway
from chatstream.upstream.states import States


class Services(NamedTuple):
    settings: Settings
    store: Store
    gateway: Gateway
    states: States
    abilities: Abilities
    desk: Desk
    chats: Chats
    titler: Titler
    branches: Branches
    tools: Registry


def services() -> Services:
    found: Services = current_app.extensions["chatstream"]
    return found
