"""Findings as SARIF 2.1.0, for code scanning and for editors."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from reconciler.plan.visible import visible_block
from reconciler.report.findings import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(findings: Sequence[Finding], *, tool_version: str) -> str:
    rules = sorted({finding.code for finding in findings})
    driver = {
        "name": "reconciler",
        "version": tool_version,
        "rules": [{"id": code} for code in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, rules) for finding in findings],
    }
    document = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2) + "\n"


def _result(finding: Finding, rules: Sequence[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rules.index(finding.code),
        "level": finding.level.value,
        "message": {"text": visible_block(finding.message)},
    }
    if finding.where is not None:
        place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.where.path)}}
        if finding.where.line is not None:
            region = {"startLine": finding.where.line, "startColumn": finding.where.column}
            place["region"] = {key: value for key, value in region.items() if value is not None}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _uri(path: str) -> str:
    """A relative reference (RFC 3986): what is not unreserved is percent-encoded as UTF-8."""
    return re.sub(
        r"[^A-Za-z0-9._~/-]",
        lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode(errors="replace")),
        path,
    )
