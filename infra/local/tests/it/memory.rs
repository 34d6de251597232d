//! A document of 50 MB.

use std::io::Write;
use std::path::Path;

use crate::support::{Endpoint, directory, example, run};

/// The most memory a process had, in KiB, read while it waits to be waited for.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn write_large(path: &Path) -> u64 {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    let id = uuid::Uuid::from_u128(50);
    write!(file, r#"{{"version":"2.0","item":{{"name":"large","source_info":{{"item_id":"{id}"}}}},"annotations":["#).unwrap();
    let annotation = format!(
        r#"{{"id":"x","raster_layer":{{"dense_rle":[{}1]}}}},"#,
        "0,12,".repeat(2000)
    );
    for _ in 0..5000 {
        file.write_all(annotation.as_bytes()).unwrap();
    }
    file.write_all(b"{}]}\n").unwrap();
    file.flush().unwrap();
    file.get_ref().metadata().unwrap().len()
}

#[test]
fn fifty_megabytes_are_delivered_below_400_mb_of_memory() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let path = state.path().join("large.json");
    let length = write_large(&path);
    assert!(length > 50_000_000, "{length}");
    for (stage, whole) in [("Check", true), ("Notify", false)] {
        let mut child = run(
            &endpoint,
            &state.path().join(stage),
            &example("workflow.json"),
            &[&path],
        )
        .args(["--stage", stage])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
        let mut most = 0;
        let status = loop {
            most = most.max(peak(child.id()).unwrap_or(0));
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_millis(2));
        };
        assert_eq!(status.code(), Some(0));
        let body = endpoint.calls().pop().unwrap().body;
        if whole {
            assert!(
                body == std::fs::read(&path).unwrap(),
                "the body is not the file"
            );
        } else {
            assert!(body.len() < 1000, "{}", body.len());
        }
        println!("{stage}: {length} bytes, peak {most} KiB");
        assert!(most > 0 && most < 400_000, "{most} KiB");
    }
}
