//! Habits of other tools: glued wrk flags are refused with the translated command.

/// The refusal, if the arguments look like `-t12 -c400 -d30s` of wrk.
pub fn translate(args: &[String]) -> Option<String> {
    let glued = |flag: &str| {
        args.iter()
            .find_map(|a| a.strip_prefix(flag).filter(|v| v.starts_with(|c: char| c.is_ascii_digit())))
    };
    let duration = glued("-d").filter(|d| crate::model::units::parse_duration(d).is_ok())?;
    let mut words = vec!["clobber-tui".to_owned()];
    if let Some(t) = glued("-t") {
        words.push(format!("--threads {t}"));
    }
    if let Some(c) = glued("-c") {
        words.push(format!("-c {c}"));
    }
    words.push(format!("-z {duration}"));
    words.extend(args.iter().filter(|a| !a.starts_with('-')).cloned());
    Some(format!(
        "these are wrk's flags; here -d is the body and -t the timeout (say: {})",
        words.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrk_flags_come_back_translated() {
        let args = ["-t12", "-c400", "-d30s", "http://127.0.0.1:8080/"].map(String::from);

        let said = translate(&args).unwrap();

        assert!(
            said.contains("clobber-tui --threads 12 -c 400 -z 30s http://127.0.0.1:8080/"),
            "{said}"
        );
        assert_eq!(translate(&["-d".into(), "x".into()]), None);
    }
}
