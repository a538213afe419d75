log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_GUARDRAIL_CHECK,
    outcome=log_pb2.OUTCOME_FAILURE_DENIED,
    severity=log_pb2.SEVERITY_WARNING,
    actor_id="agent-001",
    component="safety-filter",
    environment="production",
    resource="guardrails/pii-detection",
    message="PII detected in agent output, blocked",
    payload=b'{"rule": "ssn-pattern", "action": "block"}',
    policy_tags=["PII", "HIPAA"],
    sensitivity=log_pb2.SENSITIVITY_HIGHLY_RESTRICTED,
)
