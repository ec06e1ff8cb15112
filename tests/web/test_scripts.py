"""Scripts as one file with what they import."""

from pathlib import Path

import pytest

from chatstream.web.scripts import joined


def written(folder: Path, **modules: str) -> Path:
    """Modules by their names; the path of `main`."""
    for name, text in modules.items():
        path = folder / f"{name.replace('_', '/')}.js"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder / "main.js"


def test_what_is_imported_stands_once_and_before_what_imports_it(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main='import { a } from "./a.js";\nimport { b as other } from "./deep/b.js";\nexport const both = a + other;\n',
        a='import { b } from "./deep/b.js";\n// not sent\nexport const a = b;\n',
        deep_b="export async function b() {}\nexport class C {}\n",
    )
    text = joined(main)
    assert text.index("async function b()") < text.index("const a=b") < text.index("export const both")
    assert (text.count("async function b()"), "not sent" in text, "import{" in text) == (1, False, False)
    assert "return{b,C};" in text
    assert "const{b:other}=" in text


def test_what_is_imported_later_is_found_from_where_the_whole_lies(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main='import { b } from "./deep/b.js";\n',
        deep_b='export const b = () => import("../other/c.js");\n',
    )
    assert 'import("./other/c.js")' in joined(main)


def test_what_is_imported_for_what_it_does_stands_before_what_imports_it(tmp_path: Path) -> None:
    main = 'import "./a.js";\nimport "./a.js";\ndone();\n'
    text = joined(written(tmp_path, main=main, a="customElements.define();\n"))
    assert (text.count("customElements.define()"), text.endswith("done();")) == (1, True)
    assert text.index("customElements") < text.index("done()")


@pytest.mark.parametrize(
    "text",
    [
        'import * as all from "./a.js";',
        'import a from "./a.js";',
        'import {\n  a } from "./a.js";',
        "export default 1;",
        "export { a };",
        'export * from "./a.js";',
    ],
)
def test_other_ways_to_import_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"main\.js: "):
        joined(written(tmp_path, main=text, a="export const a = 1;"))


def test_modules_that_import_each_other_are_refused(tmp_path: Path) -> None:
    each = 'import { b } from "./b.js";\nexport const a = 1;\n', 'import { a } from "./a.js";\nexport const b = 1;\n'
    with pytest.raises(ValueError, match=r"b\.js is imported by what it imports"):
        joined(written(tmp_path, main=each[0], a=each[0], b=each[1]))
