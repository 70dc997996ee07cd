"""aspect-sets: what texts can be looked through for."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from sentiq_client.cli.options import AsJson
from sentiq_client.cli.output import as_json, plain, say
from sentiq_client.client import Client
from sentiq_client.models import AspectSet

commands = typer.Typer(
    help="Show and store sets of aspects. Where the service has an operator, changing them needs its SENTIQ_API_KEY.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="aspect-sets")


@commands.command("list")
def list_all(json: AsJson = False) -> None:
    """List sets in their newest versions: those that come along with the service, then the stored ones."""
    with Client() as client:
        found = client.aspect_sets.list()
    for aspects in found:
        _show(aspects, json)


@commands.command()
def show(
    name: Annotated[str, typer.Argument(metavar="SET", help="id, or id@version of an older version")],
    json: AsJson = False,
) -> None:
    """Print a set as YAML, to keep or to change: sentiq aspect-sets show food > food.yaml."""
    with Client() as client:
        found = client.aspect_sets.get(name)
    as_json(asdict(found)) if json else plain(found.to_yaml().rstrip())


@commands.command()
def put(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML or JSON, as `show` prints it")],
    json: AsJson = False,
) -> None:
    """Store a set under the id that is in it; other content than before is a new version."""
    with Client() as client:
        stored = client.aspect_sets.put(file)
    _show(stored, json)
    if not json:
        say(f"a job names it: sentiq submit FILE --aspects {stored.id}")


@commands.command()
def delete(name: Annotated[str, typer.Argument(metavar="SET", help="id of a stored set")]) -> None:
    """Remove a set with all its versions; jobs that were submitted with it keep it."""
    with Client() as client:
        client.aspect_sets.delete(name)


def _show(aspects: AspectSet, json: bool) -> None:
    if json:
        as_json(asdict(aspects))
        return
    names = [aspect["name"] for aspect in aspects.definition["aspects"]]
    origin = "comes along" if aspects.built_in else f"stored {aspects.stored_at}"
    plain(f"{aspects.name}  {aspects.definition.get('title') or ''}  {', '.join(names)}  {origin}")
