"""`ci setup` for the same schema on several fleets: a job for each, with what it asks of others."""

from __future__ import annotations

import pytest

from reconciler.errors import InvalidInput
from reconciler.flows.forge.setup import CHECKLIST
from tests.sample_regions import REGIONS, spec_of
from tests.unit.flows.forge.test_setup import LOOKED_AT, SCHEMA, SPEC, env_of, jobs_of, written

DEPLOYED = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  live:
    connection: {database: d, user: "${SCHEMA_USER}"}
    ledger: "mysql://${LEDGER}"
    shards: [a, b]
    rollout: {soak: 1h}
    deployments:
      - {name: primary, connection: {host: "p-{shard}", password: "${FIRST}"}}
      - {name: dr, connection: {host: "dr-{shard}", password: "${SECOND}"}, ledger: "mysql://${DR}"}
"""
OF_REGIONS = DEPLOYED.replace("shards: [a, b]", "regions: {eu: {shards: [a]}, us: {shards: [b]}}")


@pytest.mark.invariant("RG-113")
def test_a_job_of_a_deployment_is_given_what_it_asks_of_those_before_it() -> None:
    jobs = jobs_of(written(DEPLOYED)[SCHEMA])
    of = {
        job["environment"]: env_of(job, "apply") for job in jobs.values() if "apply" in job["name"]
    }
    assert {"FIRST", "LEDGER"} <= of["live.primary"]
    assert not {"SECOND", "DR"} & of["live.primary"]
    assert {"FIRST", "LEDGER", "SECOND", "DR"} <= of["live.dr"], "its soak is in their ledger"
    unrested = jobs_of(written(DEPLOYED.replace("soak: 1h", "soak: 0s"))[SCHEMA])
    (last,) = [job for job in unrested.values() if job["environment"] == "live.dr"]
    assert "FIRST" in env_of(last, "apply")
    assert "LEDGER" not in env_of(last, "apply")


@pytest.mark.invariant("RG-113")
@pytest.mark.parametrize(("kind", "job"), [("live.dr", "wave-1"), ("live.dr-requests", "ask")])
def test_so_is_one_of_a_deployment_with_regions(kind: str, job: str) -> None:
    text = written(OF_REGIONS)[f".github/workflows/rollout-{kind}.yml"]
    steps = jobs_of(text)[job]["steps"]
    given = {name for step in steps for name in step.get("env", {})}
    assert {"FIRST", "LEDGER", "SECOND", "DR"} <= given


@pytest.mark.invariant("RG-113")
def test_every_deployment_has_its_workflows_and_each_names_the_others() -> None:
    found = written(OF_REGIONS, LOOKED_AT)
    for name, other in (("live.primary", "live.dr"), ("live.dr", "live.primary")):
        assert f"rollout-{name}.yml" in " ".join(found)
        assert (
            f"It takes {other} for checked by other jobs"
            in (found[f".github/workflows/checks-{name}.yml"])
        )
        assert f'"context": "verify {name}"' in found[CHECKLIST]


@pytest.mark.invariant("RG-113")
def test_a_keyspace_with_one_fleet_beside_one_with_several_has_jobs_of_its_own() -> None:
    mail = SPEC.replace("shop", "mail").replace("    after: test\n", "")
    beside = {"specs/mail.yaml": mail, "schemas/mail/t.sql": "CREATE TABLE t (i int);"}
    jobs = jobs_of(written(DEPLOYED, beside=beside)[SCHEMA])
    (job,) = [job for job in jobs.values() if job["environment"] == "live"]
    (given,) = [s["with"] for s in job["steps"] if s.get("with", {}).get("command") == "apply"]
    assert given["keyspaces"] == "mail", "the job has no login of the other's fleets"
    of_regions = spec_of(REGIONS).replace("production:", "live:").replace("shop", "mail")
    beside = {"specs/mail.yaml": of_regions, "schemas/mail/t.sql": "CREATE TABLE t (i int);"}
    made = written(DEPLOYED, beside=beside)[".github/workflows/rollout-live.yml"]
    assert "keyspaces: 'mail'" in made
    with pytest.raises(InvalidInput, match="one fleet in one spec, and lists deployments"):
        written(DEPLOYED, LOOKED_AT, beside=beside)
