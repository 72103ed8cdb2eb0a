//! Tables to download, byte for byte.

use crate::recording::{FULL, SHORT, T0, exec, process, recording};
use crate::site::{site, token_for};

/// The cells of a table without line breaks in them.
fn cells(table: &str) -> Vec<Vec<String>> {
    assert!(table.ends_with("\r\n"), "{table:?}");
    let row = |line: &str| {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for c in line.chars() {
            match c {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                c => cells.last_mut().unwrap().push(c),
            }
        }
        cells
    };
    table.trim_end().split("\r\n").map(row).collect()
}

#[tokio::test]
async fn processes_as_a_table() {
    let mut batches = recording();
    let mut formula = exec(2, T0 * 1_000_000_000 + 3_000_000_000, "/x", &["a,b"]);
    formula.name = "=1+1".into();
    batches[0].execs.push(formula);
    let site = site(&batches).await;
    let path = format!("/api/v1/containers/{FULL}/processes.csv");
    let answer = site.get(&path).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "text/csv; charset=utf-8; header=present"
    );
    let name = format!("attachment; filename=\"{SHORT}-processes.csv\"");
    assert_eq!(answer.header("content-disposition"), name);
    let table = cells(&answer.body);
    assert_eq!(table.len(), 4);
    assert!(table.iter().all(|row| row.len() == table[0].len()));
    let at = |row: usize, column: &str| {
        let place = table[0].iter().position(|name| name == column).unwrap();
        table[row][place].as_str()
    };
    assert_eq!(at(1, "pid"), "10");
    assert_eq!(
        (at(1, "end_ms"), at(1, "exit_code"), at(1, "oom_killed")),
        ("", "", "")
    );
    assert_eq!(at(1, "cpu_ns"), "1000000000");
    assert_eq!(at(2, "name"), "'=1+1");
    assert_eq!(at(2, "id"), process(2).to_string());
    assert_eq!((at(2, "exit_code"), at(2, "signal")), ("3", ""));
    assert_eq!((at(3, "signal"), at(3, "signal_name")), ("9", "SIGKILL"));
    assert_eq!(at(3, "start_ms"), (T0 * 1000 + 7000).to_string());
    assert_eq!(
        (at(3, "rss_bytes"), at(3, "peak_rss_bytes")),
        ("", "52428800")
    );
    assert!(
        answer.body.contains(r#",/x,"[""a,b""]",false,"#),
        "{}",
        answer.body
    );

    let filtered = site.get(&format!("{path}?signal=9")).await;
    assert_eq!(cells(&filtered.body).len(), 2);
    assert_eq!(site.get(&format!("{path}?sort=size")).await.status, 400);
    assert_eq!(site.get_as(&path, &token_for("job_7")).await.status, 403);
    assert_eq!(site.bare(&path).await.status, 401);
}

#[tokio::test]
async fn usage_as_a_table() {
    let site = site(&recording()).await;
    let query = "metric=cpu&top=1&resolution=s";
    let answer = site
        .get(&format!("/api/v1/containers/{FULL}/usage.csv?{query}"))
        .await;
    let name = format!("attachment; filename=\"{SHORT}-cpu.csv\"");
    assert_eq!(answer.header("content-disposition"), name);
    let table = cells(&answer.body);
    assert_eq!(
        table[0].join(","),
        "time_ms,covered_ms,process,pid,name,mean_ns_per_s,min_ns_per_s,max_ns_per_s"
    );
    // Ten steps of the total, of the first, and of the others.
    assert_eq!(table.len(), 31);
    let drawn = site
        .json(&format!("/api/v1/containers/{FULL}/usage?{query}"))
        .await;
    for (step, row) in table[1..=10].iter().enumerate() {
        assert_eq!(row[0], drawn["times_ms"][step].to_string());
        assert_eq!(row[2], "total");
        assert_eq!(row[5], drawn["total"]["mean"][step].to_string());
        assert_eq!(row[7], drawn["total"]["max"][step].to_string());
    }
    let first = &table[11];
    assert_eq!(
        (first[2].as_str(), first[4].as_str()),
        (process(2).to_string().as_str(), "burn")
    );
    assert_eq!(
        (first[5].as_str(), table[13][5].as_str()),
        ("", "1000000000")
    );
    assert_eq!(table[30][2], "others");
}
