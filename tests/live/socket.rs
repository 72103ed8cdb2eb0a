//! The socket that every user can reach: whatever is said there, `up` goes on, and nobody gets what is not theirs.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::program::turn;
use crate::harness::up::{Data, RUNS_WITHIN};
use crate::harness::user::{NOBODY, SOMEBODY, User};

/// What is answered to a line; empty when the connection is ended instead.
fn answer(stream: &mut UnixStream, line: &[u8]) -> String {
    // It may be closed before all of it is read.
    let _ = stream.write_all(line);
    let mut said = Vec::new();
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {
        if byte[0] == b'\n' {
            break;
        }
        said.push(byte[0]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn runs(user: User, data: &Data, id: &str) {
    user.run(data, &["--id", id], &["true"])
        .finish(RUNS_WITHIN)
        .success();
}

#[test]
fn nobody_speaks_for_another() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let socket = up.socket();
    runs(SOMEBODY, &data, "theirs");
    up.api.past("theirs");
    let refused = |stream: &mut UnixStream, question: &str, why: &str| {
        let said = answer(stream, format!("{question}\n").as_bytes());
        assert!(
            said.starts_with(r#"{"answer":"refused""#) && said.contains(why),
            "{question}: {said}"
        );
    };
    let mut stream = NOBODY.connect(&socket, 1).remove(0);
    refused(
        &mut stream,
        r#"{"ask":"token","id":"theirs","good_for_s":60}"#,
        "no run of yours",
    );
    refused(
        &mut stream,
        r#"{"ask":"token","id":"never-was","good_for_s":60}"#,
        "no run of yours",
    );
    refused(
        &mut stream,
        r#"{"ask":"finish","id":"theirs","patience_ms":1000}"#,
        "no run of yours",
    );
    refused(
        &mut stream,
        r#"{"ask":"hand_over"}"#,
        "an `up` records here",
    );
    // This process is root's; only a thread of it connected as somebody else. It must not be moved for them.
    let own = || std::fs::read_to_string("/proc/self/cgroup").expect("/proc is there");
    let before = own();
    refused(
        &mut stream,
        r#"{"ask":"record","id":"stolen","again":false,"command":["x"],"uid":0,"pid":1}"#,
        "not the user's",
    );
    assert_eq!(own(), before);
    assert!(up.api.container("stolen").is_none());

    up.stop();
}

#[test]
fn whatever_is_said_there_it_goes_on() {
    let _turn = turn();
    let data = Data::new();
    let up = data.up(&[]);
    let socket = up.socket();
    let garbage: [&[u8]; 6] = [
        b"\n",
        b"\xff\xfe\x00\n",
        b"{\"ask\":\"record\"}\n",
        b"[[[[[[[[[[[[[[[[[[[[[[\n",
        b"{\"ask\":\"record\",\"id\":\"\",\"again\":true,\"command\":[]}\n",
        b"{\"ask\":\"finish\",\"id\":\"x\",\"patience_ms\":-1}\n",
    ];
    let mut stream = NOBODY.connect(&socket, 1).remove(0);
    for line in garbage {
        let said = answer(&mut stream, line);
        assert!(said.contains("refused"), "{line:?}: {said}");
    }
    let huge = vec![b'{'; 10_000_000];
    let said = answer(&mut NOBODY.connect(&socket, 1).remove(0), &huge);
    assert!(said.is_empty() || said.contains("refused"), "{said}");

    // Half a question, and then nothing: let go after a while, and in nobody's way until then.
    let mut silent = NOBODY.connect(&socket, 1).remove(0);
    silent
        .write_all(b"{\"ask\":")
        .expect("it takes a beginning");
    runs(SOMEBODY, &data, "beside-the-silent");
    assert_eq!(silent.read(&mut [0]).expect("it is let go"), 0);

    // A thousand connections of one user: most are sent away, and others still get in.
    let mut thousand = NOBODY.connect(&socket, 1000);
    runs(SOMEBODY, &data, "beside-a-thousand");
    let sent_away = |stream: &mut UnixStream| {
        let mut said = String::new();
        stream.read_to_string(&mut said).is_ok() && said.contains("busy")
    };
    let busy = thousand
        .iter_mut()
        .map(sent_away)
        .filter(|away| *away)
        .count();
    assert!(
        (900..1000).contains(&busy),
        "{busy} of a thousand were sent away"
    );
    drop(thousand);
    runs(NOBODY, &data, "after-a-thousand");

    for id in ["beside-the-silent", "beside-a-thousand", "after-a-thousand"] {
        assert_eq!(up.api.past(id).processes, 1);
    }
    up.stop();
}
