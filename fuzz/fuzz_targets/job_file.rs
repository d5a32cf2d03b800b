//! libFuzzer's door to [`headwater_fuzz::job_file`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| headwater_fuzz::job_file::run(data));
