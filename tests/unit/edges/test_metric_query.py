"""A metric is one sample of a server that has Prometheus' API; anything else is not measured."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.edges.http_server.server import Answer, Asked, HttpServer
from reconciler.edges.metric_query import ask_metric
from reconciler.rollout.promotion import Measured, Unmeasured
from reconciler.spec.promotion import Metric

NO_SAMPLE = Unmeasured("the answer is not one sample")
NO_NUMBER = Unmeasured("the answer is no number")
ANSWERS = {
    "one": ('{"status":"success","data":{"resultType":"vector","result":[{"value":[1.5,"0.25"]}]}}',
            Measured(0.25)),
    "scalar": ('{"status":"success","data":{"resultType":"scalar","result":[1,"3"]}}',
               Measured(3.0)),
    "none": ('{"status":"success","data":{"resultType":"vector","result":[]}}', NO_SAMPLE),
    "matrix": ('{"status":"success","data":{"resultType":"matrix","result":[]}}', NO_SAMPLE),
    "nan": ('{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}', NO_NUMBER),
    "infinite": ('{"status":"success","data":{"resultType":"scalar","result":[1,"+Inf"]}}',
                 NO_NUMBER),
    "word": ('{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}', NO_NUMBER),
    "error": ('{"status":"error","error":"secret"}',
              Unmeasured("the answer is not one of Prometheus' API")),
    "html": ("<html>", None),
    "long": (" " * 1_100_000, NO_SAMPLE),
}  # fmt: skip


def respond(asked: Asked) -> Answer:
    if asked.headers.get("authorization") == "Bearer wrong-token":
        return Answer(status=401, body=b"no")
    path, _, name = asked.path.partition("?query=")
    assert path == "/api/v1/query"
    return Answer(status=200, body=ANSWERS[name][0].encode())


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with HttpServer("127.0.0.1", 0, respond) as one:
        yield f"http://127.0.0.1:{one.port}/"


@pytest.mark.parametrize("name", ANSWERS)
def test_one_sample_is_a_measure_and_nothing_else_is(address: str, name: str) -> None:
    found = ask_metric(Metric(address=address, query=name), {})
    expected = ANSWERS[name][1]
    assert found == expected or (expected is None and isinstance(found, Unmeasured))


def test_a_token_is_sent_to_this_machine_or_over_tls_alone(address: str) -> None:
    given = {"SCHEMA_METRICS": "wrong-token"}
    asked = Metric(address=address, query="one", token="${SCHEMA_METRICS}")
    assert ask_metric(asked, given) == Unmeasured("the server answers with HTTP 401")
    abroad = Metric(address="http://metrics.example", query="one", token="${SCHEMA_METRICS}")
    told = ask_metric(abroad, given)
    assert isinstance(told, Unmeasured)
    assert "https://" in told.because
    assert "wrong-token" not in told.because


def test_what_cannot_be_asked_is_not_measured_and_tells_no_address() -> None:
    for address in ("http://127.0.0.1:1", "ftp://127.0.0.1", "${SCHEMA_UNSET}", "metrics.internal"):
        told = ask_metric(Metric(address=address, query="one"), {})
        assert isinstance(told, Unmeasured)
        assert "127.0.0.1" not in told.because
        assert "internal" not in told.because
