//! A transport of the official SDK, with a record of what it carries.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::error::Error;
use std::fmt;
use std::future::{self, Future};
use std::pin::Pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use lokryn_compliance_log::Outcome;
use rmcp::ErrorData;
use rmcp::model::{ErrorCode, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, ServiceRole, TxJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};

use crate::auditor::Auditor;
use crate::connection::{Direction, Refusal, RefusalReason, Verdict};
use crate::session::{Held, Sent, Session};

/// How many messages are read ahead of the one that waits for its entry, and how many are
/// ready for whoever receives.
const MAX_READ_AHEAD: usize = 64;
const MAX_READY: usize = 1;

/// How long closing waits for messages that are being sent.
const MAX_SENDING: Duration = Duration::from_secs(1);

/// Wraps any transport of `rmcp`, of a client or of a server, and records what it
/// carries.
///
/// Messages go on in order, once they are recorded. A call that cannot be recorded does
/// not leave a client: sending it fails with [`AuditedError::NotRecorded`]. On the side
/// that receives it, it does not reach the handler, and the caller gets an error. A
/// result that cannot be recorded is withheld, with an error in its place.
///
/// The messages are carried by a task of tokio, which is spawned with the first one; the
/// runtime needs its time driver.
pub struct AuditedTransport<R: ServiceRole, T: Transport<R>> {
    session: Session,
    /// Until the first message.
    task: Option<Task<R, T>>,
    commands: mpsc::UnboundedSender<Command<R, T::Error>>,
    received: mpsc::Receiver<RxJsonRpcMessage<R>>,
}

impl<R, T> AuditedTransport<R, T>
where
    R: ServiceRole,
    T: Transport<R> + 'static,
{
    /// Wraps a transport.
    pub fn new(transport: T, auditor: &Auditor) -> Self {
        let session = auditor.session(short_name(&T::name()));
        let (commands, of_task) = mpsc::unbounded_channel();
        let (deliver, received) = mpsc::channel(MAX_READY);
        Self {
            task: Some(Task {
                transport,
                session: session.clone(),
                commands: of_task,
                deliver: Some(deliver),
                outgoing: VecDeque::new(),
                incoming: VecDeque::new(),
                sending: FuturesUnordered::new(),
                ready: VecDeque::new(),
            }),
            session,
            commands,
            received,
        }
    }

    fn start(&mut self) {
        if let Some(task) = self.task.take() {
            tokio::spawn(task.run());
        }
    }
}

/// The name of a type without its path and its parameters.
fn short_name(name: &str) -> String {
    let path = name.split('<').next().unwrap_or(name);
    path.rsplit("::").next().unwrap_or(path).to_owned()
}

const fn outgoing<R: ServiceRole>() -> Direction {
    if R::IS_CLIENT {
        Direction::ToServer
    } else {
        Direction::ToClient
    }
}

impl<R, T> Transport<R> for AuditedTransport<R, T>
where
    R: ServiceRole,
    T: Transport<R> + 'static,
{
    type Error = AuditedError<T::Error>;

    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn send(
        &mut self,
        item: TxJsonRpcMessage<R>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        self.start();
        // Now, and not when the future is polled: its place in the order is this one.
        let result = accept(&self.session, outgoing::<R>(), &item).map(|held| {
            let (reply, replied) = oneshot::channel();
            let message = Outgoing {
                message: item,
                held,
                reply,
            };
            // If nobody takes it, nobody replies.
            let _ = self.commands.send(Command::Send(Box::new(message)));
            replied
        });
        async move { result?.await.unwrap_or(Err(AuditedError::Closed)) }
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<R>> {
        self.start();
        self.received.recv().await
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.start();
        let (reply, replied) = oneshot::channel();
        if self.commands.send(Command::Close(reply)).is_err() {
            return Ok(());
        }
        match replied.await {
            Ok(closed) => closed.map_err(AuditedError::Transport),
            Err(_) => Ok(()),
        }
    }
}

impl<R: ServiceRole, T: Transport<R>> Drop for AuditedTransport<R, T> {
    /// A failed handshake drops a transport and does not close it.
    fn drop(&mut self) {
        self.session.close("dropped");
    }
}

impl<R: ServiceRole, T: Transport<R>> fmt::Debug for AuditedTransport<R, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedTransport").finish_non_exhaustive()
    }
}

