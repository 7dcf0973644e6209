//! Limits of a configuration.

/// Refuses values with which nothing could be done: each is its field's name, the value, and the least that is allowed. The error
/// names the first field that is too low.
pub fn at_least(values: &[(&str, u64, u64)]) -> Result<(), String> {
    match values.iter().find(|(_, value, least)| value < least) {
        Some((field, value, least)) => Err(format!("{field} is {value}; it must be at least {least}")),
        None => Ok(()),
    }
}
