//! Calls everything that a server has, once, and compares the entries with what the calls
//! did.
//!
//!     calls transport|program 2025-11-25|2026-07-28 LOG -- COMMAND ARGUMENT…
//!
//! `transport` wraps the transport of the client, and writes the log. With `program`, the
//! command is the program, with a server behind it, and has written the log by the end.

// Sampling and roots, which servers still ask for.
#![allow(deprecated)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::BufReader;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lokryn_compliance_log::stream::LogReader;
use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Standard};
use lokryn_mcp_log::{AuditedTransport, Auditor, FileSink};
use rmcp::model::{
    ClientConfig, ClientRequest, CreateMessageRequestParams, CreateMessageResult,
    ElicitRequestParams, ElicitResult, ElicitationAction, ErrorData, Implementation,
    ListRootsResult, ProtocolVersion, SamplingMessage,
};
use rmcp::service::{
    ClientLifecycleMode, ClientServiceExt as _, PeerRequestOptions, RequestContext, RoleClient,
    RunningService,
};
use rmcp::transport::TokioChildProcess;
use rmcp::{ClientCacheConfig, ClientHandler};
use serde_json::{Value, json};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

/// What the server has asked this client for.
#[derive(Clone, Default)]
struct Client {
    asked: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Client {
    fn count(&self, method: &str) {
        *self
            .asked
            .lock()
            .unwrap()
            .entry(method.to_owned())
            .or_default() += 1;
    }
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        let capabilities =
            json!({"sampling": {}, "elicitation": {"form": {}, "url": {}}, "roots": {}});
        let capabilities = serde_json::from_value(capabilities).unwrap();
        ClientConfig::new(capabilities, Implementation::new("calls", "1"))
    }

