"""Do the servers of a group live and go with it?"""

import pytest

from dtma_contract.judgement import ClauseViolatedError, NotJudgedError, require, require_succeeded


@pytest.mark.clause("lifecycle/group-lives-and-goes")
def test_a_group_lives_and_goes(agent, contract, instances, clause):
    group = instances.deploy_group()
    instances.require_state(group.server, "running", after="the deploy of its group", exchange=group.exchange)
    status = agent.call(contract.operation("mcp.status"))
    groups = status.member("data", "groups")
    if not isinstance(groups, list):
        raise NotJudgedError(f"the status of the groups cannot be read: {status.describe()}")
    listed = [entry.get("groupId") for entry in groups if isinstance(entry, dict)]
    require(
        group.group in listed, f"the status lists {listed}", expected=[f"{group.group} to be listed"], exchange=status
    )
    removed = agent.call(contract.operation("mcp.groups.remove"), group.group)
    require_succeeded(contract.operation("mcp.groups.remove"), removed)
    instances.require_gone(group.server, after="the removal of its group", exchange=removed)
    # A container that was forgotten and left behind is in no listing, but holds its name.
    again = instances.send_deploy(group.server)
    if again.status == 409:
        raise ClauseViolatedError(
            f"{group.server} cannot be deployed afterwards: {again.describe()}",
            expected=["the servers of a removed group to be gone"],
            exchange=again,
            left=group.server,
        )
    require_succeeded(contract.operation("core.tools.deploy"), again)
