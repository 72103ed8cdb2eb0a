//! Levels and what is unknown of them: gauges are the last sample's, the highest RSS of a bucket is kept, absent is not zero.

use bc_schema::store::ProcessQuery;
use bc_schema::{Batch, Metric, Metrics, Resolution, Sample, TimeRange};

use super::usage::series;
use crate::build::{at, id, one_process, sample};
use crate::subject::Fresh;

pub(crate) async fn what_is_unknown_is_not_zero(fresh: Fresh<'_>) {
    let subject = fresh();
    let unknown = sample(1, at(1), Metrics::EMPTY.with(Metric::SwapBytes, 0));
    subject
        .write(Batch {
            samples: vec![unknown],
            ..one_process()
        })
        .await;
    for resolution in Resolution::ALL {
        let point = series(&subject, resolution, TimeRange::EVER)
            .await
            .remove(0)
            .points
            .remove(0);
        assert_eq!(
            (point.usage, point.max_rss_bytes),
            (Metrics::EMPTY.with(Metric::SwapBytes, 0), None),
            "{resolution}"
        );
    }
    let processes = subject
        .processes(&id("c"), &ProcessQuery::default())
        .await
        .unwrap();
    assert_eq!(
        processes[0].totals,
        Metrics::EMPTY.with(Metric::SwapBytes, 0)
    );
    assert_eq!(
        subject
            .container(&id("c"))
            .await
            .unwrap()
            .unwrap()
            .rss_bytes,
        None
    );
}

pub(crate) async fn the_highest_rss_of_a_bucket_is_kept(fresh: Fresh<'_>) {
    let subject = fresh();
    let with_rss = |second: u64, rss: u64, max_rss_bytes: [u64; 3]| Sample {
        max_rss_bytes: max_rss_bytes.map(Some),
        ..sample(1, at(second), Metrics::EMPTY.with(Metric::RssBytes, rss))
    };
    // The recorder starts again after second 10 and knows nothing of what was before.
    let samples = vec![
        with_rss(5, 50, [90, 90, 90]),
        with_rss(10, 40, [90, 90, 90]),
        with_rss(11, 30, [30, 30, 30]),
        with_rss(70, 60, [60, 60, 60]),
    ];
    subject
        .write(Batch {
            samples,
            ..one_process()
        })
        .await;
    let highest = async |resolution| {
        let points = series(&subject, resolution, TimeRange::EVER)
            .await
            .remove(0)
            .points;
        points
            .iter()
            .map(|point| {
                (
                    point.usage.get(Metric::RssBytes).unwrap(),
                    point.max_rss_bytes.unwrap(),
                )
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(
        highest(Resolution::Second).await,
        [(50, 50), (40, 40), (30, 30), (60, 60)]
    );
    assert_eq!(highest(Resolution::Minute).await, [(30, 90), (60, 60)]);
    assert_eq!(highest(Resolution::Hour).await, [(60, 90)]);
    assert_eq!(highest(Resolution::Day).await, [(60, 90)]);
}
