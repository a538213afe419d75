log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_RESOURCE_ACCESS,
    outcome=log_pb2.OUTCOME_FAILURE_DENIED,
    severity=log_pb2.SEVERITY_WARNING,
    actor_id="user-67890",
    component="api-gateway",
    environment="production",
    resource="api/v1/admin/users",
    message="Access denied to admin endpoint",
    payload=b'{"required_role": "admin", "user_role": "viewer"}',
    policy_tags=["SOC2", "access-control"],
    sensitivity=log_pb2.SENSITIVITY_INTERNAL,
)
