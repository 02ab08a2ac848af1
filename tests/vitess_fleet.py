"""A repository that describes a keyspace of a cluster, for tests that do as a user does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.edges.server.process import RunningServer
from tests.fleet import Fleet
from tests.scratch_servers import scratch_for
from tests.vitess import Vitess, cluster_of


class VitessFleet(Fleet):
    """`keyspace` is its name in Vitess; in the spec it is `shop`."""

    keyspace: str

    def found_on(
        self,
        vitess: Vitess,
        keyspace: str,
        server: RunningServer,
        *,
        tables: Mapping[str, str],
        vschema: str,
        rollout: Mapping[str, Any] | None = None,
    ) -> VitessFleet:
        """Files as the shards are; scratch stands for `server`."""
        self.keyspace = keyspace
        cluster = cluster_of(vitess, keyspace)
        scratch = scratch_for(server)
        self.monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        self.monkeypatch.setenv("FLEET_PASSWORD", cluster.vtgate.password)
        self.monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.password)
        vtgate = {
            "host": "127.0.0.1",
            "port": int(cluster.vtgate.port),
            "user": cluster.vtgate.user,
            "password": "${FLEET_PASSWORD}",
        }
        self.spec = {
            "version": 1,
            "kind": "vitess",
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {
                "production": {
                    "vitess": {
                        "vtgate": vtgate,
                        "vtctld": {"address": cluster.vtctld.address},
                        "cells": ["zone1"],
                        "keyspace": keyspace,
                    },
                    "scratch": {
                        "host": "127.0.0.1",
                        "port": scratch.port,
                        "user": scratch.user,
                        "password": "${FLEET_SCRATCH_PASSWORD}",
                    },
                    "rollout": dict(rollout or {"canary": ["-80"], "parallel": 2}),
                }
            },
        }
        self.write_spec()
        for table, text in tables.items():
            self.write(f"schemas/shop/{table}.sql", text + ";\n")
        self.write("schemas/shop/vschema.json", vschema)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(".gitignore", ".reconciler/\n")
        self.commit("as it is")
        return self
