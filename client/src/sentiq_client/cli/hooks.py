"""webhooks: where the end of jobs is told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from sentiq_client.cli.options import AsJson
from sentiq_client.cli.output import as_json, plain, say
from sentiq_client.client import Client
from sentiq_client.models import Webhook

WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK", help="id of a webhook: wh_…")]

commands = typer.Typer(
    help="Register and try webhooks. Where the service has an admin token, SENTIQ_API_KEY has to be that token.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def register(app: typer.Typer) -> None:
    app.add_typer(commands, name="webhooks")


@commands.command()
def create(
    url: Annotated[str, typer.Argument(metavar="URL", help="https; it gets a POST when a job has ended")],
    event: Annotated[
        list[str] | None, typer.Option(help="only this event, such as job.failed; may be repeated; default: all")
    ] = None,
    description: Annotated[str, typer.Option(help="for people")] = "",
    json: AsJson = False,
) -> None:
    """Register an address; its secret is shown this once. A job names it: sentiq submit FILE --webhook ID."""
    with Client() as client:
        _show(client.webhooks.create(url, event, description), json)


@commands.command("list")
def list_all(json: AsJson = False) -> None:
    """List webhooks, oldest first."""
    with Client() as client:
        found = client.webhooks.list()
    for webhook in found:
        _show(webhook, json)


@commands.command()
def show(webhook: WebhookId, json: AsJson = False) -> None:
    """Show a webhook, without its secret."""
    with Client() as client:
        _show(client.webhooks.get(webhook), json)


@commands.command()
def delete(webhook: WebhookId) -> None:
    """Remove a webhook; what is due is not sent any more."""
    with Client() as client:
        client.webhooks.delete(webhook)


@commands.command()
def rotate(webhook: WebhookId, json: AsJson = False) -> None:
    """Give a webhook a new secret, shown this once; for a day messages are signed with both."""
    with Client() as client:
        _show(client.webhooks.rotate(webhook), json)


@commands.command()
def test(webhook: WebhookId) -> None:
    """Send a test message; `sentiq webhooks deliveries` shows what became of it."""
    with Client() as client:
        client.webhooks.test(webhook)
    say(f"on its way: sentiq webhooks deliveries {webhook}")


@commands.command()
def deliveries(webhook: WebhookId, json: AsJson = False) -> None:
    """List the last hundred tries to deliver, newest first."""
    with Client() as client:
        found = client.webhooks.deliveries(webhook)
    for attempt in found:
        if json:
            as_json(asdict(attempt))
            continue
        result = attempt.error or f"{attempt.status} after {attempt.took_ms} ms"
        again = f"  again at {attempt.next_at}" if attempt.next_at else ""
        plain(f"{attempt.at}  {attempt.delivery_id}  {attempt.event}  try {attempt.attempt}: {result}{again}")


@commands.command()
def redeliver(
    webhook: WebhookId,
    delivery: Annotated[str, typer.Argument(metavar="MESSAGE", help="as `deliveries` shows it: msg_…")],
) -> None:
    """Send a message again, under its id."""
    with Client() as client:
        client.webhooks.redeliver(webhook, delivery)


def _show(webhook: Webhook, json: bool) -> None:
    if json:
        document: dict[str, Any] = asdict(webhook)
        as_json({name: value for name, value in document.items() if name != "secret" or value})
        return
    off = f"  switched off: {webhook.disabled}" if webhook.disabled else ""
    name = f"  {webhook.description}" if webhook.description else ""
    plain(f"{webhook.id}  {webhook.url}  {', '.join(webhook.events)}{name}{off}")
    if webhook.secret:
        plain(f"secret, shown this once: {webhook.secret}")
