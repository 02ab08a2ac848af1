"""The examples of how a controller is run say what the command line and the server understand."""

from __future__ import annotations

import copy
import re
from typing import Any

import click
import pytest

from reconciler.cli.controller_http import Board, Health, metrics_of
from reconciler.cli.run_controller import run
from reconciler.edges.clock import SystemClock
from reconciler.edges.http_server.server import Asked
from reconciler.flows.controller.limits import LEAVE_S_MAX
from tests.tidy.kubernetes_fields import faults
from tests.tidy.source import PACKAGE, ROOT
from tests.yaml_cases import read_documents

FOLDER = ROOT / "docs" / "examples" / "controller"
DOCUMENTS: list[dict[str, Any]] = read_documents(FOLDER / "kubernetes.yaml")
(DEPLOYMENT,) = (one for one in DOCUMENTS if one["kind"] == "Deployment")
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTROLLER,) = POD["containers"]
EVERY = (*POD["initContainers"], CONTROLLER)


def parsed() -> dict[str, Any]:
    verb, *arguments = CONTROLLER["args"]
    assert verb == "run"
    words = [a.replace("/clone/shop", str(ROOT)) for a in arguments]
    return dict(run.make_context("run", words, resilient_parsing=False).params)


def test_the_arguments_are_options_of_the_verb() -> None:
    told = parsed()
    assert (told["branch"], told["serve_api"]) == ("main", "0.0.0.0:8081")


def test_a_pod_has_longer_to_end_than_a_statement() -> None:
    assert POD["terminationGracePeriodSeconds"] > parsed()["grace_s"] + 2 * LEAVE_S_MAX


@pytest.mark.parametrize("probe", ["livenessProbe", "startupProbe", "readinessProbe"])
def test_a_probe_asks_for_what_is_answered_where_it_is(probe: str) -> None:
    asked = CONTROLLER[probe]["httpGet"]
    ports = {port["name"]: port["containerPort"] for port in CONTROLLER["ports"]}
    assert parsed()["serve"].endswith(f":{ports[asked['port']]}")
    board, clock = Board(), SystemClock()
    health = Health(board=board, metrics=metrics_of(board, clock), clock=clock)
    answer = health.respond(Asked(verb="GET", path=asked["path"], headers={}, body=b""))
    assert answer.status == 503, "it is answered, by one that has not begun"


def test_it_is_confined_and_gets_its_secrets_from_secrets() -> None:
    assert POD["securityContext"]["runAsNonRoot"] is True
    assert POD["automountServiceAccountToken"] is False
    for container in EVERY:
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert "@sha256:" in container["image"]
        for variable in container["env"]:
            is_secret = re.search("PASSWORD|TOKEN|SECRET", variable["name"])
            assert ("valueFrom" in variable) == bool(is_secret)


def test_its_own_variables_are_ones_that_are_read() -> None:
    ours = {v["name"] for v in CONTROLLER["env"] if v["name"].startswith("RECONCILER_")}
    read = "".join(p.read_text(encoding="utf-8") for p in (PACKAGE / "cli").glob("*.py"))
    assert ours
    assert [name for name in sorted(ours) if f'"{name}"' not in read] == []


def test_each_field_is_one_that_a_cluster_knows() -> None:
    assert [fault for one in DOCUMENTS for fault in faults(one)] == []
    assert {one["kind"] for one in DOCUMENTS} >= {"Deployment", "Service", "NetworkPolicy"}


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        ("spec.replica", 2, "Deployment.spec.replica is no field"),
        ("spec.template.spec.terminationGracePeriodSeconds", "90", "is no int"),
        ("spec.template.spec.containers.0.ports.0.name", "a-name-too-long-for-it", "cannot be"),
        ("spec.template.spec.containers.0.resources.limits.memory", "1 GB", "cannot be"),
        ("apiVersion", "apps/v1beta1", "is no kind"),
    ],
)
def test_a_field_that_a_cluster_would_drop_is_named(path: str, value: object, fault: str) -> None:
    document: Any = copy.deepcopy(DEPLOYMENT)
    *above, last = path.split(".")
    at = document
    for part in above:
        at = at[int(part) if part.isdecimal() else part]
    at[last] = value
    (found,) = faults(document)
    assert fault in found


def test_what_is_selected_is_there() -> None:
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    for one in DOCUMENTS:
        spec = one["spec"]
        wanted = spec.get("selector", spec.get("podSelector"))
        assert wanted.get("matchLabels", wanted) == labels
    names = {volume["name"] for volume in POD["volumes"]}
    mounted = {mount["name"] for c in EVERY for mount in c["volumeMounts"]}
    assert mounted == names


def test_the_image_runs_the_verb_as_nobody() -> None:
    lines = (FOLDER / "Containerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")][-1] == "USER 10001"
    assert lines[-1] == 'CMD ["run"]'
    assert isinstance(run, click.Command)
