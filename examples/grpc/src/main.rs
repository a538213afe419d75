//! A gRPC service that takes entries, and a client that sends it some.
//!
//!     cargo run --manifest-path examples/grpc/Cargo.toml

use std::error::Error;
use std::sync::Mutex;

use lokryn_compliance_log::stream::LogWriter;
use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Sensitivity};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use crate::proto::audit_service_client::AuditServiceClient;
use crate::proto::audit_service_server::{AuditService, AuditServiceServer};

mod proto {
    tonic::include_proto!("acme.audit.v1");
}

/// What was stored: how many entries, and in a real service a file.
type Store = (u64, LogWriter<Vec<u8>>);

struct Audit(Mutex<Store>);

#[tonic::async_trait]
impl AuditService for Audit {
    async fn append(&self, request: Request<LogEntry>) -> Result<Response<proto::Ack>, Status> {
        let entry = request.into_inner();
        if let Err(err) = entry.validate() {
            return Err(Status::invalid_argument(err.to_string()));
        }
        let mut store = self.0.lock().map_err(|_| Status::internal("store"))?;
        let (stored, log) = &mut *store;
        log.write(&entry)
            .map_err(|err| Status::internal(err.to_string()))?;
        *stored += 1;
        Ok(Response::new(proto::Ack { stored: *stored }))
    }
}

async fn send(address: String) -> Result<(), Box<dyn Error>> {
    let source = LogSource::new("planner", "staging").sensitivity(Sensitivity::Internal);
    let mut audit = AuditServiceClient::connect(address).await?;
    for step in ["search", "summarize", "reply"] {
        let entry = source
            .entry()
            .event_type(EventType::AgentDecision)
            .outcome(Outcome::Success)
            .actor_id("agent-001")
            .resource(format!("steps/{step}"))
            .build();
        let ack = audit.append(entry).await?.into_inner();
        println!("{step}: entry {} stored", ack.stored);
    }

    let nameless = LogEntry {
        resource: "steps/guess".to_owned(),
        ..LogEntry::default()
    };
    let Err(refusal) = audit.append(nameless).await else {
        return Err("an entry without an actor was stored".into());
    };
    println!("refused: {}", refusal.message());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = format!("http://{}", listener.local_addr()?);
    let audit = Audit(Mutex::new((0, LogWriter::new(Vec::new()))));
    let server = Server::builder()
        .add_service(AuditServiceServer::new(audit))
        .serve_with_incoming(TcpListenerStream::new(listener));
    tokio::select! {
        stopped = server => Err(format!("the server stopped: {stopped:?}").into()),
        sent = send(address) => sent,
    }
}
