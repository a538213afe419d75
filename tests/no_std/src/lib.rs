//! Builds, encodes and decodes an entry without std.
#![no_std]

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;
use core::ptr::null_mut;

use lokryn_compliance_log::{EventType, LogEntry, LogEntryView, Outcome, Sensitivity};

struct NoMemory;

unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        null_mut()
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

#[unsafe(no_mangle)]
pub extern "C" fn round_trip() -> bool {
    let entry = LogEntry::builder()
        .event_type(EventType::ProcessStart)
        .outcome(Outcome::Success)
        .actor_id("firmware")
        .component("boot")
        .environment("production")
        .resource("image/a")
        .sensitivity(Sensitivity::Internal)
        .build();
    let bytes = LogEntryView::from(&entry).encode_to_vec();
    LogEntryView::decode(&bytes).is_ok_and(|view| view.validate().is_ok())
}

#[cfg(feature = "json")]
#[unsafe(no_mangle)]
pub extern "C" fn json_payload() -> bool {
    let payload = lokryn_compliance_log::Payload::json(&[1, 2]);
    let entry = LogEntry {
        payload: payload.unwrap_or_default().into(),
        ..LogEntry::default()
    };
    entry.json_payload::<[u8; 2]>().is_ok()
}

#[cfg(feature = "cbor")]
#[unsafe(no_mangle)]
pub extern "C" fn cbor_payload() -> bool {
    let payload = lokryn_compliance_log::Payload::cbor(&[1, 2]);
    let entry = LogEntry {
        payload: payload.unwrap_or_default().into(),
        ..LogEntry::default()
    };
    entry.cbor_payload::<[u8; 2]>().is_ok()
}
