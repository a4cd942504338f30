//! Whole numbers in config, within bounds.

use std::{fmt::Display, ops::RangeInclusive};

use greenroom_js::number;

use crate::{Config, ConfigError, error::Result};

/// Beyond it not every whole number can be written.
const EXACT: f64 = (1_u64 << 53) as f64;

pub(crate) fn read<T>(config: &Config, key: &str, range: &RangeInclusive<T>) -> Result<Option<T>>
where
    T: TryFrom<i64> + PartialOrd + Display,
{
    let Some(number) = config.optional_number(key)? else { return Ok(None) };
    let whole = (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64);
    match whole.and_then(|whole| T::try_from(whole).ok()).filter(|whole| range.contains(whole)) {
        Some(whole) => Ok(Some(whole)),
        None => {
            let (number, full, least, most) =
                (number::to_string(number), config.full_key(key), range.start(), range.end());
            let expected = format!("expected a whole number from {least} to {most}");
            let text = format!("Invalid number {number} in config at '{full}', {expected}");
            Err(ConfigError::invalid(config, key, text))
        }
    }
}
