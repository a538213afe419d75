//! What a line of JSON-RPC says that an auditor wants to know.
//!
//! Everything here is read before the connection is locked, and is bounded, whatever the
//! peer has sent: texts are cut, contents are measured.

use lokryn_compliance_log::{EventType, Sensitivity};
use sha2::{Digest as _, Sha256};

use crate::canonical;
use crate::content::{Content, ContentPart, Measured, Recorded};
use crate::methods::{self, Method, Resource};
use crate::scan;
use crate::settings::Settings;

/// How many bytes of a method, an identifier or a name an entry holds.
const MAX_NAME: usize = 256;
/// How many bytes of a URI an entry holds.
const MAX_URI: usize = 1024;
/// How many bytes of an identifier are kept to tell requests apart; of a longer one, the
/// hash.
const MAX_ID: usize = 128;
/// How many messages a line may hold. A peer can put millions of them into one, of which
/// none could be recorded.
const MAX_MESSAGES: usize = 1024;
/// How many input requests, and how many tools of a list, are looked at.
const MAX_LISTED: usize = 256;

/// The messages of one line, or of one value of a transport.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) messages: Vec<Message>,
    pub(crate) is_batch: bool,
    /// Whether it holds more messages than are looked at, so that it must not go on.
    has_too_many: bool,
}

impl Line {
    pub(crate) fn has_too_many(&self) -> bool {
        self.has_too_many
    }
}

#[derive(Debug)]
pub(crate) enum Message {
    Request(Box<Call>),
    Notification(Box<Call>),
    Answer(Box<Answer>),
    Malformed(Malformed),
}

/// Bytes that are no message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Malformed {
    pub(crate) error_type: &'static str,
    /// How many bytes it has; of one beyond the bounds, how many had come.
    pub(crate) bytes: usize,
}

/// An identifier of a request, a progress token or the like.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Null,
    Number(String),
    Text(String),
    Long([u8; 32]),
}

impl Id {
    fn read(value: &[u8]) -> Option<Self> {
        if value == b"null" {
            return Some(Self::Null);
        }
        if let Some(text) = scan::text(value) {
            return Some(if text.len() > MAX_ID {
                Self::Long(Sha256::digest(text.as_bytes()).into())
            } else {
                Self::Text(text.into_owned())
            });
        }
        if !scan::is_number(value) {
            return None;
        }
        if value.len() > MAX_ID {
            return Some(Self::Long(Sha256::digest(value).into()));
        }
        let number = canonical::number(value);
        Some(Self::Number(number.unwrap_or_else(|| {
            String::from_utf8_lossy(value).into_owned()
        })))
    }

    /// The identifier that peers may mistake this one for: a number, and the same number
    /// as text.
    pub(crate) fn alike(&self) -> Option<Self> {
        match self {
            Self::Number(number) => Some(Self::Text(number.clone())),
            Self::Text(text) => Some(Self::Number(text.clone())),
            Self::Null | Self::Long(_) => None,
        }
    }
}

/// A request or a notification.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `None` for a notification.
    pub(crate) id: Option<Id>,
    /// The identifier as it was written, to answer with: until the request has its place,
    /// which may be kept for long.
    pub(crate) raw_id: String,
    /// The same, as it is recorded.
    pub(crate) shown_id: String,
    pub(crate) method: String,
    pub(crate) definition: Method,
    pub(crate) event_type: EventType,
    pub(crate) resource: String,
    pub(crate) sensitivity: Option<Sensitivity>,
    pub(crate) is_started: bool,
    /// The name of the tool or prompt.
    pub(crate) name: Option<String>,
    pub(crate) arguments: Measured,
    pub(crate) trace: Option<(String, String)>,
    pub(crate) peer: Peer,
    /// Which request a cancellation is about.
    pub(crate) cancels: Option<Id>,
    pub(crate) progress_token: Option<Id>,
    pub(crate) task: Option<Task>,
    /// Answers to what the server had asked for in an `InputRequiredResult`.
    pub(crate) inputs: Vec<Input>,
    /// Whether a member that matters is there more than once.
    pub(crate) has_duplicate_members: bool,
}

/// What a peer says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) name: Option<String>,
    pub(crate) protocol_version: Option<String>,
}

