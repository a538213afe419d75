log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_DATA_EXPORT,
    outcome=log_pb2.OUTCOME_SUCCESS,
    severity=log_pb2.SEVERITY_NOTICE,
    actor_id="user-12345",
    component="export-service",
    environment="production",
    resource="exports/customer-report",
    message="Exported customer data to CSV",
    payload=b'{"records": 1500, "format": "csv", "destination": "download"}',
    policy_tags=["SOC2", "data-export", "PII"],
    sensitivity=log_pb2.SENSITIVITY_RESTRICTED,
)
