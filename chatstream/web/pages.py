"""The chat page. It works without JavaScript: the form posts, and the answer streams into the page."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, stream_template
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from chatstream.access import OWNER
from chatstream.chats.tree import branch, families
from chatstream.errors import ChatStreamError
from chatstream.store.records import Chat, Message, RunRecord, new_id, now_ms
from chatstream.web import asking, assets, departures, forms, parts, present, presets, sidebar, streams
from chatstream.web.chat import checked
from chatstream.web.clearing import remove
from chatstream.web.services import services
from chatstream.wire.conversation import stretches
from chatstream.wire.events import RunEvent, joined, tool_calls

blueprint = Blueprint("pages", __name__)
blueprint.register_blueprint(assets.blueprint)
blueprint.add_app_template_filter(parts.blocks)
blueprint.add_app_template_filter(stretches)
blueprint.add_app_template_test(lambda text: len(text) > parts.LONG, "long")

HEARTBEAT = Markup("<!-- still there -->")
"""HTML's comment, for proxies, and so that a departed reader is noticed."""
UNWRITTEN = {"content": "", "reasoning": "", "toolCalls": None, "state": "running"}
"""A message of which all comes live."""


@blueprint.get("/")
def new() -> str:
    return render_template("page.html", **_context(None))


@blueprint.get("/offline")
def offline() -> str:
    """What an installed page's worker keeps for when nothing else can be had."""
    return render_template("offline.html")


@blueprint.get("/c/<chat_id>")
def open_chat(chat_id: str) -> AnyResponse | str:
    """The chat, at its end; with `before`, the part of it that comes before that message, for reading only; with
    `edit`, where there is no JavaScript, that question in the message box; with `at`, at the message that a search
    found."""
    chat = services().chats.get(OWNER, checked(chat_id))
    if before := request.args.get("before"):
        return render_template("earlier.html", **_context(chat, before=before))
    context = {**_context(chat, at=request.args.get("at")), **_edited(forms.edited(chat_id, request.args))}
    place = context["found"]
    if place and place.after > parts.FAR:
        return redirect(_part_with_found(chat, place))
    if place and place.after >= len(context["messages"]):
        context["foundPath"] = _part_with_found(chat, place)
    return render_template("page.html", **context)


@blueprint.post("/")
def ask() -> Response:
    """The form, without JavaScript. A refused question stays in the composer, with the reason above it."""
    try:
        record = asking.start(forms.question())
    except ChatStreamError as error:
        chat_id = request.form.get("chatId")
        chat = services().chats.get(OWNER, checked(chat_id)) if chat_id else None
        context = {**_context(chat), **_edited(forms.edited(chat_id, request.form)), "prompt": forms.prompt()}
        return make_response(render_template("page.html", **context, notice={"message": str(error)}), error.status)
    return _live(record)


@blueprint.post("/c/<chat_id>/rename")
def rename(chat_id: str) -> AnyResponse:
    services().chats.change(OWNER, checked(chat_id), {"title": request.form.get("title", "")})
    return redirect(f"/c/{chat_id}", 303)


@blueprint.post("/c/<chat_id>/delete")
def delete(chat_id: str) -> AnyResponse:
    remove(checked(chat_id))
    return redirect("/", 303)


def _live(record: RunRecord) -> Response:
    chat = services().chats.get(OWNER, record.chat_id)
    context = {**_context(chat), **written_live(services().desk.follow(record, 0))}
    context["messages"] = [m | UNWRITTEN if m["_id"] == record.message_id else m for m in context["messages"]]
    headers = {"Content-Type": "text/html; charset=utf-8", "X-Accel-Buffering": "no", "Cache-Control": "no-store"}
    page = Response(stream_template("page.html", **context), headers=headers)
    departures.attend(page)
    return page