/// The state of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) status: Option<String>,
    /// Whether the result of a completed task is an error of the tool.
    pub(crate) is_error: bool,
}

impl Task {
    pub(crate) fn has_ended(&self) -> bool {
        matches!(
            self.status.as_deref(),
            Some("completed" | "failed" | "cancelled")
        )
    }
}

/// A request of a server inside of a result, or its answer inside of a request.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) key: String,
    /// Of a request.
    pub(crate) method: Option<String>,
    /// Of a request to elicit something.
    pub(crate) mode: Option<String>,
    /// Of an answer to that.
    pub(crate) action: Option<String>,
    pub(crate) measured: Measured,
}

/// An answer: a result or an error.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) id: Option<Id>,
    pub(crate) raw_id: String,
    pub(crate) body: Body,
    pub(crate) result: Measured,
    /// The text of the result is kept until its request is found, whose method decides
    /// what is recorded of it.
    pub(crate) content: Option<String>,
    pub(crate) has_duplicate_members: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Body {
    Result(Box<ResultBody>),
    Error {
        code: Option<i64>,
        is_transport_closed: bool,
    },
}

/// What a result says.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResultBody {
    pub(crate) is_error: bool,
    pub(crate) is_input_required: bool,
    pub(crate) task: Option<Task>,
    pub(crate) action: Option<String>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) peer: Peer,
    /// Of a list of tools: the name of each, and whether it says that it is destructive.
    pub(crate) tools: Vec<(String, bool)>,
}

/// Reads a line. `None` for one with nothing in it.
///
/// To some peers, Python's and Java's, a carriage return ends a line as well. What they
/// would take for a message is one, besides what the line is as a whole.
pub(crate) fn read(text: &[u8], settings: &Settings) -> Option<Line> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return None;
    }
    let mut messages = Vec::new();
    if memchr::memchr(b'\r', text).is_some() {
        for piece in text.split(|byte| *byte == b'\r').map(<[u8]>::trim_ascii) {
            if !piece.is_empty() && messages.len() <= MAX_MESSAGES {
                read_value(piece, settings, &mut messages);
            }
        }
        let is_malformed = |message: &Message| matches!(message, Message::Malformed(_));
        let has_messages = !messages.iter().all(is_malformed);
        let mut whole = Vec::new();
        read_value(text, settings, &mut whole);
        if !whole.iter().all(is_malformed) {
            messages.retain(|message| !is_malformed(message));
            messages.extend(whole);
        } else if !has_messages {
            messages = whole;
        }
    } else {
        read_value(text, settings, &mut messages);
    }
    if messages.len() > MAX_MESSAGES {
        return Some(Line {
            messages: vec![malformed("too_many", text.len())],
            is_batch: false,
            has_too_many: true,
        });
    }
    Some(Line {
        messages,
        is_batch: text[0] == b'[',
        has_too_many: false,
    })
}

/// Reads a message or a batch.
fn read_value(text: &[u8], settings: &Settings, messages: &mut Vec<Message>) {
    if text[0] != b'[' {
        messages.push(message(text, settings));
        return;
    }
    let mut batch = Vec::new();
    let read = scan::elements(text, |element| {
        if batch.len() <= MAX_MESSAGES {
            batch.push(message(element, settings));
        }
    });
    if read.is_err() || batch.is_empty() {
        messages.push(malformed("not_json_rpc", text.len()));
    } else {
        messages.append(&mut batch);
    }
}

/// Returns what is recorded of a message that is too long to be read.
pub(crate) fn beyond_bounds(bytes: usize) -> Line {
    Line {
        messages: vec![malformed("too_long", bytes)],
        is_batch: false,
        has_too_many: false,
    }
}

fn malformed(error_type: &'static str, bytes: usize) -> Message {
    Message::Malformed(Malformed { error_type, bytes })
}

/// The members of a message.
#[derive(Default)]
struct Members<'a> {
    id: Option<&'a [u8]>,
    method: Option<&'a [u8]>,
    params: Option<&'a [u8]>,
    result: Option<&'a [u8]>,
    error: Option<&'a [u8]>,
    has_duplicates: bool,
}

