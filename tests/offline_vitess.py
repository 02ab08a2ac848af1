"""A Vitess of our own: `Keyspaces` over a document in memory, as strict as Vitess is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import Problem, Refused, Unavailable
from reconciler.model.topology import TableKept, Topology
from reconciler.spec.model import VitessCluster
from reconciler.vschema.checks import faults_in
from reconciler.vschema.document import document_of
from reconciler.vschema.read import read_vschema
from tests.unit.guard.test_topology import SOUND


@dataclass
class OfflineVitess:
    """`text` is what it keeps; `kept_otherwise` what it would make of whatever it is given,
    `refuses` its words for not taking it, `silent` whether nobody answers. `sent` are the documents
    that were applied."""

    text: str = "{}"
    topology_now: Topology = SOUND
    kept_otherwise: dict[str, Any] = field(default_factory=dict)
    silent: bool = False
    refuses: str = ""
    kept: tuple[TableKept, ...] = ()
    sent: list[str] = field(default_factory=list)

    def topology(self, cluster: VitessCluster) -> Topology:
        return self.topology_now

    def tables_kept(self, cluster: VitessCluster) -> tuple[TableKept, ...]:
        self._answer(cluster)
        return self.kept

    def vschema(self, cluster: VitessCluster) -> str:
        self._answer(cluster)
        return self.text

    def try_vschema(self, cluster: VitessCluster, text: str) -> str | Problem:
        self._answer(cluster)
        read = read_vschema(text.encode())
        assert not read.faults, "Vitess would drop it without a word"
        for words in (*filter(None, [self.refuses]), *(f.message for f in faults_in(read.vschema))):
            return _refusal(words)
        return json.dumps(document_of(read.vschema) | self.kept_otherwise)

    def apply_vschema(self, cluster: VitessCluster, text: str) -> None:
        kept = self.try_vschema(cluster, text)
        if isinstance(kept, Problem):
            raise Refused(kept)
        self.sent.append(text)
        self.text = kept

    def _answer(self, cluster: VitessCluster) -> None:
        if self.silent:
            problem = Problem(code="vtctld-silent", message="no answer", recovery="start vtctld")
            raise Unavailable(problem)
        if cluster.keyspace == "gone":
            problem = Problem(
                code="vitess-keyspace-gone", message="no such keyspace", recovery="create it"
            )
            raise Refused(problem)


def _refusal(message: str) -> Problem:
    return Problem(code="vschema-refused", message=message, recovery="fix it")
