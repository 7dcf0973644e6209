//! Places on the earth as files name them (ISO 6709).

/// Latitude and longitude in degrees, `35.8,-45.91`, of a text such as `+35.8000-045.9100+012.3/`, `+4012-07500/` (minutes) or
/// `+401213.1-0750015.1/` (seconds too). `None` for anything else, and for what is not on the earth.
pub(super) fn degrees(text: &str) -> Option<String> {
    let signs: Vec<_> = text.match_indices(['+', '-']).map(|(at, _)| at).collect();
    let [0, second, ..] = signs.as_slice() else { return None };
    let end = signs.get(2).copied().or_else(|| text.find(['/', 'C'])).unwrap_or(text.len());
    let latitude = angle(text.get(..*second)?, 2).filter(|angle| angle.abs() <= 90.0)?;
    let longitude = angle(text.get(*second..end)?, 3).filter(|angle| angle.abs() <= 180.0)?;
    Some(format!("{},{}", shown(latitude), shown(longitude)))
}

/// At most six digits behind the point, which is a tenth of a metre.
fn shown(angle: f64) -> f64 {
    // Adding zero takes the sign of a negative one.
    (angle * 1e6).round() / 1e6 + 0.0
}

/// Degrees with so many digits, and behind them, by how many more there are, minutes and seconds; the last has decimals.
fn angle(text: &str, digits: usize) -> Option<f64> {
    let number = text.get(1..)?;
    let whole = number.split('.').next()?;
    if !number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return None;
    }
    let part = |from: usize, to: usize| number.get(from..to)?.parse::<f64>().ok();
    let (minutes, seconds) = (digits + 2, digits + 4);
    let angle = match whole.len() {
        length if length == digits => part(0, number.len())?,
        length if length == minutes => part(0, digits)? + sixtieths(part(digits, number.len())?)? / 60.0,
        length if length == seconds => {
            part(0, digits)?
                + sixtieths(part(digits, minutes)?)? / 60.0
                + sixtieths(part(minutes, number.len())?)? / 3600.0
        }
        _ => return None,
    };
    Some(if text.starts_with('-') { -angle } else { angle })
}

fn sixtieths(number: f64) -> Option<f64> {
    (number < 60.0).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::degrees;

    #[test]
    fn degrees_minutes_and_seconds_are_read() {
        for (text, expected) in [
            ("+35.8000-045.9100+012.345/", "35.8,-45.91"),
            ("+37.5090+127.0243/", "37.509,127.0243"),
            ("-33.8568-000.0000/", "-33.8568,0"),
            ("+4012-07500/", "40.2,-75"),
            ("+401213.2-0750015.0+1/", "40.203667,-75.004167"),
            ("+90+180", "90,180"),
            ("+27.5916+086.5640+8850CRSWGS_84/", "27.5916,86.564"),
            ("+27.5916+086.5640CRSWGS_84/", "27.5916,86.564"),
        ] {
            assert_eq!(degrees(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "/",
            "+35.8",
            "35.8,-45.91",
            "+91-000/",
            "+45+181/",
            "+4560-07500/",
            "+a5-045/",
            "+5-5/",
            "++/",
            "+12.3.4-045/",
            "ä+-",
        ] {
            assert_eq!(degrees(wrong), None, "{wrong}");
        }
    }
}