impl<'a> Members<'a> {
    /// Takes a member, and returns whether it counts. The last of a name does, as it does
    /// for most. Some, Go's among them, do not tell names apart by their case, so a name in
    /// another case counts where the right one is not there. What anybody may take for a
    /// call is one.
    fn see(&mut self, name: &[u8], value: &'a [u8]) -> bool {
        let name = &*scan::unescaped(name);
        let is_like = |known: &&str| name.eq_ignore_ascii_case(known);
        let Some(known) = NAMES.into_iter().find(is_like) else {
            return false;
        };
        let member = match known {
            "id" => &mut self.id,
            "method" => &mut self.method,
            "params" => &mut self.params,
            "result" => &mut self.result,
            _ => &mut self.error,
        };
        let is_exact = name == known;
        let is_call = |value: &[u8]| scan::text(value).as_deref() == Some("tools/call");
        self.has_duplicates |= member.is_some() || !is_exact;
        let replaces = match member {
            None => true,
            Some(old) => !is_call(old) && (is_exact || is_call(value)),
        };
        if replaces {
            *member = Some(value);
        }
        replaces
    }
}

const NAMES: [&str; 5] = ["id", "method", "params", "result", "error"];

fn message(text: &[u8], settings: &Settings) -> Message {
    let mut found = Members::default();
    let mut found_result = None;
    let read = scan::members_unread(text, |name, value| {
        if !scan::is_like(name, "result") {
            found.see(name, value.read()?);
            return Ok(());
        }
        let mut members = ResultMembers::default();
        let (value, hmac) = settings
            .hmac_key
            .read(value, |name, value| members.see(name, value))?;
        if found.see(name, value) {
            found_result = Some((members, hmac));
        }
        Ok(())
    });
    if read.is_err() {
        return malformed("not_json", text.len());
    }
    let id = found.id.map(Id::read);
    if let Some(method) = found.method.and_then(scan::text) {
        return match id {
            None => Message::Notification(Box::new(call(None, &method, &found, settings))),
            Some(Some(id)) => Message::Request(Box::new(call(Some(id), &method, &found, settings))),
            Some(None) => malformed("not_json_rpc", text.len()),
        };
    }
    if found.method.is_some() || id == Some(None) {
        return malformed("not_json_rpc", text.len());
    }
    let id = id.flatten();
    let (body, text, result) = match (found.error, found.result.zip(found_result)) {
        (Some(error), _) => (error_body(error), error, measure(error, settings)),
        (None, Some((result, (members, hmac)))) => {
            let measured = Measured {
                bytes: result.len(),
                hmac: Some(hmac),
                recorded: None,
            };
            let body = Body::Result(Box::new(result_body(&members, settings)));
            (body, result, measured)
        }
        (None, None) => return malformed("not_json_rpc", text.len()),
    };
    let content = settings.options.redactor.is_some();
    Message::Answer(Box::new(Answer {
        id,
        raw_id: raw_id(found.id),
        body,
        result,
        content: content.then(|| String::from_utf8_lossy(text).into_owned()),
        has_duplicate_members: found.has_duplicates,
    }))
}

fn raw_id(id: Option<&[u8]>) -> String {
    String::from_utf8_lossy(id.unwrap_or(b"null")).into_owned()
}

/// The members of a request's parameters.
#[derive(Default)]
struct Params<'a> {
    name: Option<&'a [u8]>,
    uri: Option<&'a [u8]>,
    mode: Option<&'a [u8]>,
    arguments: Option<&'a [u8]>,
    meta: Option<&'a [u8]>,
    request_id: Option<&'a [u8]>,
    progress_token: Option<&'a [u8]>,
    client_info: Option<&'a [u8]>,
    protocol_version: Option<&'a [u8]>,
    input_responses: Option<&'a [u8]>,
    task: TaskMembers<'a>,
    has_duplicates: bool,
}

/// Where the state of a task stands.
#[derive(Default)]
struct TaskMembers<'a> {
    id: Option<&'a [u8]>,
    status: Option<&'a [u8]>,
    result: Option<&'a [u8]>,
}

impl TaskMembers<'_> {
    fn read(&self) -> Option<Task> {
        let is_error = self
            .result
            .and_then(|result| scan::member(result, "isError"));
        Some(Task {
            id: self.id.and_then(name_text)?,
            status: self.status.and_then(name_text),
            is_error: is_error == Some(b"true"),
        })
    }
}