/// Takes a message of either direction.
fn accept<E, M: serde_core::Serialize>(
    session: &Session,
    direction: Direction,
    message: &M,
) -> Result<Held, AuditedError<E>> {
    let json = serde_json::to_vec(message).map_err(AuditedError::Serialize)?;
    Ok(session.accept(direction, &json))
}

enum Command<R: ServiceRole, E> {
    Send(Box<Outgoing<R, E>>),
    Close(oneshot::Sender<Result<(), E>>),
}

struct Outgoing<R: ServiceRole, E> {
    message: TxJsonRpcMessage<R>,
    held: Held,
    reply: oneshot::Sender<Result<(), AuditedError<E>>>,
}

/// A message that is being sent.
type Sending<E> = Pin<Box<dyn Future<Output = Completed<E>> + Send>>;

struct Completed<E> {
    result: Result<(), E>,
    sent: Option<Sent>,
    reply: Option<oneshot::Sender<Result<(), AuditedError<E>>>>,
    /// What the sender is told in the place of success.
    refused: Option<RefusalReason>,
}

struct Task<R: ServiceRole, T: Transport<R>> {
    transport: T,
    session: Session,
    commands: mpsc::UnboundedReceiver<Command<R, T::Error>>,
    /// `None` once there is nothing more to receive.
    deliver: Option<mpsc::Sender<RxJsonRpcMessage<R>>>,
    /// What waits for its entry.
    outgoing: VecDeque<Outgoing<R, T::Error>>,
    incoming: VecDeque<(RxJsonRpcMessage<R>, Held)>,
    sending: FuturesUnordered<Sending<T::Error>>,
    /// What goes to whoever receives.
    ready: VecDeque<RxJsonRpcMessage<R>>,
}

enum Event<R: ServiceRole, E> {
    Command(Option<Command<R, E>>),
    OutgoingReady,
    IncomingReady,
    Sent(Completed<E>),
    Delivered,
    /// Nobody receives any more.
    NoReceiver,
    Received(Option<RxJsonRpcMessage<R>>),
}

