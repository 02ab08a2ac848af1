"""`scratch: {image: …}`: throwaway servers that a container runtime starts.

They are set as those of `scratch: auto` are, and so is their login: the image's own, which may do
everything in its container, makes it and is not used again (SV-2).
"""

from __future__ import annotations

import secrets

from reconciler.edges.client.target import Target
from reconciler.edges.containers.container import Container, start_container
from reconciler.edges.kept import Stays
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.limits import SCRATCH_ANSWER_S_MAX, SCRATCH_CONNECT_S_MAX
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.scratch_auto import options_like
from reconciler.edges.server.options import HOST, Purpose, image_arguments, server_options
from reconciler.edges.server.process import SCRATCH_GRANTS, Login
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor, ServerSettings
from reconciler.spec.scratch_image import ScratchImage

_PORT = 3306
_DATA = "/var/lib/mysql"  # a volume of these images, if nothing else is put there
_ROOT = "root"
# Tables of time zones take an image longer to fill than all the rest; no server here has them.
_WITHOUT_ZONES = {"MYSQL_INITDB_SKIP_TZINFO": "1", "MARIADB_INITDB_SKIP_TZINFO": "1"}


def start_image_server(
    image: ScratchImage, settings: ServerSettings, stays: Stays | None = None
) -> tuple[Container, Target]:
    """Raises Unavailable where no such server comes to answer, and Refused where others than this
    machine could reach it."""
    flavor = settings.version.flavor
    first = Login(user=_ROOT, password=secrets.token_hex(16))
    container = start_container(
        image.reference,
        image_arguments(server_options(flavor, Purpose.SCRATCH, options_like(settings))),
        port=_PORT,
        folder=_DATA,
        secrets={
            "MYSQL_ROOT_PASSWORD": first.password,
            "MARIADB_ROOT_PASSWORD": first.password,
            **_WITHOUT_ZONES,
        },
        stays=stays,
    )
    try:
        port = container.port(_PORT)
        own = Login(user="reconciler", password=secrets.token_hex(16))
        _make_login(container, image_target(port, first), own, flavor)
    except BaseException:
        container.stop()
        raise
    return container, image_target(port, own)


def image_target(port: int, login: Login) -> Target:
    return Target(
        label="the scratch server of the image",
        host=HOST,
        port=port,
        socket=None,
        database=None,
        user=login.user,
        password=login.password,
        tls=None,
        connect_timeout_s=SCRATCH_CONNECT_S_MAX,
        read_timeout_s=SCRATCH_ANSWER_S_MAX,
    )


def _make_login(container: Container, first: Target, own: Login, flavor: Flavor) -> None:
    """As soon as the server answers: while the image makes its data folder, it listens nowhere."""
    while True:
        try:
            link = connect(first, program="reconciler, scratch", with_database=False)
            break
        except Unavailable as error:
            container.wait_on(error.problems[0].message)
    with link, as_unavailable(first.label):
        account = f"'{own.user}'@'%'"
        link.execute(f"CREATE USER {account} IDENTIFIED BY '{own.password}'")
        for granted in SCRATCH_GRANTS[flavor]:
            link.execute(f"GRANT {granted} TO {account}")