def written_live(followed: Iterable[list[RunEvent]]) -> dict[str, Any]:
    """What _message.html writes an answer from that streams into the page.

    :param followed: its events, from the first
    """
    end: dict[str, Any] = {"state": "running", "error": None}

    def pieces() -> Iterator[str | dict[str, Any]]:
        calls: list[RunEvent] = []
        with streams.cut_short():
            for events in followed:
                yield from _pieces(events, calls) if events else (HEARTBEAT,)
                if events and events[-1].kind == "end":
                    end.update(state=events[-1].data["state"], error=events[-1].data.get("error"))

    return {"live": pieces(), "live_end": lambda: end}


def _pieces(events: list[RunEvent], calls: list[RunEvent]) -> Iterator[str | dict[str, Any]]:
    """Text, and each call with what it gave; at the end those that gave nothing.

    :param calls: the events of those that were not shown yet
    """
    for kind, some in itertools.groupby(events, lambda event: event.kind):
        if kind == "text":
            yield joined(some, "text")
        elif kind in ("toolCall", "toolResult"):
            calls += some
        if kind == "toolResult":
            known = {event.data["index"] for event in calls if event.kind == "toolResult"}
            yield from tool_calls(event for event in calls if event.data["index"] in known) or ()
            calls[:] = [event for event in calls if event.data["index"] not in known]
        elif kind == "end":
            yield from tool_calls(calls) or ()


class _View(NamedTuple):
    """A part of the shown branch, all messages that share a place, by their parents; the place of one that a search
    found, or its id, where it is on another branch."""

    part: parts.Part = parts.Part([], None)
    kin: Mapping[str | None, list[str]] = MappingProxyType({})
    found: parts.Place | None = None
    elsewhere: str | None = None


def _view(chat: Chat, before: str | None, at: str | None) -> _View:
    history = services().chats.history(chat)
    messages = branch(history, chat.leaf_id)
    part = parts.before(messages, before) if before else parts.last(messages)
    found = parts.place(messages, at) if at else None
    elsewhere = at if found is None and any(message.id == at for message in history) else None
    return _View(part, families(history), found, elsewhere)


def _part_with_found(chat: Chat, place: parts.Place) -> str:
    """The address of the part that ends with the message that was found."""
    query = {"before": place.before or "", "q": request.args.get("q", "")}
    return f"/c/{chat.id}?{urlencode(query)}#m-{request.args['at']}"


def _shown(message: Message, kin: list[str]) -> dict[str, Any]:
    siblings = kin if len(kin) > 1 else []
    elapsed = max(0, now_ms() - message.created_at) // 1000 if message.state == "running" else None
    shown = {"createdAt": present.when(message.created_at), "elapsed": elapsed, "siblings": siblings}
    return {**present.message(message), **shown}


def _edited(message: Message | None) -> dict[str, Any]:
    """The question that the composer holds."""
    return {"edited": message.id, "prompt": message.content} if message else {}


def _context(chat: Chat | None, before: str | None = None, at: str | None = None) -> dict[str, Any]:
    """What page.html needs, for a new chat, for the end of one, or for what comes before a message; and where another
    one is."""
    s = services()
    part, kin, found, elsewhere = _view(chat, before, at) if chat else _View()
    provider, usual = s.gateway.providers.default, s.gateway.default_model()
    settings = chat or presets.for_new()
    return {
        **sidebar.context(),
        "chat": present.settled(chat) if chat else None,
        "tools": [{"name": tool.name, "description": tool.description} for tool in s.tools],
        "messages": [_shown(m, kin[m.parent_id]) for m in part.messages],
        "before": part.before,
        "found": found,
        "elsewhere": elsewhere,
        "settings": settings,
        "model": (settings and settings.params.get("model")) or usual,
        "defaultModel": usual,
        "models": s.gateway.remembered(),
        "provider": {"name": provider.name, "demo": provider.demo},
        "promptMax": s.settings.prompt_max,
        "titles": s.settings.titles == "on",
        "requestId": new_id(),
    }
