"""Formulas that are drawn beside the worker: what they hold ends their own process at most."""

import re
from collections.abc import Sequence

import pytest

from chatstream.reading.html import DRAWN, Way, render
from chatstream.reading.mathml import MOST
from chatstream.web.beside import Beside
from tests.api import Api
from tests.servers.app import ChatStream

X = "<math><mi>x</mi></math>"
ENDLESS = "(" * 40
DEEP = "{" * 2000
KNOWN = (
    r"\frac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    r"\begin{align} a &= b \tag{1} \\ c &= d \label{l} \nonumber \end{align}",
    r"\begin{equation} \begin{split} a &= b \end{split} \end{equation}",
    r"\begin{gather} a \\ b \end{gather}",
    r"f = \begin{cases} x & \text{if } x \\ y \end{cases}",
    r"\sum_{\substack{i \\ j}} \begin{smallmatrix} a \end{smallmatrix}",
    r"\left. \frac{df}{dx} \right|_{x=0} \operatorname*{arg\,max}_\theta \widetilde{x} \pmb{x}",
)


@pytest.fixture
def api(one_server: ChatStream) -> Api:
    return Api(one_server.address)


def drawing() -> Beside[bool, str]:
    return Beside[bool, str]("chatstream.reading.mathml", MOST, str)


def asked(*latex: str) -> dict[str, object]:
    return {"formulas": [{"latex": each, "display": False} for each in latex]}


def test_formulas_become_mathml(api: Api) -> None:
    reply = api.post("/maths", asked("x", r"\ce{H2O}", "x^"))
    assert reply.json["mathml"] == [X, "", ""]
    display = api.post("/maths", {"formulas": [{"latex": "x", "display": True}]})
    assert display.json == {"mathml": ['<math display="block"><mi>x</mi></math>']}


@pytest.mark.parametrize("body", [{}, [], asked("x" * (MOST + 1)), asked(*["x"] * 101), {"formulas": [{"latex": "x"}]}])
def test_other_bodies_are_refused(api: Api, body: object) -> None:
    assert api.post("/maths", body).status == 400


@pytest.mark.parametrize("latex", KNOWN)
def test_what_models_write_is_known(latex: str) -> None:
    made = drawing().of_answer()([(latex, True)])[0]
    assert made.startswith('<math display="block">')
    assert "style=" not in made.replace("displaystyle=", "")


@pytest.mark.parametrize("latex", [r"\eqref{x}", r"\texttt{x}", r"\text{a\textbf{x}}", r"\color{red}x"])
def test_what_is_drawn_holds_nothing_but_mathml(latex: str) -> None:
    made = drawing().of_answer()([(latex, False)])[0]
    assert "x" in made or "??" in made
    assert not re.search(r"<(a|b|code|span)\b|href|style=|color", made)


@pytest.mark.parametrize("hostile", [ENDLESS, DEEP, "x^{" * 500 + "}" * 500, "x" * 4001, "\n\0\ud800"])
def test_what_cannot_be_drawn_stays_and_the_next_is_drawn(hostile: str) -> None:
    beside = drawing()
    assert beside.of_answer()([("x", False), (hostile, True), ("x", False)]) == [X, "", X]
    assert beside.of_answer()([(hostile, True), ("x", False)]) == ["", X]


def test_others_have_their_turn_while_formulas_are_drawn(turns: list[int]) -> None:
    draw = drawing().of_answer()
    draw([("x", False)])  # the process is there
    turns.clear()
    draw([(f"x_{{{n}}}", False) for n in range(10_000)])
    assert len(turns) > 25


class Drawn(Way):
    def draw(self, formulas: Sequence[tuple[str, bool]]) -> list[str]:
        return ["<math><mi>drawn</mi></math>" for _ in formulas]


def test_the_texts_of_an_answer_share_its_bounds() -> None:
    answer, text = Drawn(), f"${'x' * 100}$\n\n" * 400
    drawn = ["".join(render(text, answer)).count("drawn") for _ in range(3)]
    assert (drawn, answer.fresh, answer.lacked) == ([400, 200, 0], False, True)


def test_only_so_much_of_an_answer_is_drawn() -> None:
    html = "".join(render(f"${'x' * 100}$\n\n" * 900, Drawn()))
    assert html.count("<mi>drawn") == DRAWN // 100


@pytest.mark.parametrize(
    "price",
    ["$5 and $10", "5$ or 10$", "US$5 to A$9", "$5-$6", "$5 and 10$ or", "$5/month, or 9$ a", "$HOME:$PATH", "$ 5 $"],
)
def test_prices_stay_text(price: str) -> None:
    assert "math" not in "".join(render(price))


@pytest.mark.parametrize(
    "text", ["a `$x$` b", "$a `b$ c`", "[a $b](http://x.org) and c$", r"\$x\$", r"\\(x\\)", "    $x$", "```\n$x$\n```"]
)
def test_code_links_and_escapes_go_before(text: str) -> None:
    assert '"math' not in "".join(render(text))


@pytest.mark.parametrize("mark", ["$", "$$", "\\(", "\\[", "$a", "\\(a", "$\\", "\\[\n", "$$\n- ", "[$](", "$`"])
@pytest.mark.parametrize("before", ["", "# ", "| a |\n|---|\n| "])
def test_marks_without_an_end_cost_no_more_than_their_length(mark: str, before: str) -> None:
    """Many of them, which a test would time out on if each were looked for to the end."""
    assert "".join(render(before + mark * 10_000))
