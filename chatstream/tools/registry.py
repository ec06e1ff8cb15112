"""Which tools there are: Python functions, described to models by their docstrings and type hints.

A hint may be `Annotated[…, msgspec.Meta(description=…, max_length=…)]`; msgspec makes the JSON schema of the arguments
(https://json-schema.org/draft/2020-12) and checks what a model sends.
"""

import importlib
import inspect
import typing
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any, NamedTuple

import msgspec

from chatstream.errors import BadRequest, SettingsError

BUILT_IN = ("chatstream.tools.clock", "chatstream.tools.arithmetic")


class Tool(NamedTuple):
    """A function that models may call."""

    name: str
    module: str
    description: str
    parameters: dict[str, Any]
    """JSON schema of an object with the arguments."""
    arguments: type[msgspec.Struct]
    function: Callable[..., Any]

    def offered(self) -> dict[str, Any]:
        """As a request's `tools` have it (https://platform.openai.com/docs/guides/function-calling)."""
        function = {"name": self.name, "description": self.description, "parameters": self.parameters}
        return {"type": "function", "function": function}


class Registry:
    """The tools of some modules, by name."""

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools = {tool.name: tool for tool in tools}

    def __iter__(self) -> typing.Iterator[Tool]:
        return iter(self._tools.values())

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def __getitem__(self, name: str) -> Tool:
        return self._tools[name]

    @property
    def names(self) -> str:
        """All of them in a sentence."""
        return ", ".join(self._tools) or "none"

    def only(self, names: Iterable[str]) -> "Registry":
        """Those of these names that there are: a chat may allow one that was taken away since."""
        return Registry(self._tools[name] for name in names if name in self._tools)

    def check(self, names: Iterable[str]) -> list[str]:
        """The names, each once.

        :raises BadRequest: if there is none of such a name
        """
        for name in names:
            if name not in self._tools:
                raise BadRequest(f"There is no tool {name!r} here. Known tools: {self.names}.")
        return list(dict.fromkeys(names))


def load(modules: Iterable[str]) -> Registry:
    """The built-in tools and those of these modules; of two with one name, the later.

    :raises SettingsError: for a module that cannot be used
    """
    return Registry(tool for name in (*BUILT_IN, *modules) for tool in _tools(name))


def tool_of(module: ModuleType, name: str) -> Tool:
    """The tool that a function of this module is."""
    return _tool(getattr(module, name))


def _tools(name: str) -> list[Tool]:
    try:
        return [_tool(function) for function in _public(importlib.import_module(name))]
    except Exception as error:  # whatever a module does while it is imported
        raise SettingsError(f"CHATSTREAM_TOOLS names {name}, whose tools cannot be used: {error!r}.") from error


def _public(module: ModuleType) -> list[Callable[..., Any]]:
    functions = inspect.getmembers(module, inspect.isfunction)
    return [f for name, f in functions if not name.startswith("_") and f.__module__ == module.__name__]


def _tool(function: Callable[..., Any]) -> Tool:
    name, description = function.__name__, inspect.getdoc(function)
    if not description:
        raise ValueError(f"{name} has no docstring to tell the model what it does")
    hints = typing.get_type_hints(function, include_extras=True)
    fields = [_field(parameter, hints) for parameter in inspect.signature(function).parameters.values()]
    arguments = msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)
    (reference,), components = msgspec.json.schema_components([arguments], ref_template="#/$defs/{name}")
    schema = components.pop(reference["$ref"].rpartition("/")[2])
    parameters = {key: value for key, value in schema.items() if key != "title"}
    parameters |= {"$defs": components} if components else {}
    return Tool(name, function.__module__, description, parameters, arguments, function)


def _field(parameter: inspect.Parameter, hints: dict[str, Any]) -> tuple[str, Any] | tuple[str, Any, Any]:
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
        raise ValueError(f"the argument {parameter.name} has no place in JSON: name each argument")
    if parameter.name not in hints:
        raise ValueError(f"the argument {parameter.name} has no type hint")
    if parameter.default is parameter.empty:
        return parameter.name, hints[parameter.name]
    return parameter.name, hints[parameter.name], parameter.default
