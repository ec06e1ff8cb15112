"""Answers as they are read: Markdown as HTML that runs nothing and asks no other host, and the colours of code."""
