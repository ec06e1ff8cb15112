"""The command line of measure.py, whose text is its help."""

import argparse
import ast
import json
from pathlib import Path

from bench import cores
from bench.cases import CASES
from bench.relays import parsed
from bench.rounds import rounds
from bench.tools import compiled


def main() -> None:
    args = _arguments()
    cores.take_ours()
    relays = [parsed(text) for text in args.relay]
    with compiled() as tools:
        for case in args.case or ["burst", "paced"]:
            for row in rounds(relays, case, args.rounds, tools):
                print(json.dumps(vars(row)), flush=True)


def _arguments() -> argparse.Namespace:
    text = ast.get_docstring(ast.parse(Path(__file__).with_name("measure.py").read_text()))
    parser = argparse.ArgumentParser(
        prog="measure.py", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("relay", nargs="+")
    return parser.parse_args()


if __name__ == "__main__":
    main()
