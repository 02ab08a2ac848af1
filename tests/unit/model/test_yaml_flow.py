"""What is written by hand as YAML is read back as it was."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.yaml_flow import in_yaml
from reconciler.spec.yaml_text import read_yaml

NAMES = st.text(max_size=64).filter(lambda name: name == name.strip())


@given(NAMES, st.lists(NAMES, max_size=3))
def test_every_name_reads_back_as_itself(name: str, others: list[str]) -> None:
    line = f"{in_yaml(name)}: {in_yaml([name, *others])}\n"
    assert line[:-1].isprintable()
    assert read_yaml(line, "specs/x.yaml").value == {name: [name, *others]}
