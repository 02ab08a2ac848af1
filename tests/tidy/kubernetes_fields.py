"""The fields of Kubernetes' API that the example of a controller uses, as its reference has them.

A cluster drops or refuses what it does not know: a misspelled limit is none. This is no list of all
fields; whoever needs another one writes it down here, with its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT = re.compile(r"(?=.{1,15}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_QUANTITY = re.compile(r"[0-9]+(m|Ki|Mi|Gi)?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LABELS = {"*": str}
_SELECTOR = {"matchLabels": _LABELS}
_META = {"name": _NAME, "labels": _LABELS}
_CONFINED = {
    "allowPrivilegeEscalation": bool,
    "readOnlyRootFilesystem": bool,
    "capabilities": {"drop": [str]},
}
_AMOUNTS = {"cpu": _QUANTITY, "memory": _QUANTITY}
_PROBE = {
    "httpGet": {"path": str, "port": _PORT},
    "periodSeconds": int,
    "timeoutSeconds": int,
    "failureThreshold": int,
}
_CONTAINER = {
    "name": _NAME,
    "image": str,
    "command": [str],
    "args": [str],
    "env": [
        {
            "name": _VARIABLE,
            "value": str,
            "valueFrom": {"secretKeyRef": {"name": _NAME, "key": str}},
        }
    ],
    "workingDir": str,
    "ports": [{"name": _PORT, "containerPort": int}],
    "livenessProbe": _PROBE,
    "startupProbe": _PROBE,
    "readinessProbe": _PROBE,
    "resources": {"requests": _AMOUNTS, "limits": _AMOUNTS},
    "securityContext": _CONFINED,
    "volumeMounts": [{"name": _NAME, "mountPath": str, "readOnly": bool}],
}
_POD = {
    "automountServiceAccountToken": bool,
    "terminationGracePeriodSeconds": int,
    "securityContext": {
        "runAsNonRoot": bool,
        "runAsUser": int,
        "runAsGroup": int,
        "fsGroup": int,
        "seccompProfile": {"type": str},
    },
    "initContainers": [_CONTAINER],
    "containers": [_CONTAINER],
    "volumes": [
        {"name": _NAME, "emptyDir": {}, "secret": {"secretName": _NAME, "defaultMode": int}}
    ],
}
_PEER = {"namespaceSelector": _SELECTOR}
_SPECS: dict[tuple[str, str], dict[str, Any]] = {
    ("apps/v1", "Deployment"): {
        "replicas": int,
        "selector": _SELECTOR,
        "template": {"metadata": {"labels": _LABELS}, "spec": _POD},
    },
    ("v1", "Service"): {
        "selector": _LABELS,
        "ports": [{"name": _PORT, "port": int, "targetPort": _PORT}],
    },
    ("policy/v1", "PodDisruptionBudget"): {"maxUnavailable": int, "selector": _SELECTOR},
    ("networking.k8s.io/v1", "NetworkPolicy"): {
        "podSelector": _SELECTOR,
        "policyTypes": [str],
        "ingress": [{"from": [_PEER], "ports": [{"port": _PORT}]}],
    },
}


def faults(document: dict[str, Any]) -> Iterator[str]:
    """What a cluster would drop or refuse, by its place."""
    kind = (str(document.get("apiVersion")), str(document.get("kind")))
    if kind not in _SPECS:
        yield f"{kind} is no kind that is known here"
        return
    shape = {"apiVersion": str, "kind": str, "metadata": _META, "spec": _SPECS[kind]}
    yield from _faults(document, shape, kind[1])


def _faults(value: object, shape: Any, at: str) -> Iterator[str]:
    match shape:
        case dict():
            if not isinstance(value, dict):
                yield f"{at} is no map"
                return
            for key, inner in value.items():
                known = shape.get(key, shape.get("*"))
                if known is None:
                    yield f"{at}.{key} is no field"
                else:
                    yield from _faults(inner, known, f"{at}.{key}")
        case [inner]:
            if not isinstance(value, list) or not value:
                yield f"{at} is no list of something"
                return
            for number, one in enumerate(value):
                yield from _faults(one, inner, f"{at}[{number}]")
        case re.Pattern():
            if not isinstance(value, str) or not shape.fullmatch(value):
                yield f"{at} cannot be {value!r}"
        case _:
            if type(value) is not shape:
                yield f"{at} is no {shape.__name__}"
