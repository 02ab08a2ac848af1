"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.cli.streams import show
from reconciler.spec.structure import spec_schema_text


@click.command()
def schema() -> None:
    """Print the JSON Schema of spec files, for editors and checkers.

    An editor that speaks YAML finds it by the first line of a spec:
    `# yaml-language-server: $schema=PATH`, with PATH a file that holds this output.
    """
    show(spec_schema_text())
