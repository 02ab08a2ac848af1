"""One text for each VSchema, and its fingerprint: what plans, files and fingerprints agree on."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from reconciler.limits import VSCHEMA_BYTES_MAX
from reconciler.strict_json import JsonUnreadable, read_json
from reconciler.vschema.limits import VSCHEMA_VALUES_MAX

# Raised when the same VSchema would get another text: fingerprints are of this text.
_VERSION = "reconciler/vschema/v1"


def canonical_text(document: Any) -> str:
    """The document as JSON that people can read: keys sorted, two blanks, one final newline."""
    return json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def is_canonical(text: str) -> bool:
    """Whether the text is a canonical text of some document."""
    content = text.encode()
    if len(content) > VSCHEMA_BYTES_MAX:
        return False
    try:
        document = read_json(content, values_max=VSCHEMA_VALUES_MAX)
    except JsonUnreadable:
        return False
    return isinstance(document, dict) and canonical_text(document) == text


def vschema_fingerprint(canonical: str) -> str:
    """`sha256:<hex>` of a canonical text."""
    return "sha256:" + hashlib.sha256(f"{_VERSION}\n{canonical}".encode()).hexdigest()