    async fn create_message(
        &self,
        _: CreateMessageRequestParams,
        _: RequestContext<RoleClient>,
    ) -> std::result::Result<CreateMessageResult, ErrorData> {
        self.count("sampling/createMessage");
        let message = SamplingMessage::assistant_text("sampled");
        Ok(CreateMessageResult::new(message, "no model".into()))
    }

    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> std::result::Result<ListRootsResult, ErrorData> {
        self.count("roots/list");
        Ok(ListRootsResult::default())
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> std::result::Result<ElicitResult, ErrorData> {
        self.count("elicitation/create");
        Ok(ElicitResult::new(ElicitationAction::Decline))
    }
}

/// What a call did, as its caller saw it.
#[derive(Debug, PartialEq, Eq)]
struct Done {
    method: String,
    /// The name, URI or method.
    what: String,
    is_failure: bool,
    arguments_bytes: usize,
}

async fn call(
    client: &RunningService<RoleClient, Client>,
    done: &mut Vec<Done>,
    method: &str,
    params: Value,
) -> Result<Value> {
    let request: ClientRequest =
        serde_json::from_value(json!({"method": method, "params": params}))?;
    let options = PeerRequestOptions::with_timeout(Duration::from_secs(60));
    let sent = client.send_request_with_option(request, options).await?;
    let result = sent.await_response().await;
    let result = match result {
        Ok(result) => serde_json::to_value(result)?,
        Err(err) => json!({"isError": true, "said": err.to_string()}),
    };
    let name = params.get("name").or(params.get("uri"));
    let arguments = match method {
        "tools/call" | "prompts/get" => params.get("arguments").map(Value::to_string),
        // The SDK adds to the others.
        _ => None,
    };
    done.push(Done {
        method: method.to_owned(),
        what: name.and_then(Value::as_str).unwrap_or(method).to_owned(),
        is_failure: result["isError"] == true,
        arguments_bytes: arguments.map_or(0, |arguments| arguments.len()),
    });
    Ok(result)
}

/// Arguments that make the tools of server-everything do something.
fn arguments(tool: &str) -> Value {
    match tool {
        "echo" => json!({"message": "hello"}),
        "get-annotated-message" => json!({"messageType": "error", "includeImage": true}),
        "get-resource-reference" => json!({"resourceType": "Text", "resourceId": 1}),
        "get-structured-content" => json!({"location": "Chicago"}),
        "get-sum" => json!({"a": 1.5, "b": 2}),
        "gzip-file-as-resource" => {
            json!({"name": "a.gz", "data": "data:text/plain;base64,aGVsbG8="})
        }
        "trigger-long-running-operation" => json!({"duration": 0.2, "steps": 2}),
        "trigger-sampling-request" => json!({"prompt": "?", "maxTokens": 10}),
        "simulate-research-query" => json!({"topic": "x"}),
        "add" => json!({"a": 1, "b": 2}),
        _ => json!({}),
    }
}

async fn call_everything(client: &RunningService<RoleClient, Client>) -> Result<Vec<Done>> {
    let mut done = Vec::new();
    let done = &mut done;
    let is_initialized = client
        .peer_info()
        .is_some_and(|info| info.protocol_version.has_initialize());
    if is_initialized {
        call(client, done, "ping", json!({})).await?;
        call(client, done, "logging/setLevel", json!({"level": "debug"})).await?;
    }
    let mut tools = call(client, done, "tools/list", json!({})).await?["tools"].take();
    for tool in tools.as_array_mut().into_iter().flatten() {
        let name = tool["name"].as_str().unwrap_or_default();
        let params = json!({"name": name, "arguments": arguments(name)});
        call(client, done, "tools/call", params).await?;
    }
    call(client, done, "tools/call", json!({"name": "no-such-tool"})).await?;
    let prompts = call(client, done, "prompts/list", json!({})).await?["prompts"].take();
    for prompt in prompts.as_array().into_iter().flatten() {
        let mut arguments = json!({});
        for argument in prompt["arguments"].as_array().into_iter().flatten() {
            let name = argument["name"].as_str().unwrap_or_default();
            arguments[name] = json!(if name == "resourceType" { "Text" } else { "1" });
        }
        let params = json!({"name": prompt["name"], "arguments": arguments});
        call(client, done, "prompts/get", params).await?;
    }
    let resources = call(client, done, "resources/list", json!({})).await?["resources"].take();
    call(client, done, "resources/templates/list", json!({})).await?;
    for resource in resources.as_array().into_iter().flatten().take(3) {
        let params = json!({"uri": resource["uri"]});
        call(client, done, "resources/read", params.clone()).await?;
        if is_initialized {
            call(client, done, "resources/subscribe", params.clone()).await?;
            call(client, done, "resources/unsubscribe", params).await?;
        }
    }
    call(
        client,
        done,
        "resources/read",
        json!({"uri": "test://nothing?secret=1"}),
    )
    .await?;
    let completion = json!({"ref": {"type": "ref/prompt", "name": "completable-prompt"},
        "argument": {"name": "department", "value": "E"}});
    call(client, done, "completion/complete", completion).await?;
    Ok(std::mem::take(done))
}

fn recorded(entries: &[LogEntry]) -> Vec<Done> {
    let text =
        |entry: &LogEntry, name: &str| entry.detail::<String>(name).unwrap().unwrap_or_default();
    let of_client = entries.iter().filter(|entry| {
        text(entry, "phase") == "finished"
            && text(entry, "direction") == "client_to_server"
            && !matches!(&*text(entry, "method"), "initialize" | "server/discover")
    });
    of_client
        .map(|entry| {
            let method = text(entry, "method");
            let what = match entry.resource.split_once('/') {
                Some(("tools" | "prompts", name)) if name != "list" => name.to_owned(),
                _ => entry
                    .resource
                    .strip_prefix("session/")
                    .unwrap_or(&entry.resource)
                    .to_owned(),
            };
            let is_measured = matches!(&*method, "tools/call" | "prompts/get");
            let bytes: Option<usize> = entry.detail("arguments_bytes").unwrap();
            Done {
                what,
                is_failure: entry.outcome() != Outcome::Success,
                arguments_bytes: bytes.filter(|_| is_measured).unwrap_or_default(),
                method,
            }
        })
        .collect()
}

fn check(entries: &[LogEntry], mut done: Vec<Done>, asked: &BTreeMap<String, usize>) -> Result {
    for (index, entry) in entries.iter().enumerate() {
        entry.validate_for(Standard::PciDss)?;
        entry.validate_for(Standard::NistAu3)?;
        assert_eq!(entry.detail("sequence")?, Some(index));
    }
    for done in &mut done {
        // User info and query stay out.
        if let Some((public, _)) = done.what.split_once('?') {
            done.what = public.to_owned();
        }
        // These are recorded by their method.
        if matches!(
            &*done.method,
            "resources/subscribe" | "resources/unsubscribe"
        ) {
            done.what.clone_from(&done.method);
        }
    }
    let recorded = recorded(entries);
    for (recorded, done) in recorded.iter().zip(&done) {
        assert_eq!(recorded, done);
    }
    assert_eq!(recorded.len(), done.len());
    let mut by_method = BTreeMap::new();
    for entry in entries {
        let direction: Option<&str> = entry.detail("direction")?;
        let phase: Option<&str> = entry.detail("phase")?;
        if direction == Some("server_to_client") && phase == Some("finished") {
            let method: String = entry.detail("method")?.ok_or("no method")?;
            if method == "elicitation/create" {
                assert_eq!(entry.outcome(), Outcome::FailureDenied);
            }
            *by_method.entry(method).or_default() += 1;
        }
    }
    assert_eq!(&by_method, asked);
    let started = entries.iter().filter(|entry| {
        entry.event_type() == EventType::ToolInvocation
            && entry.detail("phase").unwrap() == Some("started")
    });
    let tools = done.iter().filter(|done| done.method == "tools/call");
    assert_eq!(started.count(), tools.count());
    Ok(())
}

#[tokio::main]
async fn main() -> Result {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [mode, revision, log, _, program, arguments @ ..] = &arguments[..] else {
        return Err("calls transport|program REVISION LOG -- COMMAND ARGUMENT…".into());
    };
    let mut command = tokio::process::Command::new(program);
    command.args(arguments);
    let process = TokioChildProcess::new(command)?;
    let lifecycle = match &**revision {
        "2025-11-25" => ClientLifecycleMode::Initialize,
        _ => ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        },
    };
    let handler = Client::default();
    let asked = Arc::clone(&handler.asked);
    let (client, auditor) = if mode == "transport" {
        let source = LogSource::new("calls", "test");
        let auditor = Auditor::new(source, "agent-001", FileSink::open(log)?)?;
        let transport = AuditedTransport::new(process, &auditor);
        let client = handler.serve_with_lifecycle(transport, lifecycle).await?;
        (client, Some(auditor))
    } else {
        (
            handler.serve_with_lifecycle(process, lifecycle).await?,
            None,
        )
    };
    client
        .set_response_cache_config(ClientCacheConfig::disabled())
        .await;
    let info = client.peer_info().ok_or("no server")?;
    assert_eq!(info.protocol_version.to_string(), **revision);
    let done = call_everything(&client).await?;
    client.cancel().await?;
    if let Some(auditor) = auditor {
        auditor.close()?;
    }
    let entries: Vec<LogEntry> =
        LogReader::new(BufReader::new(File::open(log)?)).collect::<std::result::Result<_, _>>()?;
    let count = done.len();
    let failures = done.iter().filter(|done| done.is_failure).count();
    let asked = asked.lock().unwrap().clone();
    check(&entries, done, &asked)?;
    println!(
        "{mode} {revision}: {count} calls, {failures} of them failures, {asked:?} by the server, {} entries",
        entries.len()
    );
    Ok(())
}
