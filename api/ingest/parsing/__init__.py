"""Parsers that run in a process of their own, with nothing of the service imported (api/ingest/out_of_process/).

A parser is a function of a module here, `(file, limits) -> Sequence[Parsed]`; `limits` are the fields of Limits. It
raises Refusal for what it cannot read; whatever else it raises becomes an error of the sender's, too. The process
begins with each file, so imports are kept few: no settings, no pydantic, no Flask.
"""
