use std::env;

use tracing_subscriber::filter::LevelFilter;

/// Writes log lines to standard output from now on, as the function's `LoggingConfig` says.
///
/// `lambda_runtime` would do the same, but can also tell lines by what they say. That takes regular expressions, which are
/// half a megabyte of program.
pub fn init_logs() {
    let variable = |name| env::var(name).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_target(false)
        .without_time()
        .with_max_level(level(&variable("AWS_LAMBDA_LOG_LEVEL")));
    if variable("AWS_LAMBDA_LOG_FORMAT").eq_ignore_ascii_case("json") {
        lines.json().init();
    } else {
        lines.init();
    }
}

/// An empty name would be read as `ERROR`.
fn level(name: &str) -> LevelFilter {
    let named = (!name.is_empty()).then(|| name.parse().ok()).flatten();
    named.unwrap_or(LevelFilter::INFO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lambdas_levels_are_known() {
        for (name, expected) in [
            ("", LevelFilter::INFO),
            ("TRACE", LevelFilter::TRACE),
            ("DEBUG", LevelFilter::DEBUG),
            ("INFO", LevelFilter::INFO),
            ("WARN", LevelFilter::WARN),
            ("ERROR", LevelFilter::ERROR),
            ("loud", LevelFilter::INFO),
        ] {
            assert_eq!(level(name), expected, "{name}");
        }
    }
}
