//! Starting the server, and carrying bytes between it and the client.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use lokryn_mcp_log::{Auditor, Direction, Session, Verdict};

use crate::lane::{Input, Lane, Output};
use crate::readers::Readers;

/// How the program is to end.
pub(crate) enum Ending {
    Status(i32),
    /// As the server did.
    Signal(i32),
    NotStarted {
        message: String,
        status: u8,
    },
}

/// What shells use for a command that is there and cannot be run, and for one that is
/// not there.
const CANNOT_RUN: u8 = 126;
const NOT_FOUND: u8 = 127;

/// How long nothing must have come after the end of a server, whose output other processes
/// may hold open.
const GRACE: Duration = Duration::from_secs(2);

/// For how many times that a message that is on its way is waited for.
const MAX_QUIET: u32 = 5;

/// Runs a server until it ends.
pub(crate) fn run(auditor: &Auditor, command: &[OsString], max_message: usize) -> Ending {
    // The arguments may hold secrets.
    let name = command.first().map(Path::new).and_then(Path::file_name);
    let name = name.unwrap_or_default().to_string_lossy().into_owned();
    let session = auditor.session("stdio");
    let ending = run_recorded(&session, &name, command, max_message);
    let (status, signal) = match &ending {
        Ending::Status(status) => (Some(*status), None),
        Ending::Signal(signal) => (None, Some(*signal)),
        Ending::NotStarted { .. } => (None, None),
    };
    session.process_stopped(&name, status, signal);
    session.close("process_ended");
    ending
}

fn run_recorded(session: &Session, name: &str, command: &[OsString], max_message: usize) -> Ending {
    if session.process_started(name) != Verdict::Forward {
        return Ending::NotStarted {
            message: "the server is not started: its audit entry could not be written".into(),
            status: crate::CANNOT_START,
        };
    }
    let input = match standard_input() {
        Ok(input) => input,
        Err(err) => {
            return Ending::NotStarted {
                message: format!("standard input: {err}"),
                status: crate::CANNOT_START,
            };
        }
    };
    let mut child = match spawn(command) {
        Ok(child) => child,
        Err(err) => {
            let status = match err.kind() {
                io::ErrorKind::NotFound => NOT_FOUND,
                _ => CANNOT_RUN,
            };
            return Ending::NotStarted {
                message: format!("{name}: {err}"),
                status,
            };
        }
    };
    carry(session, input, &mut child, max_message);
    match child.wait() {
        Ok(status) => ending(status),
        Err(err) => Ending::NotStarted {
            message: format!("{name}: {err}"),
            status: crate::CANNOT_START,
        },
    }
}

fn spawn(command: &[OsString]) -> io::Result<Child> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(io::ErrorKind::NotFound.into());
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        // What a terminal sends to the group of this program is passed on once, not twice.
        command.process_group(0);
    }
    command.spawn()
}

/// Returns standard input, without the buffer of the standard library: what is in it could
/// not be waited for.
#[cfg(unix)]
fn standard_input() -> io::Result<Input> {
    use std::os::fd::AsFd as _;
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    Ok(std::sync::Arc::new(input.into()))
}

#[cfg(unix)]
fn input_of(pipe: ChildStdout) -> Input {
    std::sync::Arc::new(std::os::fd::OwnedFd::from(pipe).into())
}

#[cfg(not(unix))]
fn standard_input() -> io::Result<Input> {
    Ok(Box::new(io::stdin()))
}

#[cfg(not(unix))]
fn input_of(pipe: ChildStdout) -> Input {
    Box::new(pipe)
}

/// Makes a pipe as large as everybody may, so that megabytes pass in fewer turns. What is
/// no pipe stays as it is.
#[cfg(target_os = "linux")]
fn widen(pipe: impl std::os::fd::AsFd) {
    const MAX_UNPRIVILEGED: usize = 1 << 20;
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, MAX_UNPRIVILEGED);
}

#[cfg(not(target_os = "linux"))]
fn widen<P>(_: P) {}

/// Carries bytes both ways until the server has ended.
fn carry(session: &Session, input: Input, child: &mut Child, max_message: usize) {
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return;
    };
    signals::pass_on(child);
    widen(&stdout);
    widen(io::stdin());
    widen(io::stdout());
    // They live as long as the program: a thread may be reading standard input to its end.
    let client = leak(Output::new(io::stdout()));
    let server = leak(Output::new(stdin));
    let lane = |direction, input, sender, receiver| {
        let session = session.clone();
        leak(Lane::new(
            direction,
            session,
            input,
            max_message,
            sender,
            receiver,
        ))
    };
    let to_server = lane(Direction::ToServer, input, client, server);
    let to_client = lane(Direction::ToClient, input_of(stdout), server, client);
    // Elsewhere, the one or the other cannot be waited for together with others.
    let (of_server, of_client) = if cfg!(target_os = "linux") {
        let readers = Readers::start(vec![to_server, to_client]);
        (readers, readers)
    } else {
        let readers = |lane| Readers::start(vec![lane]);
        (readers(to_server), readers(to_client))
    };
    thread::spawn(move || to_server.run(of_client));
    let (sender, has_ended) = mpsc::channel();
    thread::spawn(move || {
        to_client.run(of_server);
        // The client has gone, or the server has said its last word.
        server.close();
        let _ = sender.send(());
    });
    signals::wait_for_end(child);
    let (mut seen, _) = to_client.steps();
    let mut quiet = 0;
    while has_ended.recv_timeout(GRACE).is_err() {
        let (steps, is_idle) = to_client.steps();
        quiet = if steps == seen { quiet + 1 } else { 0 };
        seen = steps;
        if quiet == MAX_QUIET || (quiet > 0 && is_idle) {
            break;
        }
    }
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn ending(status: ExitStatus) -> Ending {
    if let Some(code) = status.code() {
        return Ending::Status(code);
    }
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return Ending::Signal(signal);
        }
    }
    Ending::Status(1)
}

/// Ends the program as a signal would.
pub(crate) fn end_by(signal: i32) -> ! {
    #[cfg(unix)]
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    std::process::exit(128 + signal)
}

#[cfg(unix)]
mod signals {
    use std::process::Child;
    use std::sync::{Arc, Mutex, OnceLock};
    use std::thread;

    use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    use signal_hook::iterator::Signals;

    use crate::lane::lock;

    /// The server, as long as its number is its own.
    static SERVER: OnceLock<Arc<Mutex<Option<Pid>>>> = OnceLock::new();

    /// Sends the signals that this program gets to the server.
    pub(super) fn pass_on(child: &Child) {
        let server = Arc::new(Mutex::new(Some(Pid::from_child(child))));
        let server = SERVER.get_or_init(|| server);
        let passed_on = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2];
        let Ok(mut signals) = Signals::new(passed_on) else {
            return;
        };
        let server = Arc::clone(server);
        thread::spawn(move || {
            for signal in signals.forever() {
                if let (Some(pid), Some(signal)) = (*lock(&server), Signal::from_named_raw(signal))
                {
                    let _ = kill_process(pid, signal);
                }
            }
        });
    }

    /// Waits until the server has ended, and leaves its status to be asked for.
    pub(super) fn wait_for_end(child: &mut Child) {
        let pid = Pid::from_child(child);
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = waitid(WaitId::Pid(pid), options) {}
        if let Some(server) = SERVER.get() {
            lock(server).take();
        }
    }
}

#[cfg(not(unix))]
mod signals {
    use std::process::Child;

    pub(super) fn pass_on(_: &Child) {}

    pub(super) fn wait_for_end(child: &mut Child) {
        let _ = child.wait();
    }
}
