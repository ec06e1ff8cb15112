"""Files of chats as other programs write them, made here: the forms are theirs, the content is not."""

import json
from typing import Any

Json = dict[str, Any]


def chatgpt_node(name: str, parent: str | None, role: str = "", content: Any = "", **message: Any) -> Json:
    """A node of a conversation's mapping. Without a role it has no message, as the root."""
    if not role:
        return {"id": name, "message": None, "parent": parent, "children": []}
    body = content if isinstance(content, dict) else {"content_type": "text", "parts": [content]}
    known = {
        "id": name,
        "author": {"role": role, "name": None, "metadata": {}},
        "create_time": 1_700_000_000.5,
        "update_time": None,
        "content": body,
        "status": "finished_successfully",
        "end_turn": None,
        "weight": 1.0,
        "metadata": {"model_slug": "gpt-4o"} if role == "assistant" else {},
        "recipient": "all",
        "channel": None,
    }
    return {"id": name, "message": {**known, **message}, "parent": parent, "children": []}


def chatgpt(*nodes: Json, current: str, title: str | None = "Tides", **about: Any) -> Json:
    """A conversation of `conversations.json`."""
    mapping = {node["id"]: node for node in nodes}
    for node in nodes:
        if node["parent"] in mapping:
            mapping[node["parent"]]["children"].append(node["id"])
    times = {"create_time": 1_700_000_000.25, "update_time": 1_700_000_100.0}
    more = {"moderation_results": [], "plugin_ids": None, "conversation_id": "c", "safe_urls": [], "is_archived": False}
    return {"title": title, **times, "mapping": mapping, "current_node": current, **more, **about}


def tides() -> Json:
    """A conversation with all that is hidden, two branches, a tool, thoughts, an image and references."""
    hidden = {"is_visually_hidden_from_conversation": True}
    image = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x", "width": 1, "height": 1}
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Moon", "content": "It pulls."}]}
    recap = {"content_type": "reasoning_recap", "content": "Thought for 3 seconds"}
    code = {"content_type": "code", "language": "python", "text": "print(24.8 / 2)"}
    output = {"content_type": "execution_output", "text": "12.4"}
    return chatgpt(
        chatgpt_node("root", None),
        chatgpt_node("system", "root", "system", "", metadata=hidden),
        chatgpt_node("profile", "system", "user", "What I want you to know.", metadata=hidden),
        chatgpt_node("q1", "profile", "user", {"content_type": "multimodal_text", "parts": [image, "Why twice?"]}),
        chatgpt_node("a1", "q1", "assistant", "Two bulges."),
        chatgpt_node("t2", "q1", "assistant", thoughts),
        chatgpt_node("r2", "t2", "assistant", recap),
        chatgpt_node("a2", "r2", "assistant", "The moon pulls\ue200cite\ue202turn0search1\ue201 the sea【3†source】."),
        chatgpt_node("call", "a2", "assistant", code, recipient="python"),
        chatgpt_node("result", "call", "tool", output),
        chatgpt_node("a3", "result", "assistant", "Every 12.4 hours."),
        chatgpt_node("q2", "a3", "user", "And later?"),
        chatgpt_node(
            "a4",
            "q2",
            "assistant",
            "Fifty min",
            metadata={"finish_details": {"type": "max_tokens"}, "model_slug": "o3"},
        ),
        current="a4",
    )


def open_webui_message(name: str, parent: str | None, role: str, content: Any, **more: Any) -> Json:
    return {
        "id": name,
        "parentId": parent,
        "childrenIds": [],
        "role": role,
        "content": content,
        "timestamp": 1_700_000_000,
        **(
            {"model": "llama3.2", "modelName": "Llama", "done": True}
            if role == "assistant"
            else {"models": ["llama3.2"]}
        ),
        **more,
    }


def open_webui(*messages: Json, current: str, title: str = "Tides", **about: Any) -> Json:
    """A row of Open WebUI's export."""
    by_id = {message["id"]: message for message in messages}
    chat = {
        "id": "",
        "title": title,
        "models": ["llama3.2"],
        "params": {"system": "Be brief."},
        "history": {"messages": by_id, "currentId": current},
        "messages": list(messages),
        "tags": [],
        "timestamp": 1_700_000_000_000,
    }
    times = {"updated_at": 1_700_000_100, "created_at": 1_700_000_000}
    return {
        "id": "x",
        "user_id": "u",
        "title": title,
        "chat": chat,
        **times,
        "archived": False,
        "pinned": True,
        **about,
    }


def reasoned() -> Json:
    reasoning = (
        '<details type="reasoning" done="true" duration="3">\n<summary>Thought for 3 seconds</summary>\n'
        "&gt; The moon &amp; the sea.\n&gt; Both.\n</details>\n"
    )
    call = '<details type="tool_calls" done="true" name="clock">\n<summary>Called clock</summary>\n</details>\n'
    return open_webui(
        open_webui_message("1", None, "user", "Why twice?"),
        open_webui_message("2", "1", "assistant", f"{reasoning}{call}Two bulges."),
        open_webui_message("3", "1", "assistant", "", error={"content": "The model is not loaded."}),
        open_webui_message("4", "2", "user", [{"type": "text", "text": "And later?"}, {"type": "image_url"}]),
        current="4",
    )


def as_file(*chats: Json) -> bytes:
    return json.dumps(list(chats)).encode()
