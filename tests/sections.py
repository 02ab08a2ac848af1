"""Small text files as cases: `key: value` headers, `--- name` sections, and `#` remarks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CASES = Path(__file__).parent / "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseText:
    name: str
    headers: dict[str, str]
    sections: dict[str, str]

    def lines(self, section: str) -> list[str]:
        return [line for line in self.sections.get(section, "").splitlines() if line.strip()]

    def statements(self, section: str) -> list[str]:
        """Statements, each ended by a semicolon at the end of a line."""
        text = self.sections.get(section, "")
        return [part.strip().removesuffix(";") for part in text.split(";\n") if part.strip()]


def case_texts(folder: str) -> list[CaseText]:
    paths = sorted((CASES / folder).glob("**/*.case"))
    assert paths, f"no cases in {folder}"
    return [read_case_text(path) for path in paths]


def read_case_text(path: Path) -> CaseText:
    headers: dict[str, str] = {}
    sections: dict[str, str] = {}
    section: str | None = None
    for line in path.read_text().splitlines():
        if line.startswith("--- "):
            section = line.removeprefix("--- ").strip()
            assert section not in sections, f"{path}: section {section} comes twice"
            sections[section] = ""
        elif section is not None:
            sections[section] += f"{line}\n"
        elif line and not line.startswith("#"):
            key, colon, value = line.partition(":")
            assert colon, f"{path}: neither a header, nor a section, nor a remark: {line}"
            headers[key.strip()] = value.strip()
    return CaseText(name=path.stem, headers=headers, sections=sections)
