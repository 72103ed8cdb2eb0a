//! `docs/alerts.yml` against what is served: every loss has an alert, and every alert watches metrics that are there.

use std::collections::BTreeSet;

use bc_schema::LossReason;
use serde_norway::Value;

use crate::recording::recording;
use crate::site::site;

const RULES: &str = include_str!("../../../docs/alerts.yml");

/// Names and expressions of all alerts.
fn alerts() -> Vec<(String, String)> {
    let rules: Value = serde_norway::from_str(RULES).unwrap();
    let rules = rules["groups"][0]["rules"].as_sequence().unwrap().clone();
    let text = |rule: &Value, field: &str| rule[field].as_str().unwrap().to_owned();
    for rule in &rules {
        for part in ["summary", "description"] {
            assert!(rule["annotations"][part].is_string(), "{rule:?}");
        }
        assert!(rule["labels"]["severity"].is_string(), "{rule:?}");
    }
    rules
        .iter()
        .map(|rule| (text(rule, "alert"), text(rule, "expr")))
        .collect()
}

#[test]
fn every_loss_has_an_alert_of_its_own() {
    let alerts = alerts();
    let names: BTreeSet<&String> = alerts.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), alerts.len(), "an alert's name is used twice");
    for reason in LossReason::ALL {
        let series = format!(
            "bubble_chamber_losses_total{{reason=\"{}\"}}",
            reason.name()
        );
        let watching = alerts
            .iter()
            .filter(|(_, watches)| watches.contains(&series));
        assert_eq!(watching.count(), 1, "docs/alerts.yml on {}", reason.name());
    }
}

#[test]
fn one_machine_of_many_that_is_gone_is_noticed() {
    let (_, job) = RULES.split_once("{job_name: ").unwrap();
    let (job, _) = job.split_once(',').unwrap();
    let (_, watches) = alerts()
        .into_iter()
        .find(|(name, _)| name == "BubbleChamberDown")
        .unwrap();
    // Prometheus's own series of whether it was answered, by the job that the file's head has it scraped as: ours are then missing on that
    // machine alone, which `absent` does not see.
    assert!(
        watches.contains(&format!("up{{job=\"{job}\"}} == 0")),
        "{watches}"
    );
}

#[tokio::test]
async fn every_alert_watches_what_is_served() {
    let site = site(&recording()).await;
    site.health.send_modify(|health| {
        health.ring_bytes = Some((1, 2));
        health.disk_bytes = Some((1, 2));
    });
    let served = site.bare("/metrics").await.body;
    for (name, watches) in alerts() {
        let series = watches
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .filter(|word| word.starts_with("bubble_chamber_"));
        let mut seen = 0;
        for series in series {
            seen += 1;
            assert!(
                served.lines().any(|line| line
                    .strip_prefix(series)
                    .is_some_and(|rest| rest.starts_with([' ', '{']))),
                "{name} watches {series}, which is not served"
            );
        }
        assert!(seen > 0, "{name} watches nothing of ours: {watches}");
        for reason in watches.split("reason=\"").skip(1) {
            let known = |known: &&LossReason| reason.split('"').next() == Some(known.name());
            assert!(LossReason::ALL.iter().any(|one| known(&one)), "{watches}");
        }
    }
}
