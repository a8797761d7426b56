//! The store in files.

use std::time::Duration;

use tokio::time::timeout;

use super::*;

#[tokio::test(start_paused = true)]
async fn limits_threads_that_wait_for_files() {
    let slots = FileSlots::new();
    let mut waiting = Vec::new();
    for _ in 0..32 {
        waiting.push(slots.acquire().await);
    }
    assert!(timeout(Duration::from_secs(1), slots.acquire()).await.is_err());
    waiting.pop();
    assert!(timeout(Duration::from_secs(1), slots.acquire()).await.is_ok());
}

#[test]
fn removes_probe_and_notices_write_errors() {
    let directory = tempfile::tempdir().unwrap();
    let fs = FileSystem::with_base_path(directory.path().to_str().unwrap());
    try_to_write(&fs).unwrap();
    assert_eq!(
        std::fs::read_dir(directory.path().join("sessions"))
            .unwrap()
            .count(),
        0
    );
    std::fs::remove_dir(directory.path().join("sessions")).unwrap();
    std::fs::write(directory.path().join("sessions"), "").unwrap();
    assert!(try_to_write(&fs).is_err());
}
