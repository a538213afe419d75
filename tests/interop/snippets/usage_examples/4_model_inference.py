log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_MODEL_INFERENCE,
    outcome=log_pb2.OUTCOME_SUCCESS,
    severity=log_pb2.SEVERITY_INFO,
    actor_id="service-backend",
    component="llm-client",
    environment="production",
    resource="models/gpt-4",
    message="Completed chat completion request",
    payload=b'{"tokens_in": 1250, "tokens_out": 342, "latency_ms": 1823}',
    policy_tags=["SOC2"],
    sensitivity=log_pb2.SENSITIVITY_CONFIDENTIAL,
)
