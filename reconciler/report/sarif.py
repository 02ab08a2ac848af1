"""Findings as SARIF 2.1.0, for code scanning and for editors."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from reconciler.plan.visible import visible_block
from reconciler.report.findings import Finding
from reconciler.report.sarif_rules import sarif_rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], *, tool_version: str) -> str:
    rules = sorted({finding.code for finding in findings})
    driver = {
        "name": "reconciler",
        "version": tool_version,
        "rules": [sarif_rule(code) for code in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, rules, known)
            for finding, known in zip(findings, _known_by(findings), strict=True)
        ],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _result(finding: Finding, rules: Sequence[str], known: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": finding.level.value,
        "message": {"text": visible_block(finding.message)},
        # GitHub's code scanning reads the first one alone.
        "partialFingerprints": {"primaryLocationLineHash": known, "ruleAndObject/v1": known},
    }
    if finding.where is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.where.path)}}
        if finding.where.line is not None:
            region = {"startLine": finding.where.line, "startColumn": finding.where.column}
            place["region"] = {key: value for key, value in region.items() if value is not None}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _known_by(findings: Sequence[Finding]) -> Iterator[str]:
    """By which a finding is the same one in the next run: its rule, its file and what it is about,
    whatever line that stands at by then; the second of one kind has a number of its own."""
    seen: Counter[str] = Counter()
    for finding in findings:
        path = finding.where.path if finding.where is not None else ""
        about = [finding.code, path, *(finding.about or (finding.message,))]
        known = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
        seen[known] += 1
        yield f"{known}:{seen[known]}"


def _uri(path: str) -> str:
    """A relative reference (RFC 3986): what is not unreserved is percent-encoded as UTF-8."""
    return re.sub(
        r"[^A-Za-z0-9._~/-]",
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode(errors="replace")),
        path,
    )
