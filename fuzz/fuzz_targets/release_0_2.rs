#![no_main]

lokryn_compliance_log_fuzz::target!(release_0_2::Release02);