fn params(text: &[u8]) -> Params<'_> {
    let mut found = Params::default();
    // What is not JSON has not come this far.
    let _ = scan::members(text, |name, value| {
        let member = match &*scan::unescaped(name) {
            "name" => &mut found.name,
            "uri" => &mut found.uri,
            "mode" => &mut found.mode,
            "arguments" => &mut found.arguments,
            "_meta" => &mut found.meta,
            "requestId" => &mut found.request_id,
            "progressToken" => &mut found.progress_token,
            "clientInfo" => &mut found.client_info,
            "protocolVersion" => &mut found.protocol_version,
            "inputResponses" => &mut found.input_responses,
            "taskId" => &mut found.task.id,
            "status" => &mut found.task.status,
            "result" => &mut found.task.result,
            _ => return,
        };
        found.has_duplicates |= member.replace(value).is_some();
    });
    found
}

/// Returns the event type and the resource of a call, if no rule says otherwise.
fn default_meaning(
    definition: &Method,
    method: &str,
    params: &Params<'_>,
    full_name: Option<&str>,
) -> (EventType, String) {
    let mut event_type = definition.event_type;
    let resource = match definition.resource {
        Resource::Method => cut(method, MAX_NAME),
        Resource::Fixed(fixed) => fixed.to_owned(),
        Resource::Name(folder) => {
            let name = cut(full_name.unwrap_or_default(), MAX_NAME);
            [folder, "/", &name].concat()
        }
        Resource::Mode => {
            let mode = params.mode.and_then(name_text);
            format!("elicitation/{}", mode.as_deref().unwrap_or("form"))
        }
        Resource::Task => {
            let id = params.task.id.and_then(name_text);
            format!("tasks/{}", id.unwrap_or_default())
        }
        Resource::Session => format!("session/{method}"),
        Resource::Uri => {
            let uri = params.uri.and_then(scan::text).unwrap_or_default();
            if uri
                .get(..5)
                .is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"))
            {
                event_type = EventType::FileAccess;
            }
            match cut(&public_part(&uri), MAX_URI) {
                empty if empty.is_empty() => cut(method, MAX_NAME),
                uri => uri,
            }
        }
    };
    (event_type, resource)
}

fn call(id: Option<Id>, method: &str, found: &Members<'_>, settings: &Settings) -> Call {
    let definition = methods::method(method);
    let params_text = found.params.unwrap_or_default();
    let params = params(params_text);
    let full_name = params.name.and_then(scan::text);
    let full_name = full_name.as_deref();
    let (mut event_type, mut resource) = default_meaning(&definition, method, &params, full_name);
    let mut sensitivity = None;
    let is_tool = method == "tools/call";
    if let Some(rule) = full_name
        .filter(|_| is_tool)
        .and_then(|name| settings.options.rules.for_tool(name))
    {
        event_type = rule.event_type.unwrap_or(event_type);
        sensitivity = rule.sensitivity;
        if let Some(template) = &rule.resource {
            let name = cut(full_name.unwrap_or_default(), MAX_NAME);
            resource = template.replace("{name}", &name);
        }
    }
    let has_arguments = matches!(definition.resource, Resource::Name(_));
    let arguments = match (has_arguments, params.arguments) {
        (true, arguments) => arguments.unwrap_or_default(),
        (false, _) => params_text,
    };
    let mut measured = measure(arguments, settings);
    if settings.options.redactor.is_some() && !arguments.is_empty() {
        measured.recorded = record(
            settings,
            &Content {
                method,
                name: full_name,
                part: ContentPart::Arguments,
                json: &String::from_utf8_lossy(arguments),
            },
        );
    }
    let meta = params.meta.unwrap_or_default();
    let in_meta = |name: &str| scan::member(meta, name);
    let client = params
        .client_info
        .or_else(|| in_meta("io.modelcontextprotocol/clientInfo"));
    let protocol_version = params
        .protocol_version
        .or_else(|| in_meta("io.modelcontextprotocol/protocolVersion"));
    let trace = in_meta("traceparent").and_then(scan::text);
    let progress_token = params.progress_token.or_else(|| in_meta("progressToken"));
    let raw_id = raw_id(found.id);
    Call {
        id,
        shown_id: cut_id(&raw_id),
        raw_id,
        method: cut(method, MAX_NAME),
        definition,
        event_type,
        resource,
        sensitivity,
        is_started: settings.options.started.contains(method),
        name: full_name
            .filter(|_| has_arguments)
            .map(|name| cut(name, MAX_NAME)),
        arguments: measured,
        trace: trace.and_then(|trace| trace_of(&trace)),
        peer: Peer {
            name: client.and_then(implementation),
            protocol_version: protocol_version.and_then(name_text),
        },
        cancels: params.request_id.and_then(Id::read),
        progress_token: progress_token.and_then(Id::read),
        task: params.task.read(),
        inputs: inputs(params.input_responses, settings),
        has_duplicate_members: found.has_duplicates || params.has_duplicates,
    }
}

