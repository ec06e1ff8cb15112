#!/usr/bin/env python3
"""`make bench`: POST /chat, recorded in SQLite, beside nginx that only copies the same stream. Prints a table.

    run.py [--case paced] [--case fast] … [--rounds 1]

Ends with 1 if a stream was lost, or if a token of the `paced` case cost more than 3.5 times nginx's CPU.
Needs a C compiler, nginx and two cores: the relay runs on one, the model server and the load on the other.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
RATIO_MAX = 3.5
COLUMNS = ("case", "relay", "failed", "tok_s", "cpu_us_per_token", "cpu_ratio", "kb_per_stream")
COLUMNS += ("ttft_p50_ms", "ttft_p99_ms", "age_p50_ms", "age_p99_ms")


def chatstream(data: str) -> str:
    """The relay in measure.py's form: name:path:body=command."""
    body = json.dumps({"prompt": "hi", "stream": True}, separators=(",", ":"))
    settings = (
        f"CHATSTREAM_DATA_DIR={data} CHATSTREAM_BIND=127.0.0.1:{{port}} OPENAI_BASE_URL={{source}} AI_MODEL=bench"
    )
    return f"chatstream:/chat:{body}=env {settings} {sys.executable} -m gunicorn wsgi:app"


def measure(cases: list[str], rounds: int) -> list[dict]:
    with tempfile.TemporaryDirectory() as data:
        chosen = [option for case in cases for option in ("--case", case)]
        command = [
            sys.executable,
            HERE / "measure.py",
            *chosen,
            "--rounds",
            str(rounds),
            "nginx=nginx",
            chatstream(data),
        ]
        env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}  # nginx, for ordinary users of Debian
        printed = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, text=True, cwd=HERE.parent, env=env
        ).stdout
    return [json.loads(line) for line in printed.splitlines()]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", action="append", choices=("burst", "paced", "fast", "single"))
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    rows = measure(args.case or ["burst", "paced", "fast", "single"], args.rounds)
    print(" | ".join(COLUMNS))
    for row in rows:
        print(" | ".join(str(row[column]) for column in COLUMNS))
    lost = any(row["failed"] for row in rows)
    dear = any(row["case"] == "paced" and row["cpu_ratio"] > RATIO_MAX for row in rows)
    return int(lost or dear)


if __name__ == "__main__":
    sys.exit(main())
