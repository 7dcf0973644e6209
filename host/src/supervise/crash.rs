//! Switches for tests: named points at which this process kills itself, to see that the next one goes on, and misdeeds of workers.
//! Without their environment variables they do nothing.

use std::net::TcpStream;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use rustix::process::{Signal, getpid, kill_process};

/// The environment variable that names the point.
const VARIABLE: &str = "WASMUX_TEST_CRASH_AT";

/// The environment variable with the misdeed of all workers, for tests.
const MISDEED: &str = "WASMUX_TEST_WORKER";

/// What begins the name of a point at which to wait instead of dying.
const PAUSE: &str = "pause:";
/// How long to wait there.
const PAUSED: Duration = Duration::from_secs(3);

/// Dies here, as by SIGKILL, where a test asks for it; or waits.
pub fn crash_point(name: &str) {
    static POINT: OnceLock<Option<String>> = OnceLock::new();
    let Some(point) = POINT.get_or_init(|| std::env::var(VARIABLE).ok()) else { return };
    if point == name {
        // Nothing can be said if even this is refused.
        let _ = kill_process(getpid(), Signal::KILL);
    } else if point.strip_prefix(PAUSE) == Some(name) {
        thread::park_timeout(PAUSED);
    }
}

/// What a test wants workers to do.
pub(super) fn misdeed() -> Option<String> {
    std::env::var(MISDEED).ok()
}

/// Does what a test asks of a worker: crashes, hangs, eats memory, or is killed in its first attempt.
pub fn misbehave(misdeed: &str, attempt: u32) {
    let signal = |signal| {
        // A handler may swallow the first one.
        for _ in 0..10 {
            let _ = kill_process(getpid(), signal);
        }
    };
    match misdeed {
        "segfault" => signal(Signal::SEGV),
        "abort" => std::process::abort(),
        "hang" => loop {
            thread::park();
        },
        "eat-memory" => {
            let mut eaten: Vec<Vec<u8>> = Vec::new();
            loop {
                eaten.push(vec![1; 16 << 20]);
            }
        }
        "be-killed" => signal(Signal::KILL),
        "be-killed-once" if attempt == 1 => signal(Signal::KILL),
        "terminate-once" if attempt == 1 => signal(Signal::TERM),
        "snoop" => snoop(),
        "babble" => println!("this is no report"),
        "forge" => println!(
            r#"{{"Done":{{"outputs":[{{"target":0,"uri":"oss://test-bucket/forged.mp4","name":"../../../../secret","facts":null}}],"warnings":[]}}}}"#
        ),
        _ => {}
    }
}

/// Tries what a worker must not be able to do, and crashes where anything of it succeeds.
fn snoop() {
    let done = [
        ("read a file of the system", std::fs::read("/etc/passwd").is_ok()),
        ("list the root folder", std::fs::read_dir("/").is_ok()),
        ("write to the folder for temporary files", std::fs::write("/tmp/wasmux-snoop", "x").is_ok()),
        ("start a program", std::process::Command::new("/bin/true").status().is_ok()),
        ("connect to a port", reaches_the_network()),
        ("see a credential", std::env::var_os("AWS_SECRET_ACCESS_KEY").is_some()),
    ];
    for (what, succeeded) in done {
        if succeeded {
            eprintln!("this worker could {what}");
            std::process::abort();
        }
    }
}

/// Whether a connection is refused by the restriction and not only by the absence of a listener.
fn reaches_the_network() -> bool {
    let refused = TcpStream::connect(("127.0.0.1", 9)).err();
    refused.is_none_or(|error| error.kind() != std::io::ErrorKind::PermissionDenied)
}
