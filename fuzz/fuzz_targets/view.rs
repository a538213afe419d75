#![no_main]

use std::sync::{LazyLock, Mutex};

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log_fuzz::{Counted, view::View};

static CHECK: LazyLock<Mutex<Counted<View>>> = LazyLock::new(Mutex::default);

fuzz_target!(|bytes: &[u8]| CHECK.lock().unwrap().bytes(bytes));