fn error_body(error: &[u8]) -> Body {
    let code = scan::member(error, "code").and_then(canonical::number);
    let marker = scan::at_path(error, &["data", "io.modelcontextprotocol/transportClosed"]);
    Body::Error {
        code: code.and_then(|code| code.parse().ok()),
        is_transport_closed: marker.is_some(),
    }
}

/// The members of a result.
#[derive(Default)]
struct ResultMembers<'a> {
    is_error: Option<&'a [u8]>,
    result_type: Option<&'a [u8]>,
    action: Option<&'a [u8]>,
    input_requests: Option<&'a [u8]>,
    server_info: Option<&'a [u8]>,
    protocol_version: Option<&'a [u8]>,
    tools: Option<&'a [u8]>,
    task: TaskMembers<'a>,
    nested_task: Option<&'a [u8]>,
}

impl<'a> ResultMembers<'a> {
    fn see(&mut self, name: &[u8], value: &'a [u8]) {
        let member = match &*scan::unescaped(name) {
            "isError" => &mut self.is_error,
            "resultType" => &mut self.result_type,
            "action" => &mut self.action,
            "inputRequests" => &mut self.input_requests,
            "serverInfo" => &mut self.server_info,
            "protocolVersion" => &mut self.protocol_version,
            "tools" => &mut self.tools,
            "taskId" => &mut self.task.id,
            "status" => &mut self.task.status,
            "result" => &mut self.task.result,
            "task" => &mut self.nested_task,
            _ => return,
        };
        *member = Some(value);
    }
}

fn result_body(found: &ResultMembers<'_>, settings: &Settings) -> ResultBody {
    let result_type = found.result_type.and_then(scan::text);
    let mut body = ResultBody {
        is_error: found.is_error == Some(b"true"),
        is_input_required: result_type.as_deref() == Some("input_required"),
        task: match found.nested_task {
            Some(nested) => TaskMembers {
                id: scan::member(nested, "taskId"),
                status: scan::member(nested, "status"),
                result: None,
            }
            .read(),
            None => found.task.read(),
        },
        action: found.action.and_then(name_text),
        inputs: inputs(found.input_requests, settings),
        peer: Peer {
            name: found.server_info.and_then(implementation),
            protocol_version: found.protocol_version.and_then(name_text),
        },
        tools: Vec::new(),
    };
    if let Some(tools) = found.tools {
        let _ = scan::elements(tools, |tool| {
            if body.tools.len() < MAX_LISTED {
                let hint = scan::at_path(tool, &["annotations", "destructiveHint"]);
                let name = scan::member(tool, "name").and_then(name_text);
                body.tools
                    .extend(name.map(|name| (name, hint == Some(b"true"))));
            }
        });
    }
    body
}

/// Reads what a server asks for inside of a result, or what it is answered.
fn inputs(members: Option<&[u8]>, settings: &Settings) -> Vec<Input> {
    let mut inputs = Vec::new();
    let _ = scan::members(members.unwrap_or_default(), |key, value| {
        if inputs.len() >= MAX_LISTED {
            return;
        }
        let method = scan::member(value, "method").and_then(scan::text);
        let mode = scan::at_path(value, &["params", "mode"]);
        let mut measured = measure(value, settings);
        measured.recorded = record(
            settings,
            &Content {
                method: method.as_deref().unwrap_or("inputResponses"),
                name: None,
                part: match method {
                    Some(_) => ContentPart::Arguments,
                    None => ContentPart::Result,
                },
                json: &String::from_utf8_lossy(value),
            },
        );
        inputs.push(Input {
            key: cut(&scan::unescaped(key), MAX_NAME),
            method: method.map(|method| cut(&method, MAX_NAME)),
            mode: mode.and_then(name_text),
            action: scan::member(value, "action").and_then(name_text),
            measured,
        });
    });
    inputs
}

