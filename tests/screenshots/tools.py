"""Tools that a model calls, and the menu they are allowed in."""

from tests.screenshots.answers import complete
from tests.screenshots.scene import Scene, called, calls, exported, state
from tests.servers.model_server import answer

CLOCK = "clock Tell the present date, time and day of the week."
CALCULATE = "calculate Work out an arithmetic expression."
SUM = "How many high waters are there in 88,775 hours?"
ARGUMENTS = (
    '{"harbours": ["Brest", "Roscoff", "Saint-Malo", "Granville", "Cherbourg"], "from": "2026-11-21T00:00:00Z", '
    '"days": 3, "datum": "chart", "columns": ["time", "height", "coefficient"], "note": "Spring tides are wanted '
    'first, since the boat draws two metres and the sill dries at nine."}'
)
RESULT = "\n".join(
    f"{n // 4 + 21} Nov  {n % 4 * 6 + 1:02}:{n * 13 % 60:02}  {3 + n * 7 % 9}.{n % 10} m" for n in range(14)
)


@state()
def tools(scene: Scene) -> None:
    called_for = calls("get_tides", {"harbour": "Saint-Malo", "days": 3})
    scene.ask([called_for, ["gate", "never"]], "When is high water in Saint-Malo?")
    scene.page.browser.wait(lambda: scene.page.phase.startswith("Calling get_tides"))


@state("narrow")
def tool_result(scene: Scene) -> None:
    allow(scene, CALCULATE)
    asked = called("calculate", {"expression": "88775.2 / 1244.1667"}, "A day of the tides is 24 h 50 min. ")
    scene.model.script(asked)
    scene.ask(answer("High water comes every 12 hours and 25 minutes, so there are 71 of them in this time."), SUM)
    scene.ended("complete")


@state("narrow")
def tool_failed(scene: Scene) -> None:
    allow(scene, CLOCK)
    scene.model.script(called("clock", {"timezone": "Saint-Malo"}))
    scene.model.script(called("clock", {"timezone": "Europe/Paris"}))
    scene.ask([["gate", "never"]], "What time is it in Saint-Malo?")
    scene.page.browser.wait(lambda: len(scene.page.tools) == 2 and scene.page.phase.endswith("· 2 s"))


@state("narrow")
def tool_long(scene: Scene) -> None:
    """A call with much to say, and a result that needs a scroll of its own."""
    chat = exported("When can I enter?", "On the third day, from 07:39 on.")
    call = {"id": "call_1", "name": "get_tides", "arguments": ARGUMENTS, "result": RESULT}
    chat["messages"][-1]["toolCalls"] = [call]
    scene.page.open(f"/c/{scene.imported(chat)}")


@state("narrow", "zoomed")
def tools_menu(scene: Scene) -> None:
    complete(scene)
    scene.page.open_menu()
    scene.page.click("checkbox", CLOCK)


@state("narrow")
def tools_menu_new_chat(scene: Scene) -> None:
    scene.page.open_menu()


def allow(scene: Scene, tool: str) -> None:
    scene.page.open_menu()
    scene.page.click("checkbox", tool)
    scene.page.open_menu()
