log = log_pb2.LogRequest(
    event_type=log_pb2.EVENT_LOGIN,
    outcome=log_pb2.OUTCOME_SUCCESS,
    severity=log_pb2.SEVERITY_INFO,
    actor_id="user-12345",
    component="auth-service",
    environment="production",
    resource="auth/login",
    message="User authenticated via SSO",
    payload=b'{"method": "saml", "provider": "okta", "mfa": true}',
    policy_tags=["SOC2", "access-control"],
    sensitivity=log_pb2.SENSITIVITY_INTERNAL,
)