impl<R, T> Task<R, T>
where
    R: ServiceRole,
    T: Transport<R> + 'static,
{
    async fn run(mut self) {
        let mut has_ended = false;
        loop {
            if has_ended && self.incoming.is_empty() && self.ready.is_empty() {
                self.deliver = None;
            }
            let event = self.next_event(has_ended).await;
            match event {
                Event::Command(Some(Command::Send(message))) => {
                    let mut waiting = self.outgoing.iter().map(|other| &other.held);
                    if !self.outgoing.is_empty()
                        && waiting.all(|other| message.held.overtakes(other.sent()))
                    {
                        self.settle_outgoing(*message);
                    } else {
                        self.outgoing.push_back(*message);
                    }
                }
                Event::Command(Some(Command::Close(reply))) => {
                    let reason = if has_ended { "end_of_stream" } else { "closed" };
                    self.end(reason).await;
                    let _ = reply.send(self.transport.close().await);
                    return;
                }
                Event::Command(None) => {
                    self.end("dropped").await;
                    return;
                }
                Event::OutgoingReady => {
                    if let Some(message) = self.outgoing.pop_front() {
                        self.settle_outgoing(message);
                    }
                }
                Event::IncomingReady => {
                    if let Some((message, held)) = self.incoming.pop_front() {
                        self.settle_incoming(message, held);
                    }
                }
                Event::Sent(completed) => self.complete(completed),
                Event::Delivered => {}
                Event::NoReceiver => {
                    self.ready.clear();
                    self.incoming.clear();
                    self.deliver = None;
                    has_ended = true;
                }
                Event::Received(None) => has_ended = true,
                Event::Received(Some(message)) => {
                    let direction = outgoing::<R>().reversed();
                    match accept::<T::Error, _>(&self.session, direction, &message) {
                        Ok(held) => {
                            let mut waiting = self.incoming.iter().map(|(_, other)| other);
                            if !self.incoming.is_empty()
                                && waiting.all(|other| held.overtakes(other.sent()))
                            {
                                self.settle_incoming(message, held);
                            } else {
                                self.incoming.push_back((message, held));
                            }
                        }
                        // It was deserialized from JSON, so it can be JSON again.
                        Err(_) => has_ended = true,
                    }
                }
            }
        }
    }

    async fn next_event(&mut self, has_ended: bool) -> Event<R, T::Error> {
        let reads = !has_ended && self.incoming.len() < MAX_READ_AHEAD && self.deliver.is_some();
        let outgoing = self.outgoing.front_mut();
        let waits_for_delivery = !self.ready.is_empty();
        let incoming = self.incoming.front().filter(|_| !waits_for_delivery);
        let deliverable = &mut self.ready;
        tokio::select! {
            biased;
            command = self.commands.recv() => Event::Command(command),
            Some(completed) = self.sending.next() => Event::Sent(completed),
            () = async {
                match outgoing {
                    // The future of a message that nobody waits for was dropped.
                    Some(Outgoing { held, reply, .. }) => tokio::select! {
                        () = decided(held) => {}
                        () = reply.closed() => {}
                    },
                    None => future::pending().await,
                }
            } => Event::OutgoingReady,
            () = async {
                match incoming {
                    Some((_, held)) => decided(held).await,
                    None => future::pending().await,
                }
            } => Event::IncomingReady,
            is_open = async {
                match &self.deliver {
                    Some(deliver) if waits_for_delivery => match deliver.reserve().await {
                        Ok(permit) => {
                            if let Some(message) = deliverable.pop_front() {
                                permit.send(message);
                            }
                            true
                        }
                        Err(_) => false,
                    },
                    _ => future::pending().await,
                }
            } => if is_open { Event::Delivered } else { Event::NoReceiver },
            message = self.transport.receive(), if reads => Event::Received(message),
        }
    }

    fn settle_outgoing(&mut self, message: Outgoing<R, T::Error>) {
        let Outgoing {
            message,
            held,
            reply,
        } = message;
        if reply.is_closed() && !held.is_ready() {
            // It has not left, and does not leave any more.
            drop(held);
            return;
        }
        let sent = held.sent().clone();
        match held.settle() {
            Verdict::Forward => self.send(message, Some(sent), Some(reply), None),
            Verdict::Withhold {
                to_sender,
                to_receiver,
                ..
            } => {
                let refused = to_sender.iter().chain(&to_receiver).next();
                let reason = refused.map_or(RefusalReason::NotCalled, |refusal| refusal.reason);
                let mut reply = Some(reply);
                for refusal in &to_receiver {
                    if let Some(error) = error(refusal) {
                        self.send(error, None, reply.take(), Some(reason));
                    }
                }
                if let Some(reply) = reply {
                    let _ = reply.send(Err(AuditedError::NotRecorded(reason)));
                }
            }
            Verdict::Drop => {
                let _ = reply.send(Err(AuditedError::Cancelled));
            }
        }
    }

    fn settle_incoming(&mut self, message: RxJsonRpcMessage<R>, held: Held) {
        match held.settle() {
            Verdict::Forward => self.ready.push_back(message),
            Verdict::Withhold {
                to_sender,
                to_receiver,
                ..
            } => {
                for refusal in &to_sender {
                    if let Some(error) = error(refusal) {
                        self.send(error, None, None, None);
                    }
                }
                self.ready.extend(to_receiver.iter().filter_map(error));
            }
            Verdict::Drop => {}
        }
    }

    fn send(
        &mut self,
        message: TxJsonRpcMessage<R>,
        sent: Option<Sent>,
        reply: Option<oneshot::Sender<Result<(), AuditedError<T::Error>>>>,
        refused: Option<RefusalReason>,
    ) {
        let sending = self.transport.send(message);
        let mut sending: Sending<T::Error> = Box::pin(async move {
            let result = sending.await;
            Completed {
                result,
                sent,
                reply,
                refused,
            }
        });
        // Those that wait for the same lock wait in this order.
        match sending.as_mut().now_or_never() {
            Some(completed) => self.complete(completed),
            None => self.sending.push(sending),
        }
    }

    fn complete(&self, completed: Completed<T::Error>) {
        let Completed {
            result,
            sent,
            reply,
            refused,
        } = completed;
        if let (Err(err), Some(sent)) = (&result, &sent) {
            self.session.not_sent(sent, outcome_of(err));
        }
        let result = match (result, refused) {
            (Err(err), _) => Err(AuditedError::Transport(err)),
            (Ok(()), Some(reason)) => Err(AuditedError::NotRecorded(reason)),
            (Ok(()), None) => Ok(()),
        };
        if let Some(reply) = reply {
            let _ = reply.send(result);
        }
    }

    /// Ends the record of the connection, after what is on its way has gone.
    async fn end(&mut self, reason: &str) {
        let _ = timeout(MAX_SENDING, async {
            while let Some(completed) = self.sending.next().await {
                self.complete(completed);
            }
        })
        .await;
        self.outgoing.clear();
        self.incoming.clear();
        self.session.close(reason);
    }
}

