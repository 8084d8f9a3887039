//! Everything Will Flow as text, JSON and a picture. Lengths of time are in time units: no second is meant.
//! It refuses to simulate and to draw at random: everything comes from the [`Flow`].

mod json;
mod map;
mod panel;
mod scale;
mod svg;
mod text;
mod words;

pub use json::json;
pub use svg::svg;
pub use text::text;

use crate::model::format::MISSING;
use crate::telemetry::flow::Flow;
use serde_json::to_writer_pretty;
use std::io::{self, Write};

/// Writes the JSON report, ending with a line end.
///
/// # Errors
/// What `out` says.
pub fn write_json(flow: &Flow, command: &str, out: &mut dyn Write) -> io::Result<()> {
    to_writer_pretty(&mut *out, &json(flow, command))?;
    writeln!(out)
}

/// A length of time, a queue or a rate with about three digits: `0.74`, `4.61`, `46.2`, `2,310`; `—` for none.
fn figure(value: Option<f64>) -> String {
    let Some(v) = value.filter(|v| v.is_finite()) else {
        return MISSING.into();
    };
    if v == 0.0 {
        "0".into()
    } else if v < 9.995 {
        format!("{v:.2}")
    } else if v < 99.95 {
        format!("{v:.1}")
    } else {
        crate::model::format::count(v.round() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::demand::Overflow;
    use crate::sim::ewf::Experiment;
    use crate::telemetry::flow::Bound;

    fn flow(bound: Option<(u64, Overflow)>) -> Flow {
        Experiment {
            consumers: 2,
            bound: bound.map(|(waiting, overflow)| Bound { waiting, overflow }),
            length: 20_000,
            ..Experiment::default()
        }
        .run()
    }

    fn all() -> Vec<Flow> {
        [None, Some(Overflow::Drop), Some(Overflow::Reject), Some(Overflow::Block)]
            .map(|o| flow(o.map(|o| (12, o))))
            .into()
    }

    /// The names of an XML document's elements as opened, or what is wrong with it.
    fn elements(xml: &str) -> Result<Vec<String>, String> {
        let (mut open, mut seen) = (Vec::new(), Vec::new());
        let mut rest = xml;
        while let Some(at) = rest.find('<') {
            let words = rest[..at].replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
            if words.contains(['&', '>']) {
                return Err(format!("a bare sign in {words:?}"));
            }
            let end = rest[at..].find('>').ok_or("an element is not closed")? + at;
            let tag = &rest[at + 1..end];
            rest = &rest[end + 1..];
            if let Some(name) = tag.strip_prefix('/') {
                if open.pop().as_deref() != Some(name) {
                    return Err(format!("</{name}> closes something else"));
                }
                continue;
            }
            let inner = tag.strip_suffix('/').unwrap_or(tag);
            if inner.contains('<') || inner.matches('"').count() % 2 == 1 {
                return Err(format!("quotes of <{tag}>"));
            }
            let name = inner.split_whitespace().next().ok_or("an element without a name")?.to_owned();
            if inner.len() == tag.len() {
                open.push(name.clone());
            }
            seen.push(name);
        }
        if open.is_empty() && rest.trim().is_empty() {
            Ok(seen)
        } else {
            Err(format!("left open: {open:?} {rest:?}"))
        }
    }

    #[test]
    fn the_check_of_a_document_finds_what_is_wrong() {
        assert_eq!(elements("<a><b x=\"1\"/>c</a>\n").unwrap(), ["a", "b"]);
        for bad in ["<a>", "<a></b>", "<a>&</a>", "<a x=\"></a>", "<a/>x", "<a>b > c</a>"] {
            assert!(elements(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_picture_is_well_formed_and_has_every_column() {
        for f in all() {
            let picture = svg(&f);

            let names = elements(&picture).unwrap();
            assert_eq!(names[0], "svg");
            assert_eq!(picture.matches("class=\"column\"").count(), 200);
            let empty = picture
                .split("class=\"column\"")
                .skip(1)
                .filter(|c| !c.split("</g>").next().unwrap().contains("<rect"));
            assert_eq!(empty.count(), 0, "no column is bare");
            assert!(!picture.contains("NaN") && !picture.contains("<script") && !picture.contains("href"));
            assert!(picture.contains("1.9895") && picture.contains("80.4 %"));
            let blocks = f.bound.is_some_and(|b| b.overflow == Overflow::Block);
            assert_eq!(picture.contains("SLIP"), blocks);
        }
    }

    #[test]
    fn the_text_fits_and_says_what_happened() {
        for f in all() {
            for ascii in [false, true] {
                let said = text(&f, ascii);
                assert!(said.lines().count() <= 40, "{}\n{said}", said.lines().count());
                assert!(said.lines().all(|l| l.chars().count() <= 100), "{said}");
                assert_eq!(said.is_ascii(), ascii, "{said}");
                assert!(!said.contains("NaN"), "{said}");
            }
        }
        let [endless, drop, reject, block] = &all()[..] else {
            panic!("four")
        };
        assert!(text(endless, true).contains("RUN-AWAY at ") && text(endless, true).contains("1.9895"));
        assert!(text(drop, true).contains("lost without a word") && text(drop, true).contains("shed"));
        assert!(text(reject, true).contains("senders saw") && text(reject, true).contains("rejected"));
        assert!(text(block, true).contains("cost no task") && text(block, true).contains("slip"));
    }

    #[test]
    fn the_object_has_an_array_of_200_for_every_series() {
        for f in all() {
            let j = json(&f, "sim ewf");
            for series in [
                "arrival_rate",
                "completion_rate",
                "refusal_rate",
                "slip",
                "queue_length",
                "queue_latency",
                "task_latency",
                "response",
            ] {
                for q in ["p10", "p50", "p90", "p99"] {
                    assert_eq!(j["columns"][series][q].as_array().unwrap().len(), 200, "{series} {q}");
                }
            }
            let counts = j["spectrogram"]["counts"]
                .as_array()
                .unwrap()
                .iter()
                .flat_map(|c| c.as_array().unwrap());
            let drawn: u64 = counts.map(|n| n.as_u64().unwrap()).sum();
            assert_eq!(drawn, f.books.completed, "every completed task is in the map");
            assert_eq!(j["books"]["balanced"], true);
            assert!((j["critical"]["alpha"].as_f64().unwrap() - 1.9895).abs() < 0.001);
            assert_eq!(j["cost"].is_null(), f.bound.is_none());
        }
    }

    #[test]
    fn the_words_name_the_onset_the_columns_have() {
        let f = flow(None);
        let onset = f.moment(f.onset().unwrap()).unwrap();

        assert!(words::onset(&f).contains(&words::share(onset.share)));
        assert_eq!(json(&f, "")["onset"]["share"], onset.share);
        let mut calm = f.clone();
        calm.columns.truncate(100);
        assert!(words::onset(&calm).starts_with("NO RUN-AWAY"));
    }

    #[test]
    fn figures_keep_about_three_digits() {
        for (v, text) in [
            (0.0, "0"),
            (0.735, "0.73"),
            (4.612, "4.61"),
            (46.24, "46.2"),
            (2310.4, "2,310"),
        ] {
            assert_eq!(figure(Some(v)), text);
        }
        assert_eq!((figure(None), figure(Some(f64::NAN))), ("—".into(), "—".into()));
    }
}
