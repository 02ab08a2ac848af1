"""What GitHub is asked over: its address, its token, and the version of its API."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.edges.github.limits import FORGE_ANSWER_S_MAX, FORGE_WHOLE_ANSWER_S_MAX
from reconciler.edges.http import Authorization, Http, Reply, Request, is_guarded
from reconciler.edges.secrets import SECRETS
from reconciler.errors import InvalidInput, Problem

API_VERSION = "2022-11-28"


class Transport:
    """`token` is asked for before each request: that of an app lasts for an hour, and a rollout for
    days. It raises Unavailable if there is none at the moment."""

    def __init__(self, *, api_url: str, token: Callable[[], str]) -> None:
        if not is_guarded(api_url):
            raise _insecure()
        self._api_url, self._token = api_url.rstrip("/"), token

    def exchange(self, request: Request) -> Reply:
        """Raises NoReply, or TooLarge for an answer of more than its `bytes_max`; Unavailable
        without a token."""
        return self._http().exchange(self._url(request.path), request)

    def _http(self) -> Http:
        token = self._token()
        SECRETS.renew(token, of="the forge")
        return Http(
            authorization=Authorization(f"Bearer {token}"),
            headers={
                "Accept": "application/vnd.github+json",
                "Content-Type": "application/json",
                "User-Agent": "reconciler",
                "X-GitHub-Api-Version": API_VERSION,
            },
            wait_s_max=FORGE_ANSWER_S_MAX,
            answer_s_max=FORGE_WHOLE_ANSWER_S_MAX,
        )

    def _url(self, path: str) -> str:
        """GraphQL is beside the REST API of an enterprise's server, and below GitHub's own."""
        if path == "/graphql":
            return self._api_url.removesuffix("/v3") + path
        return self._api_url + path


def _insecure() -> InvalidInput:
    return InvalidInput(
        Problem(
            code="forge-address-insecure",
            message="GITHUB_API_URL does not begin with https://: the token would be readable",
            recovery="set it to the https address of the forge's API",
        )
    )
