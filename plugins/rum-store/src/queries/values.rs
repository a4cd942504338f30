//! Numbers of a group of rows, all of them, and the percentile that is told of them.

use greenroom_database_sql::sqlx::{Database, Decode, Type, error::BoxDynError};

/// What [`Sql::values`](Sql::values) asks for: one JSON text for a group, which takes a tenth of what its rows would.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Values(pub(super) Vec<f64>);

impl Values {
    /// The value that 75 of 100 do not exceed; one that was measured, none between two.
    pub(super) fn p75(&mut self) -> Option<f64> {
        let rank = (self.0.len() * 3).div_ceil(4).checked_sub(1)?;
        Some(*self.0.select_nth_unstable_by(rank, f64::total_cmp).1)
    }

    /// How many there are.
    pub(super) fn count(&self) -> i64 {
        i64::try_from(self.0.len()).unwrap_or(i64::MAX)
    }
}

impl<D: Database> Type<D> for Values
where
    str: Type<D>,
{
    fn type_info() -> D::TypeInfo {
        <str as Type<D>>::type_info()
    }
}

impl<'r, D: Database> Decode<'r, D> for Values
where
    &'r str: Decode<'r, D>,
{
    fn decode(value: D::ValueRef<'r>) -> Result<Self, BoxDynError> {
        Ok(Self(serde_json::from_str(Decode::<D>::decode(value)?)?))
    }
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn rum_101_a_percentile_is_a_value_that_was_measured_and_75_of_100_do_not_exceed_it() {
        let p75 = |values: &[f64]| Values(values.to_vec()).p75();
        assert_eq!(p75(&[]), None);
        assert_eq!(p75(&[7.0]), Some(7.0));
        assert_eq!(p75(&[4.0, 1.0, 3.0, 2.0]), Some(3.0));
        assert_eq!(p75(&[5.0, 4.0, 1.0, 3.0, 2.0]), Some(4.0));
        assert_eq!(p75(&(1..=100).rev().map(f64::from).collect::<Vec<_>>()), Some(75.0));
    }
}
