"""Bring the translations up to date with the texts of templates and scripts: `python -m tests.translations`.

New texts come into chatstream/web/translations/<language>.po without a translation, those that are used no more go.
`tests/web/page/test_languages.py` fails while one is missing.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import write_po

from chatstream.web.languages import ENGLISH, FOLDER, LANGUAGES, catalog
from tests.servers.server import ROOT

SOURCES = (
    ("jinja2.ext:babel_extract", "templates/*.html", ("_", "N_", "gettext", "ngettext")),
    ("python", "chatstream/web/*.py", ("gettext", "ngettext", "_", "N_")),
    ("javascript", "static/js/**/*.js", ("t", "tn")),
)
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "gettext": None, "t": None} | {
    "ngettext": (1, 2),
    "tn": (1, 2),
}
OPTIONS = {"trimmed": "true", "silent": "false", "jsx": False, "parse_template_string": True}


def found() -> Catalog:
    """All texts that are used, each with the files that use it."""
    texts = Catalog(project="ChatStream", charset="utf-8")
    for method, pattern, names in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            for message in of_file(method, path, names):
                texts.add(message, locations=[(str(path.relative_to(ROOT)), 0)])
    return texts


def of_file(method: str, path: Path, names: tuple[str, ...]) -> Iterator[str | tuple[str, ...]]:
    keywords = {name: KEYWORDS[name] for name in names}
    for _, message, _, _ in extract_from_file(method, path, keywords, options=OPTIONS):
        yield message


def updated(language: str) -> Catalog:
    file = FOLDER / f"{language}.po"
    known = catalog(language) if file.exists() else Catalog(locale=language, charset="utf-8")
    known.update(found(), no_fuzzy_matching=True, update_creation_date=False)
    known.obsolete.clear()
    known.fuzzy = False
    if not file.exists():
        known.header_comment = f"# {LANGUAGES[language]}: the texts of ChatStream's page.\n# Terms:"
    known.project, known.msgid_bugs_address = "ChatStream", ""
    return known


def main() -> None:
    for language in LANGUAGES:
        if language == ENGLISH:
            continue
        texts = updated(language)
        with (FOLDER / f"{language}.po").open("wb") as file:
            write_po(file, texts, sort_output=True, include_lineno=False, omit_header=False, width=110)
        missing = sum(not message.string for message in texts if message.id)
        print(f"{language}: {len(texts)} texts, {missing} without a translation")


if __name__ == "__main__":
    main()
