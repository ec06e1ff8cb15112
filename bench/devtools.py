"""A page's main thread, seen through the DevTools protocol: what it spent, and how long its tasks were."""

import json
from typing import Any, NamedTuple

import websocket
from selenium import webdriver

from tests.servers.chromium import Browser, Chromium

CATEGORIES = ["disabled-by-default-devtools.timeline", "devtools.timeline", "toplevel"]
MICROTASKS = "BlinkScheduler_PerformMicrotaskCheckpoint"
SCRIPTING = {"FunctionCall", "EvaluateScript", "v8.evaluateModule", MICROTASKS, "MinorGC", "MajorGC"}
WITHIN = {"Layout", "UpdateLayoutTree"}
"""What a script may cause to be done at once: it is counted by itself."""


class OpenChromium(Chromium):
    """Chromium whose DevTools others than chromedriver may use as well: events are not to be had through it."""

    def _options(self) -> webdriver.ChromeOptions:
        options = super()._options()
        options.arguments.remove("--remote-debugging-pipe")
        return options


class Spent(NamedTuple):
    """Seconds of the page's main thread since it was opened, and what it holds."""

    at: float
    task: float
    script: float
    layout: float
    style: float
    heap: float
    """Bytes of JavaScript's heap."""
    nodes: float
    listeners: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(*(b - a for a, b in zip(before, self, strict=True)))


class Traced(NamedTuple):
    """Seconds: of each task, and of all scripts together, without the layout they caused."""

    tasks: list[float]
    scripting: float


class Devtools:
    """The page that a browser shows now, also after it went to another address."""

    def __init__(self, browser: Browser) -> None:
        address = browser.driver.capabilities["goog:chromeOptions"]["debuggerAddress"]
        page = f"ws://{address}/devtools/page/{browser.driver.current_window_handle}"
        self._socket = websocket.create_connection(page, timeout=120, suppress_origin=True)
        self._count = 0
        self._events: list[dict[str, Any]] = []
        self.command("Performance.enable")

    def close(self) -> None:
        self._socket.close()

    def spent(self, collect: bool = False) -> Spent:
        """:param collect: first collect what is not used any more"""
        for _ in range(2 if collect else 0):
            self.command("HeapProfiler.collectGarbage")
        found = {each["name"]: each["value"] for each in self.command("Performance.getMetrics")["metrics"]}
        times = (f"{name}Duration" for name in ("Task", "Script", "Layout", "RecalcStyle"))
        held = ("JSHeapUsedSize", "Nodes", "JSEventListeners")
        return Spent(*(found[name] for name in ("Timestamp", *times, *held)))

    def trace(self) -> None:
        """From here on, write down every task."""
        self.command("Tracing.start", transferMode="ReportEvents", traceConfig={"includedCategories": CATEGORIES})

    def traced(self) -> Traced:
        """What the page's main thread did since `trace`."""
        self.command("Tracing.end")
        while not any(event["method"] == "Tracing.tracingComplete" for event in self._events):
            self._events.append(json.loads(self._socket.recv()))
        events = [one for event in self._events for one in event["params"].get("value", ())]
        self._events.clear()
        names = {(one["pid"], one["tid"]): one["args"]["name"] for one in events if one["name"] == "thread_name"}
        mains = [one for one in events if names.get((one["pid"], one["tid"])) == "CrRendererMain" and "dur" in one]
        tasks = [one["dur"] / 1e6 for one in mains if one["name"] == "RunTask"]
        return Traced(tasks, _scripting(mains))

    def command(self, name: str, **parameters: Any) -> Any:
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": name, "params": parameters}))
        while (answer := json.loads(self._socket.recv())).get("id") != self._count:
            self._events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{name}: {answer['error']}")
        return answer["result"]


def _scripting(events: list[dict[str, Any]]) -> float:
    """Scripts call each other: what lies within another is counted once."""
    total = end = inner_end = 0.0
    for one in sorted(events, key=lambda event: (event["ts"], -event["dur"])):
        began, ended = one["ts"], one["ts"] + one["dur"]
        if one["name"] in SCRIPTING and began >= end:
            total, end = total + one["dur"], ended
        elif one["name"] in WITHIN and began < end and began >= inner_end:
            total, inner_end = total - one["dur"], ended
    return total / 1e6
