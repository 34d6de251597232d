#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| tests::inputs::template::check(input));
