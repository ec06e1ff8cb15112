"""`python -m chatstream`: the command line."""

from chatstream.cli import main

main(prog_name="chatstream")
