"""The wire: pure codecs of what is received from upstream and sent to viewers. No Flask, no I/O."""
