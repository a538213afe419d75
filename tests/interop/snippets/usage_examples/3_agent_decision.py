log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_AGENT_DECISION,
    outcome=log_pb2.OUTCOME_SUCCESS,
    severity=log_pb2.SEVERITY_INFO,
    actor_id="agent-001",
    component="decision-engine",
    environment="production",
    resource="workflows/customer-support",
    message="Agent chose to escalate to human",
    payload=b'{"options": ["respond", "escalate", "defer"], "selected": "escalate", "confidence": 0.92}',
    policy_tags=["audit-trail"],
    sensitivity=log_pb2.SENSITIVITY_INTERNAL,
)
