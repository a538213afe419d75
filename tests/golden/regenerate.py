#!/usr/bin/env python3
"""Writes the golden entries as the published Python package encodes them.

    pip install lokryn-compliance-log==0.1.1
    python regenerate.py FOLDER

For each entry: NAME.binpb, its deterministic bytes, and NAME.json, its
canonical JSON. With --check, compares the files in FOLDER instead of writing
them, and fails if one differs.
"""

import argparse
import pathlib
import sys

from google.protobuf import json_format
from lokryn_compliance_log import *  # noqa: F403

# The seven scenarios of the published documentation. The three examples of its
# package description are the first three of them.
ENTRIES = {
    "mcp_tool_call": LogEntry(
        event_type=EVENT_TOOL_INVOCATION,
        outcome=OUTCOME_SUCCESS,
        severity=SEVERITY_INFO,
        actor_id="agent-001",
        component="mcp-client",
        environment="production",
        resource="tools/database_query",
        message="Executed database query tool",
        payload=b'{"query": "SELECT * FROM users", "rows_returned": 42}',
        policy_tags=["SOC2", "data-access"],
        sensitivity=SENSITIVITY_CONFIDENTIAL,
    ),
    "guardrail_check": LogEntry(
        event_type=EVENT_GUARDRAIL_CHECK,
        outcome=OUTCOME_FAILURE_DENIED,
        severity=SEVERITY_WARNING,
        actor_id="agent-001",
        component="safety-filter",
        environment="production",
        resource="guardrails/pii-detection",
        message="PII detected in agent output, blocked",
        payload=b'{"rule": "ssn-pattern", "action": "block"}',
        policy_tags=["PII", "HIPAA"],
        sensitivity=SENSITIVITY_HIGHLY_RESTRICTED,
    ),
    "agent_decision": LogEntry(
        event_type=EVENT_AGENT_DECISION,
        outcome=OUTCOME_SUCCESS,
        severity=SEVERITY_INFO,
        actor_id="agent-001",
        component="decision-engine",
        environment="production",
        resource="workflows/customer-support",
        message="Agent chose to escalate to human",
        payload=b'{"options": ["respond", "escalate", "defer"], "selected": "escalate", "confidence": 0.92}',
        policy_tags=["audit-trail"],
        sensitivity=SENSITIVITY_INTERNAL,
    ),
    "model_inference": LogEntry(
        event_type=EVENT_MODEL_INFERENCE,
        outcome=OUTCOME_SUCCESS,
        severity=SEVERITY_INFO,
        actor_id="service-backend",
        component="llm-client",
        environment="production",
        resource="models/gpt-4",
        message="Completed chat completion request",
        payload=b'{"tokens_in": 1250, "tokens_out": 342, "latency_ms": 1823}',
        policy_tags=["SOC2"],
        sensitivity=SENSITIVITY_CONFIDENTIAL,
    ),
    "user_authentication": LogEntry(
        event_type=EVENT_LOGIN,
        outcome=OUTCOME_SUCCESS,
        severity=SEVERITY_INFO,
        actor_id="user-12345",
        component="auth-service",
        environment="production",
        resource="auth/login",
        message="User authenticated via SSO",
        payload=b'{"method": "saml", "provider": "okta", "mfa": true}',
        policy_tags=["SOC2", "access-control"],
        sensitivity=SENSITIVITY_INTERNAL,
    ),
    "failed_authorization": LogEntry(
        event_type=EVENT_RESOURCE_ACCESS,
        outcome=OUTCOME_FAILURE_DENIED,
        severity=SEVERITY_WARNING,
        actor_id="user-67890",
        component="api-gateway",
        environment="production",
        resource="api/v1/admin/users",
        message="Access denied to admin endpoint",
        payload=b'{"required_role": "admin", "user_role": "viewer"}',
        policy_tags=["SOC2", "access-control"],
        sensitivity=SENSITIVITY_INTERNAL,
    ),
    "data_export": LogEntry(
        event_type=EVENT_DATA_EXPORT,
        outcome=OUTCOME_SUCCESS,
        severity=SEVERITY_NOTICE,
        actor_id="user-12345",
        component="export-service",
        environment="production",
        resource="exports/customer-report",
        message="Exported customer data to CSV",
        payload=b'{"records": 1500, "format": "csv", "destination": "download"}',
        policy_tags=["SOC2", "data-export", "PII"],
        sensitivity=SENSITIVITY_RESTRICTED,
    ),
}


def main():
    args = argparse.ArgumentParser()
    args.add_argument("folder", type=pathlib.Path)
    args.add_argument("--check", action="store_true")
    args = args.parse_args()

    files = {}
    for name, entry in ENTRIES.items():
        files[f"{name}.binpb"] = entry.SerializeToString(deterministic=True)
        files[f"{name}.json"] = json_format.MessageToJson(entry).encode() + b"\n"

    differing = 0
    for name, expected in files.items():
        path = args.folder / name
        if not args.check:
            path.write_bytes(expected)
        elif path.read_bytes() != expected:
            print(f"{name}:\n  here     {path.read_bytes()!r}\n  package  {expected!r}")
            differing += 1
    if args.check:
        print(f"golden files: {len(files) - differing} equal, {differing} different")
    sys.exit(differing > 0)


if __name__ == "__main__":
    main()
