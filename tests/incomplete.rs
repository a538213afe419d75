//! An entry with a required part missing does not compile, and the compiler's
//! message names the part. What else is easily got wrong has a message, too.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

/// The setters of the required parts, with arguments.
const PARTS: [(&str, &str); 7] = [
    ("event_type", "EventType::Login"),
    ("outcome", "Outcome::Success"),
    ("actor_id", r#""user-12345""#),
    ("component", r#""auth-service""#),
    ("environment", r#""production""#),
    ("resource", r#""auth/login""#),
    ("sensitivity", "Sensitivity::Internal"),
];

const IMPORTS: &str = "#![allow(unused_imports)]\n\
    use lokryn_compliance_log::{EventType, LogEntry, LogEntryBuilder, Outcome, Sensitivity};\n\n";

/// A program that builds an entry of all the parts, or of all but one.
fn program(left_out: Option<&str>) -> String {
    let calls: Vec<_> = PARTS
        .iter()
        .filter(|(part, _)| Some(*part) != left_out)
        .map(|(part, argument)| format!("        .{part}({argument})\n"))
        .collect();
    let calls = calls.concat();
    format!(
        "{IMPORTS}fn main() {{\n    let _ = LogEntry::builder()\n{calls}        .build();\n}}\n"
    )
}

/// Other programs that do not compile: name, code, and the error.
const MISTAKES: [(&str, &str, &str); 4] = [
    (
        "payload_of_text",
        "fn main() { let _ = LogEntry::builder().payload(\"text\"); }",
        "error[E0277]: `&str` is no payload as it stands",
    ),
    (
        "payload_of_struct",
        "struct Export;\nfn main() { let _ = LogEntry::builder().payload(Export); }",
        "error[E0277]: `Export` is no payload as it stands",
    ),
    (
        "helper_without_parts",
        "fn main() {}\npub fn f(entry: LogEntryBuilder) -> LogEntry { entry.build() }",
        "error[E0107]: missing generics for struct `LogEntryBuilder`",
    ),
    (
        "helper_with_any_parts",
        "fn main() {}\npub fn f<P>(entry: LogEntryBuilder<P>) -> LogEntry { entry.build() }",
        "error[E0277]: the entry may be incomplete: `P` can be any parts",
    ),
];

/// Writes a package of all these programs, and returns what the compiler says of them.
fn check() -> String {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("incomplete");
    let programs = package.join("src/bin");
    fs::create_dir_all(&programs).unwrap();
    let manifest = format!(
        "[package]\nname = \"incomplete\"\nedition = \"2024\"\n\n\
         [dependencies.lokryn-compliance-log]\npath = {:?}\ndefault-features = false\n\n\
         [workspace]\n",
        env!("CARGO_MANIFEST_DIR"),
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    // The same versions as here, so that nothing has to be downloaded.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
    fs::write(package.join("Cargo.lock"), fs::read(lock).unwrap()).unwrap();
    let write = |name: &str, program: String| {
        fs::write(programs.join(format!("{name}.rs")), program).unwrap();
    };
    write("complete", program(None));
    for (part, _) in PARTS {
        write(&format!("without_{part}"), program(Some(part)));
    }
    for (name, code, _) in MISTAKES {
        write(name, format!("{IMPORTS}{code}\n"));
    }
    let output = Command::new(env::var_os("CARGO").unwrap())
        .current_dir(&package)
        .args(["check", "--offline", "--bins", "--keep-going"])
        .args(["--message-format", "short", "--target-dir"])
        .arg(package.join("target"))
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    assert!(
        messages.contains("could not compile `incomplete`"),
        "{messages}"
    );
    messages
}

static MESSAGES: LazyLock<String> = LazyLock::new(check);

/// The errors in a program, a line each.
fn errors_in(program: &str) -> Vec<&'static str> {
    let file = format!("src/bin/{program}.rs:");
    let lines = MESSAGES.lines().filter(|line| line.starts_with(&file));
    lines.filter(|line| line.contains("error")).collect()
}

#[track_caller]
fn only_error_in(program: &str) -> &'static str {
    let errors = errors_in(program);
    let [error] = errors[..] else {
        panic!("{program}: {errors:?} of {}", *MESSAGES);
    };
    error
}

#[test]
fn only_the_complete_entry_compiles() {
    assert!(errors_in("complete").is_empty(), "{}", *MESSAGES);
    for (part, _) in PARTS {
        let error = only_error_in(&format!("without_{part}"));
        let (_, message) = error
            .split_once("error[E0277]: the entry is incomplete: `")
            .unwrap_or_else(|| panic!("without {part}: {error}"));
        for (named, _) in PARTS {
            assert_eq!(
                message.contains(named),
                named == part,
                "without {part}: {error}"
            );
        }
    }
}

#[test]
fn other_mistakes_have_a_message_too() {
    for (name, code, message) in MISTAKES {
        let error = only_error_in(name);
        assert!(error.contains(message), "{code}: {error}");
    }
}