/// Returns what is recorded of a content.
pub(crate) fn record(settings: &Settings, content: &Content<'_>) -> Option<Recorded> {
    let redactor = settings.options.redactor.as_ref()?;
    let text = redactor.redact(content)?;
    Some(Recorded::within(settings.options.max_content, text))
}

fn measure(text: &[u8], settings: &Settings) -> Measured {
    Measured {
        bytes: text.len(),
        hmac: (!text.is_empty()).then(|| settings.hmac_key.hmac(text)),
        recorded: None,
    }
}

fn name_text(value: &[u8]) -> Option<String> {
    scan::text(value).map(|text| cut(&text, MAX_NAME))
}

/// Cuts a text of a peer, so that its end says so.
pub(crate) fn cut(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let mut end = max;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

/// Cuts an identifier as it is recorded.
pub(crate) fn cut_id(raw: &str) -> String {
    cut(raw, MAX_NAME)
}

/// Returns `name/version` of an implementation.
fn implementation(value: &[u8]) -> Option<String> {
    let name = scan::member(value, "name").and_then(name_text)?;
    let version = scan::member(value, "version").and_then(name_text);
    Some(match version {
        Some(version) => cut(&format!("{name}/{version}"), MAX_NAME),
        None => name,
    })
}

/// Returns a URI without what may be secret: user info, query, fragment, and the content
/// of `data:`.
fn public_part(uri: &str) -> String {
    if uri
        .get(..5)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"))
    {
        let end = uri.find(',').unwrap_or(uri.len());
        return uri[..end].to_owned();
    }
    let uri = &uri[..uri.find(['?', '#']).unwrap_or(uri.len())];
    let Some((scheme, rest)) = uri.split_once("://") else {
        return uri.to_owned();
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

/// Returns the trace and the span of a `traceparent` of W3C Trace Context.
fn trace_of(traceparent: &str) -> Option<(String, String)> {
    let mut parts = traceparent.split('-');
    let version = parts.next()?;
    let (trace, span) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str, len| {
        text.len() == len
            && text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && text.bytes().any(|byte| byte != b'0')
    };
    let is_valid = version.len() == 2 && version != "ff" && is_hex(trace, 32) && is_hex(span, 16);
    is_valid.then(|| (trace.to_owned(), span.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_uris_are_left_out() {
        for (uri, expected) in [
            ("https://user:pw@host/a/b?token=1#x", "https://host/a/b"),
            ("file:///srv/a%20b.txt", "file:///srv/a%20b.txt"),
            ("https://host?x=@", "https://host"),
            ("https://a@b@host/", "https://host/"),
            ("data:text/plain;base64,c2VjcmV0", "data:text/plain;base64"),
            ("demo:thing?x", "demo:thing"),
            ("https://host/@user", "https://host/@user"),
        ] {
            assert_eq!(public_part(uri), expected, "{uri}");
        }
    }

    #[test]
    fn trace_context() {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (id, span) = trace_of(trace).unwrap();
        assert_eq!(
            (&*id, &*span),
            ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7")
        );
        for malformed in [
            "",
            "00",
            "00-x-y-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        ] {
            assert_eq!(trace_of(malformed), None, "{malformed}");
        }
    }

    #[test]
    fn identifiers() {
        let id = |text: &str| Id::read(text.as_bytes());
        assert_eq!(id("1.0"), id("1"));
        assert_eq!(id("1").unwrap().alike(), id("\"1\""));
        assert_ne!(id("1"), id("\"1\""));
        assert_eq!(id("[]"), None);
        assert_eq!(id("true"), None);
        let long = format!("\"{}\"", "x".repeat(1_000_000));
        assert!(matches!(id(&long), Some(Id::Long(_))));
        assert_eq!(id(&long), id(&long));
    }

    #[test]
    fn texts_of_peers_are_cut_between_characters() {
        assert_eq!(cut("ééé", 5), "éé…");
        assert_eq!(cut("abc", 3), "abc");
    }
}
