"""Placeholder until the library lands."""

import click


@click.group()
def fix() -> None:
    """The library of proven fixes."""
