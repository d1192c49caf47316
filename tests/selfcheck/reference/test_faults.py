"""Every fault breaks the facts that it speaks of, and no other."""

from __future__ import annotations

import re

import pytest
from reference.facts import FACTS, broken_facts

from dtma_reference.faults.catalogue import FAULTS

NEED_AN_INSTANCE = {
    "a_container_id_is_no_name",
    "a_deleted_instance_is_not_listed",
    "a_deleted_instance_is_not_managed",
    "a_listed_instance_has_the_callers_fields",
    "a_managed_name_is_409",
    "a_managed_name_keeps_its_container",
    "a_name_in_another_case_is_unknown",
    "a_stopped_instance_is_listed",
    "a_taken_port_is_409",
    "a_taken_port_leaves_nothing",
    "created_is_a_number",
    "delete_of_a_stopped_instance_removes_the_container",
    "delete_removes_the_container",
    "deploy_manages",
    "deploy_publishes_ports",
    "deploy_runs_a_container",
    "deploy_sets_the_environment",
    "execute_tells_the_exit_code",
    "start_of_a_running_instance_is_200",
    "start_starts",
    "stop_leaves_others_alone",
    "stop_of_a_stopped_instance_is_200",
    "stop_stops",
    "the_status_lists_what_the_listing_lists",
}

