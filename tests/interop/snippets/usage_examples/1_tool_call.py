log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_TOOL_INVOCATION,
    outcome=log_pb2.OUTCOME_SUCCESS,
    severity=log_pb2.SEVERITY_INFO,
    actor_id="agent-001",
    component="mcp-client",
    environment="production",
    resource="tools/database_query",
    message="Executed database query tool",
    payload=b'{"query": "SELECT * FROM users", "rows_returned": 42}',
    policy_tags=["SOC2", "data-access"],
    sensitivity=log_pb2.SENSITIVITY_CONFIDENTIAL,
)

# Serialize for storage/transport
data = log.SerializeToString()