/// Waits until the verdict on a message is there, or the time for it is over.
async fn decided(held: &Held) {
    tokio::select! {
        biased;
        () = held.ready() => {}
        () = sleep_until(held.deadline().into()) => {}
    }
}

/// Returns the error in the place of an answer.
fn error<Q, A, N>(refusal: &Refusal) -> Option<JsonRpcMessage<Q, A, N>> {
    let id: RequestId = serde_json::from_str(&refusal.id).ok()?;
    let code = i32::try_from(RefusalReason::CODE).ok()?;
    let error = ErrorData::new(ErrorCode(code), refusal.reason.message(), None);
    Some(JsonRpcMessage::error(error, Some(id)))
}

/// What a failure to send means: the answers 401 and 403 of a server are no errors of the
/// transport.
#[cfg(feature = "rmcp-http")]
fn outcome_of(err: &(dyn Error + 'static)) -> Outcome {
    use rmcp::transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError};

    let mut cause = Some(err);
    while let Some(err) = cause {
        if err.is::<AuthRequiredError>() {
            return Outcome::FailureUnauthorized;
        }
        if err.is::<InsufficientScopeError>() {
            return Outcome::FailureDenied;
        }
        cause = err.source();
    }
    Outcome::FailureError
}

#[cfg(not(feature = "rmcp-http"))]
fn outcome_of(_: &(dyn Error + 'static)) -> Outcome {
    Outcome::FailureError
}

/// Why a message was not sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum AuditedError<E> {
    /// The transport failed.
    Transport(E),
    /// Its entry could not be written.
    NotRecorded(RefusalReason),
    /// It was cancelled while it was being recorded.
    Cancelled,
    /// It is no JSON.
    Serialize(serde_json::Error),
    /// The transport was closed before.
    Closed,
}

impl<E> fmt::Display for AuditedError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(_) => f.write_str("the transport failed"),
            Self::NotRecorded(reason) => f.write_str(reason.message()),
            Self::Cancelled => f.write_str("cancelled while it was being recorded"),
            Self::Serialize(_) => f.write_str("the message cannot be written as JSON"),
            Self::Closed => f.write_str("the transport is closed"),
        }
    }
}

impl<E: Error + 'static> Error for AuditedError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Transport(err) => Some(err),
            Self::Serialize(err) => Some(err),
            Self::NotRecorded(_) | Self::Cancelled | Self::Closed => None,
        }
    }
}

#[cfg(all(test, feature = "rmcp-http"))]
mod tests {
    use std::io;

    use rmcp::transport::streamable_http_client::{AuthRequiredError, InsufficientScopeError};

    use super::*;

    #[test]
    fn the_answers_401_and_403_are_told_apart_from_other_failures() {
        let unauthorized = AuthRequiredError::new("Bearer".into());
        let denied = InsufficientScopeError::new("Bearer".into(), None);
        // As the cause of another error, as the client of the SDK has them.
        let wrapped = outcome_of(&AuditedError::Transport(unauthorized));
        assert_eq!(wrapped, Outcome::FailureUnauthorized);
        let wrapped = outcome_of(&AuditedError::Transport(denied));
        assert_eq!(wrapped, Outcome::FailureDenied);
        let other = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(
            outcome_of(&AuditedError::Transport(other)),
            Outcome::FailureError
        );
    }
}
