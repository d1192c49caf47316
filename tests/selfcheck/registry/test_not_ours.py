"""Tables that are not as this program left them: the true cause is told, and what is there stays as it is."""

from __future__ import annotations

import contextlib

import pytest
import sqlalchemy as sa
from registry.rows import a_row

from dtma_reference.registry.database import Database
from dtma_reference.registry.environment import Vault
from dtma_reference.registry.location import RegistryLocation
from dtma_reference.registry.opening import open_database_store
from dtma_reference.registry.store import Access, StoreUnavailableError

VERSIONS = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"
ANOTHER_PROGRAM = "there is no table dtma_container_registry; give the registry a database of its own"
HALF_MADE = "it is another program's, or was left half made; give the registry a database of its own"


@pytest.fixture
def do(database_url):
    """Return what executes statements in the database, whatever is in it."""

    def do(*texts):
        database = Database(RegistryLocation.parse(database_url))
        with contextlib.closing(database), database.writing() as connection:
            for text in texts:
                connection.exec_driver_sql(text)
            inspector = sa.inspect(connection)
            return str({name: inspector.get_columns(name) for name in inspector.get_table_names()})

    return do


@pytest.mark.parametrize(
    ("is_made", "texts", "told"),
    [
        (False, ["CREATE TABLE dtma_container_registry (word TEXT)"], HALF_MADE),
        (False, [VERSIONS, "INSERT INTO alembic_version VALUES ('0e1f5c')"], ANOTHER_PROGRAM),
        (False, [VERSIONS, "INSERT INTO alembic_version VALUES ('0001')"], ANOTHER_PROGRAM),
        (False, [VERSIONS, "INSERT INTO alembic_version VALUES ('0001'), ('0002')"], "are another program's"),
        (True, ["DELETE FROM alembic_version"], HALF_MADE),
        (True, ["DROP TABLE dtma_host_ports"], "there is no dtma_host_ports; restore a backup"),
        (True, ["ALTER TABLE dtma_container_management DROP COLUMN adopted"], "no dtma_container_management.adopted;"),
        (True, ["DELETE FROM dtma_registry_identity"], "0 identities"),
    ],
)
def test_what_is_not_as_this_program_left_it_is_told_and_left(do, opened, database_url, is_made, texts, told):
    """To an agent as to whoever only reads: what is wrong, and what to do."""
    if is_made:
        opened(database_url).close()
    before = do(*texts)

    for access in (Access.MAKE, Access.READ):
        with pytest.raises(StoreUnavailableError) as refused:
            open_database_store(RegistryLocation.parse(database_url), Vault(), access=access)
        assert told in str(refused.value)
    assert do() == before


def test_a_version_table_without_a_row_is_an_empty_registry(do, opened, database_url):
    """As going down to nothing leaves it."""
    do(VERSIONS)

    store = opened(database_url)

    assert store.insert(a_row()) == store.get("web")


def test_a_table_that_goes_missing_is_a_503(do, agent, database_url):
    """While an agent works with it; the container that could not be written down is removed."""
    caller = agent(database_url)
    caller.deploy("tool")
    do("DROP TABLE dtma_audit_trail")

    answers = [caller.deploy("late"), caller("POST", "/tools/tool/stop")]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json()["message"] == "The registry: a table or a column of it is missing."
    assert caller.contained().keys() == {"db", "tool"}


def test_a_row_that_the_database_refuses_is_a_503(do, agent, database_url):
    """Where somebody gave a table a rule of his own."""
    caller = agent(database_url)
    caller.deploy("tool")
    do("CREATE UNIQUE INDEX theirs ON dtma_container_registry (docker_image_url)")

    answer = caller.deploy("late")

    assert answer.status_code == 503
    assert answer.json()["message"].startswith("The registry: it refused what this program asked of it (")
    assert caller.contained().keys() == {"db", "tool"}


def test_a_value_that_cannot_be_read_is_a_503(do, agent, database_url):
    """Somebody wrote into a column what this program never writes there."""
    caller = agent(database_url)
    caller.deploy("tool")
    do('UPDATE dtma_container_registry SET port_bindings = \'{"80/tcp": [{"HostPort": "many"}]}\'')

    answer = caller("GET", "/tools")

    assert answer.status_code == 503
    assert answer.json()["message"] == "The registry: what it holds is not what this program writes (ValueError)."
