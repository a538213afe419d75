//! An entry with a required part missing does not compile, and the compiler's
//! message names the part. What else is easily got wrong has a message, too.

use std::path::{Path, PathBuf};
use std::process::Command;
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

fn program(left_out: &str) -> String {
    let calls: Vec<_> = PARTS
        .iter()
        .filter(|(part, _)| *part != left_out)
        .map(|(part, argument)| format!("        .{part}({argument})\n"))
        .collect();
    let calls = calls.concat();
    format!(
        "{IMPORTS}fn main() {{\n    let _ = LogEntry::builder()\n{calls}        .build();\n}}\n"
    )
}

const IMPORTS: &str = "#![allow(unused_imports)]\n\
    use lokryn_compliance_log::{EventType, LogEntry, LogEntryBuilder, Outcome, Sensitivity};\n\n";

/// Other programs that do not compile: their names, what they do, and the message.
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

/// A package with one program for each part left out, and one with all parts.
fn package() -> PathBuf {
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
    for (part, _) in PARTS {
        let without = programs.join(format!("without_{part}.rs"));
        fs::write(without, program(part)).unwrap();
    }
    for (name, code, _) in MISTAKES {
        let mistake = programs.join(format!("{name}.rs"));
        fs::write(mistake, format!("{IMPORTS}{code}\n")).unwrap();
    }
    fs::write(programs.join("complete.rs"), program("nothing")).unwrap();
    package
}

#[test]
fn only_the_complete_entry_compiles() {
    let package = package();
    let output = Command::new(env::var_os("CARGO").unwrap())
        .current_dir(&package)
        .args(["check", "--offline", "--bins", "--keep-going"])
        .args(["--message-format", "short", "--target-dir"])
        .arg(package.join("target"))
        .output()
        .unwrap();
    let messages = String::from_utf8(output.stderr).unwrap();
    let errors_in = |program: &str| -> Vec<&str> {
        let file = format!("src/bin/{program}.rs:");
        let errors = messages.lines().filter(|line| line.contains("error"));
        errors.filter(|line| line.starts_with(&file)).collect()
    };

    assert!(
        messages.contains("could not compile `incomplete`"),
        "{messages}"
    );
    assert!(errors_in("complete").is_empty(), "{messages}");
    for (part, _) in PARTS {
        let errors = errors_in(&format!("without_{part}"));
        let [error] = errors[..] else {
            panic!("without {part}: {errors:?} of {messages}");
        };
        assert!(
            error.contains("error[E0277]: the entry is incomplete: `"),
            "{error}"
        );
        let message = error.split("incomplete").last().unwrap_or_default();
        for (named, _) in PARTS {
            assert_eq!(
                message.contains(named),
                named == part,
                "without {part}: {error}"
            );
        }
    }
    for (name, code, message) in MISTAKES {
        let errors = errors_in(name);
        let [error] = errors[..] else {
            panic!("{code}: {errors:?} of {messages}");
        };
        assert!(error.contains(message), "{code}: {error}");
    }
}
