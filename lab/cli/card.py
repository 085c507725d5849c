"""The command group `lab card`: what is done with one submission's card."""

import click

from lab.cli.command import CommandGroup


@click.group(cls=CommandGroup)
def card() -> None:
    """Show and mark a card; delete a person's data.

    Example: lab card mark cards/ada --name "Grace Hopper" --page
    """
