//! The service: three routes, and what they record.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::rejection::JsonRejection;
use axum::extract::{ConnectInfo, Path as UrlPath, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use lokryn_compliance_log::builder::SourceEntry;
use lokryn_compliance_log::detail::TRACE_ID;
use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Sensitivity};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use crate::audit::Audit;

pub const EVENT_ID: HeaderName = HeaderName::from_static("x-event-id");

#[derive(Clone)]
struct App {
    source: LogSource,
    audit: Audit,
}

pub async fn serve(log: &Path) -> crate::Result<()> {
    let source = LogSource::new("customer-portal", "production")
        .policy_tags(["SOC2", "PCI"])
        .sensitivity(Sensitivity::Confidential)
        .stamped();
    let app = App {
        source,
        audit: Audit::open(log)?,
    };
    let routes = Router::new()
        .route("/login", post(login))
        .route("/admin/users/{user}", delete(delete_user))
        .route("/export", get(export))
        .layer(middleware::from_fn_with_state(app.clone(), begin_entry))
        .with_state(app)
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, routes).await?;
    Ok(())
}

/// Begins the entry of a request with what is known of every request: when it came,
/// from where, as part of which trace. The handler finishes it.
async fn begin_entry(
    State(app): State<App>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    mut request: Request,
    next: Next,
) -> Response {
    let event_id = event_id();
    let mut entry = app
        .source
        .entry()
        .source_address(client.ip())
        .event_id(event_id.as_str());
    if let Some(trace) = trace_id(request.headers()) {
        entry = entry.detail(TRACE_ID, trace);
    }
    request.extensions_mut().insert(entry);
    let response = next.run(request).await;
    ([(EVENT_ID, event_id)], response).into_response()
}

/// An identifier that no other event has: the start of this process, and a number.
fn event_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    static STARTED: std::sync::LazyLock<u128> = std::sync::LazyLock::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_nanos())
    });
    format!("{:x}-{:x}", *STARTED, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// The trace of a W3C `traceparent`: version, trace, span and flags.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let parent = headers.get("traceparent")?.to_str().ok()?;
    let id = parent.split('-').nth(1)?;
    (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
}

#[derive(Deserialize)]
struct Credentials {
    user: String,
    password: String,
}

async fn login(
    State(app): State<App>,
    Extension(entry): Extension<SourceEntry>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Response {
    // An attempt that does not even say who tries is recorded, too.
    let credentials = match credentials {
        Ok(Json(credentials)) if !credentials.user.is_empty() => credentials,
        _ => Credentials {
            user: "unknown".to_owned(),
            password: String::new(),
        },
    };
    let (outcome, status) = if credentials.password == "correct horse" {
        (Outcome::Success, StatusCode::OK)
    } else {
        (Outcome::FailureUnauthorized, StatusCode::UNAUTHORIZED)
    };
    let entry = entry
        .event_type(EventType::Login)
        .outcome(outcome)
        .actor_id(credentials.user)
        .resource("login")
        .payload(json!({"method": "password"}))
        .build();
    answer(&app, entry, status).await
}

async fn delete_user(
    State(app): State<App>,
    Extension(entry): Extension<SourceEntry>,
    UrlPath(user): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    let (actor, role) = actor(&headers);
    let (outcome, status) = if role == "admin" {
        (Outcome::Success, StatusCode::NO_CONTENT)
    } else {
        (Outcome::FailureDenied, StatusCode::FORBIDDEN)
    };
    let entry = entry
        .event_type(EventType::UserManagement)
        .outcome(outcome)
        .actor_id(actor)
        .resource(format!("admin/users/{user}"))
        .payload(json!({"required_role": "admin", "user_role": role}))
        .build();
    answer(&app, entry, status).await
}

async fn export(
    State(app): State<App>,
    Extension(entry): Extension<SourceEntry>,
    headers: HeaderMap,
) -> Response {
    let entry = entry
        .event_type(EventType::DataExport)
        .outcome(Outcome::Success)
        .actor_id(actor(&headers).0)
        .resource("exports/customer-report")
        .sensitivity(Sensitivity::Restricted)
        .detail("records", 1500)
        .build();
    answer(&app, entry, StatusCode::OK).await
}

/// Who calls, and as what: a real service reads it from a session that it has checked.
fn actor(headers: &HeaderMap) -> (&str, &str) {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    (
        text("x-user").unwrap_or("anonymous"),
        text("x-role").unwrap_or("viewer"),
    )
}

/// Answers once the entry is on the disk, and refuses if that fails.
async fn answer(app: &App, entry: LogEntry, status: StatusCode) -> Response {
    match app.audit.record(entry).await {
        Ok(()) => status.into_response(),
        Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}
