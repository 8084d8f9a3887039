//! The published schema of the summary, as a user's tools would apply it.
#![allow(dead_code, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use serde_json::Value;

/// Panics with every fault when a summary does not fit its schema.
pub(crate) fn check(summary: &Value) {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/assets/summary.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&text).unwrap()).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(summary)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(
        faults.is_empty(),
        "the summary does not fit its schema:\n{}",
        faults.join("\n")
    );
    balance(summary);
    for series in ["response", "service", "wait", "connect"] {
        rise(&summary["latency"][series]);
    }
}

/// A number of the summary, by its path: `/books/sent`.
pub(crate) fn number(summary: &Value, pointer: &str) -> u64 {
    summary
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_else(|| panic!("no whole number at {pointer} in {summary:#}"))
}

/// A text of the summary, by its path; empty where it is null.
pub(crate) fn text<'a>(summary: &'a Value, pointer: &str) -> &'a str {
    summary.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

/// What the schema cannot say: percentiles rise, and the mean lies between the ends.
fn rise(series: &Value) {
    let order = [
        "min_ms", "p50_ms", "p75_ms", "p90_ms", "p95_ms", "p99_ms", "p999_ms", "p9999_ms", "max_ms",
    ];
    let told: Vec<f64> = order.iter().filter_map(|name| series[name].as_f64()).collect();
    assert!(told.is_sorted(), "{series:#}");
    if let Some(mean) = series["mean_ms"].as_f64() {
        // Both are rounded to the nanosecond.
        assert!(told[0] - 1e-6 <= mean && mean <= told[told.len() - 1] + 1e-6, "{series:#}");
    }
    assert_eq!(series["count"] == 0, told.is_empty(), "{series:#}");
}

/// What the schema cannot say: both sums hold.
fn balance(summary: &Value) {
    let n = |name: &str| number(summary, &format!("/books/{name}"));
    let books = &summary["books"];
    assert_eq!(
        n("scheduled"),
        n("sent") + n("unsent") + n("queued") + n("shed") + n("not_sent"),
        "{books:#}"
    );
    assert_eq!(
        n("sent"),
        n("ok") + n("bad_status") + n("failed") + n("aborted") + n("in_flight"),
        "{books:#}"
    );
    let errors: u64 = summary["errors"]
        .as_object()
        .unwrap()
        .values()
        .filter_map(Value::as_u64)
        .sum();
    assert_eq!(errors, n("failed") + n("unsent"), "{:#}", summary["errors"]);
}