BROKEN = {
    "start-route-missing": {
        "a_deleted_instance_is_not_managed",
        "an_unknown_instance_is_404_for_start",
        "start_is_mounted",
        "start_of_a_running_instance_is_200",
        "start_starts",
        "without_a_token_nothing_is_started",
    },
    "stop-route-missing": {
        "an_unknown_instance_is_404_for_stop",
        "stop_is_mounted",
        "stop_of_a_stopped_instance_is_200",
        "stop_stops",
    },
    "delete-route-missing": {
        "a_deleted_instance_is_not_listed",
        "a_deleted_instance_is_not_managed",
        "an_unknown_instance_is_404_for_delete",
        "delete_is_mounted",
        "delete_of_a_stopped_instance_removes_the_container",
        "delete_removes_the_container",
    },
    "health-route-missing": {"health_is_ok"},
    "mcp-templates-missing": {"templates_are_mounted"},
    "stub-deployment": NEED_AN_INSTANCE
    | {
        "a_foreign_name_is_409",
        "an_unknown_image_is_502",
        "an_unknown_instance_is_404_for_delete",
        "an_unknown_instance_is_404_for_start",
        "an_unknown_instance_is_404_for_stop",
        "delete_is_mounted",
        "deploy_is_201",
        "deploy_tells_the_state",
        "health_is_ok",
        "start_is_mounted",
        "stop_is_mounted",
        "without_a_token_nothing_is_started",
    },
    "fallback-is-html": {"an_unknown_path_is_the_fallback"},
    "method-not-allowed-is-405": {"an_undeclared_method_is_404"},
    "deploy-answers-200": {"deploy_is_201"},
    "deploy-creates-nothing": NEED_AN_INSTANCE | {"a_removed_group_leaves_nothing"},
    "deploy-state-missing": {"deploy_tells_the_state"},
    "deploy-does-not-start": NEED_AN_INSTANCE | {"deploy_tells_the_state"},
    "overrides-ignored": {
        "a_taken_port_is_409",
        "a_taken_port_leaves_nothing",
        "deploy_publishes_ports",
        "deploy_sets_the_environment",
    },
    "unknown-image-is-201": {"an_unknown_image_is_502"},
    "name-conflict-undetected": {"a_managed_name_is_409", "a_managed_name_keeps_its_container"},
    "name-conflict-is-500": {"a_foreign_name_is_409", "a_managed_name_is_409"},
    "port-conflict-undetected": {"a_taken_port_is_409", "a_taken_port_leaves_nothing"},
    "port-conflict-is-500": {"a_taken_port_is_409"},
    "failed-start-left-behind": {"a_taken_port_leaves_nothing"},
    "failed-pull-left-behind": {"an_unknown_image_leaves_nothing"},
    "start-does-nothing": {"start_starts"},
    "start-running-is-500": {"start_of_a_running_instance_is_200"},
    "stop-does-nothing": {"stop_stops"},
    "stop-stopped-is-500": {"stop_of_a_stopped_instance_is_200"},
    "acts-on-another": {"stop_leaves_others_alone"},
    "acts-on-foreign": {"a_foreign_container_is_left_alone"},
    "case-insensitive-names": {"a_name_in_another_case_is_unknown"},
    "container-ids-accepted": {"a_container_id_is_no_name"},
    "delete-does-nothing": {
        "a_deleted_instance_is_not_listed",
        "a_deleted_instance_is_not_managed",
        "a_removed_group_leaves_nothing",
        "delete_of_a_stopped_instance_removes_the_container",
        "delete_removes_the_container",
    },
    "delete-leaves-container": {
        "a_removed_group_leaves_nothing",
        "delete_of_a_stopped_instance_removes_the_container",
        "delete_removes_the_container",
    },
    "delete-running-is-500": {
        "a_deleted_instance_is_not_managed",
        "a_removed_group_leaves_nothing",
        "delete_removes_the_container",
    },
    "delete-unknown-is-200": {"an_unknown_instance_is_404_for_delete"},
    "execute-ignores-exit-code": {"execute_tells_the_exit_code"},
    "unknown-instance-is-500": {
        "a_deleted_instance_is_not_managed",
        "an_unknown_instance_is_404_for_delete",
        "an_unknown_instance_is_404_for_start",
        "an_unknown_instance_is_404_for_stop",
    },
    "resource-404-as-fallback": {
        "a_deleted_instance_is_not_managed",
        "an_unknown_group_is_404",
        "an_unknown_instance_is_404_for_delete",
        "an_unknown_instance_is_404_for_start",
        "an_unknown_instance_is_404_for_stop",
    },
    "deleted-still-listed": {"a_deleted_instance_is_not_listed"},
    "listing-forgets-stopped": {"a_stopped_instance_is_listed"},
    "listing-shows-foreign": {"a_foreign_container_is_not_listed"},
    "listing-shows-docker-fields": {
        "a_deleted_instance_is_not_listed",
        "a_listed_instance_has_the_callers_fields",
        "a_stopped_instance_is_listed",
        "deploy_manages",
        "deploy_publishes_ports",
    },
    "listing-type-changed": {"created_is_a_number"},
    "status-field-missing": {"the_status_has_its_fields"},
    "status-type-changed": {"the_status_has_the_port_in_text"},
    "status-instances-missing": {"the_status_lists_what_the_listing_lists"},
    "health-is-json": {"health_is_ok"},
    "logs-are-objects": {"log_lines_are_text"},
    "auth-off": {
        "a_part_of_the_token_is_refused",
        "a_wrong_token_is_403",
        "more_than_the_token_is_refused",
        "without_a_token_no_group_is_told",
        "without_a_token_nothing_is_listed",
        "without_a_token_nothing_is_started",
    },
    "auth-off-start": {"without_a_token_nothing_is_started"},
    "mcp-status-open": {"without_a_token_no_group_is_told"},
    "wrong-token-accepted": {
        "a_part_of_the_token_is_refused",
        "a_wrong_token_is_403",
        "more_than_the_token_is_refused",
    },
    "token-compared-by-prefix": {"a_part_of_the_token_is_refused", "more_than_the_token_is_refused"},
    "bearer-case-sensitive": {"the_scheme_has_no_case"},
    "auth-statuses-swapped": {"a_wrong_token_is_403", "without_a_token_nothing_is_listed"},
    "token-echoed": {"a_refusal_does_not_repeat_what_was_sent", "no_header_and_no_status_has_a_token"},
    "secrets-in-status": {"no_header_and_no_status_has_a_token", "the_status_has_nothing_more_in_its_environment"},
    "token-in-logs": {"the_log_has_no_token"},
    "malformed-json-is-500": {"malformed_json_is_400"},
    "non-object-body-is-500": {"a_body_that_is_no_object_is_400"},
    "missing-field-accepted": {"a_missing_field_is_400"},
    "invalid-name-is-500": {"an_invalid_name_is_400"},
    "restart-does-nothing": {"restart_ends_the_process"},
    "mcp-group-servers-left": {"a_removed_group_leaves_nothing"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_what_it_says(agent, fault):
    """Each of its facts does not hold any more."""
    assert broken_facts(agent(fault), sorted(BROKEN[fault])) == BROKEN[fault]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_nothing_else(agent, fault):
    """All other facts hold as before."""
    assert broken_facts(agent(fault), [name for name in FACTS if name not in BROKEN[fault]]) == set()


def test_an_agent_without_faults_breaks_nothing(caller):
    """All facts hold."""
    assert broken_facts(caller, FACTS) == set()


def test_faults_can_be_combined(agent):
    """Each breaks its own."""
    names = {"health-is-json", "start-route-missing", "stop-stopped-is-500"}

    assert broken_facts(agent(*names), FACTS) == set().union(*(BROKEN[name] for name in names))


def test_every_fault_is_looked_at():
    """None is without a fact that it breaks."""
    assert set(BROKEN) == set(FAULTS)
    assert all(BROKEN.values())
    assert set().union(*BROKEN.values()) <= set(FACTS)


def test_a_fault_is_told_in_one_sentence():
    """With a full stop, on one line, short enough for a terminal."""
    for name, sentence in FAULTS.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", name)
        assert re.fullmatch(r"[A-Z][^\n]{10,90}\.", sentence)


def test_a_stub_accepts_what_a_real_agent_refuses(agent):
    """An image that cannot be pulled is accepted, and there is a note."""
    response = agent("stub-deployment").deploy("tool", dockerImageUrl="registry.invalid/nothing:1")

    assert response.status_code == 200
    assert response.json()["status"] == "accepted"
    assert response.json()["note"]


def test_a_ghost_can_be_deleted(agent):
    """It blocks its name until then, and is listed."""
    caller = agent("failed-pull-left-behind")
    caller.deploy("ghost", dockerImageUrl="registry.invalid/nothing:1")

    assert caller.listed() == {"ghost": "created"}
    assert caller.deploy("ghost").status_code == 409
    assert caller("DELETE", "/tools/ghost").status_code == 200
    assert caller.deploy("ghost").status_code == 201
