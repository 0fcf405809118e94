//! Response times of a period, from the histogram the rollups keep: calls by their median time
//! from the caller's last word to the receptionist's first sound.

use super::buckets::Spans;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

/// The upper bounds of the histogram in milliseconds, each included in its column; the last
/// column is open. The projector's rollup has the same, and a test holds them together.
pub const BOUNDS_MS: [i64; 14] = [
    250, 500, 750, 1_000, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000, 4_000, 5_000, 7_500, 10_000,
];

/// What a caller should wait at most.
const TARGET_MS: i64 = 2_000;

/// How fast the receptionist was.
#[derive(Debug, Serialize, ToSchema)]
pub struct LatencyFigures {
    /// Median over calls, within the accuracy of the histogram; null without measured calls.
    pub e2e_p50_ms: Option<i64>,
    /// 95th percentile over calls.
    pub e2e_p95_ms: Option<i64>,
    /// Calls above the target of two seconds, 0 to 1.
    pub over_target_share: Option<f64>,
    /// Measured calls by their median.
    pub histogram: Vec<LatencyColumn>,
}

/// A column of the histogram.
#[derive(Debug, Serialize, ToSchema)]
pub struct LatencyColumn {
    /// Its upper bound, included; null for the last column.
    pub up_to_ms: Option<i64>,
    /// Calls in it.
    pub calls: i64,
}

/// The histogram of a period.
pub(super) async fn histogram(
    db: &mut PgConnection,
    spans: &Spans,
    client: Option<Uuid>,
) -> sqlx::Result<Vec<i64>> {
    let sums = sqlx::query!(
        // Column by column: unnesting would make fifteen rows of each rollup, a year of which
        // takes seconds.
        r#"select coalesce(sum(latency[1]), 0)::bigint as "c1!", coalesce(sum(latency[2]), 0)::bigint as "c2!", coalesce(sum(latency[3]), 0)::bigint as "c3!",
            coalesce(sum(latency[4]), 0)::bigint as "c4!", coalesce(sum(latency[5]), 0)::bigint as "c5!", coalesce(sum(latency[6]), 0)::bigint as "c6!",
            coalesce(sum(latency[7]), 0)::bigint as "c7!", coalesce(sum(latency[8]), 0)::bigint as "c8!", coalesce(sum(latency[9]), 0)::bigint as "c9!",
            coalesce(sum(latency[10]), 0)::bigint as "c10!", coalesce(sum(latency[11]), 0)::bigint as "c11!", coalesce(sum(latency[12]), 0)::bigint as "c12!",
            coalesce(sum(latency[13]), 0)::bigint as "c13!", coalesce(sum(latency[14]), 0)::bigint as "c14!", coalesce(sum(latency[15]), 0)::bigint as "c15!"
        from calls.hourly
        where hour >= $1 and hour < $2 and ($3::uuid is null or client_id = $3)"#,
        spans.hours.0,
        spans.hours.1,
        client,
    )
    .fetch_one(&mut *db)
    .await?;
    let mut columns = vec![
        sums.c1, sums.c2, sums.c3, sums.c4, sums.c5, sums.c6, sums.c7, sums.c8, sums.c9, sums.c10,
        sums.c11, sums.c12, sums.c13, sums.c14, sums.c15,
    ];
    let rows = sqlx::query!(
        // width_bucket counts the bounds that are not above its operand, and each bound belongs
        // to the column below it: hence the minus one.
        r#"select width_bucket(e2e_p50_ms - 1, $6::bigint[]) as "place!", count(*) as "calls!"
        from calls.calls
        where result is not null and direction = 'inbound' and e2e_p50_ms is not null
            and (started_at >= $1 and started_at < $2 or started_at >= $3 and started_at < $4)
            and ($5::uuid is null or client_id = $5 or $5 = '00000000-0000-0000-0000-000000000000'::uuid and user_id is null)
        group by 1"#,
        spans.head.0,
        spans.head.1,
        spans.tail.0,
        spans.tail.1,
        client,
        &BOUNDS_MS,
    )
    .fetch_all(db)
    .await?;
    for row in rows {
        if let Some(column) = usize::try_from(row.place)
            .ok()
            .and_then(|place| columns.get_mut(place))
        {
            *column += row.calls;
        }
    }
    Ok(columns)
}

impl LatencyFigures {
    /// Figures of a histogram.
    pub(super) fn of(columns: &[i64]) -> Self {
        let bounds = BOUNDS_MS.iter().copied().map(Some).chain([None]);
        let measured: i64 = columns.iter().sum();
        let within: i64 = columns
            .iter()
            .zip(BOUNDS_MS)
            .filter(|(_, bound)| *bound <= TARGET_MS)
            .map(|(calls, _)| calls)
            .sum();
        Self {
            e2e_p50_ms: quantile(columns, 0.5),
            e2e_p95_ms: quantile(columns, 0.95),
            over_target_share: (measured > 0).then(|| (measured - within) as f64 / measured as f64),
            histogram: bounds
                .zip(columns)
                .map(|(up_to_ms, &calls)| LatencyColumn { up_to_ms, calls })
                .collect(),
        }
    }
}

/// Where a share of the calls lies below, evenly spread within a column. The open column counts
/// with its lower bound: we know no more.
fn quantile(columns: &[i64], share: f64) -> Option<i64> {
    let measured: i64 = columns.iter().sum();
    if measured == 0 {
        return None;
    }
    let wanted = measured as f64 * share;
    let (mut below, mut lower) = (0.0, 0);
    for (&calls, upper) in columns.iter().zip(BOUNDS_MS) {
        let calls = calls as f64;
        if calls > 0.0 && below + calls >= wanted {
            let part = (wanted - below) / calls;
            return Some(lower + ((upper - lower) as f64 * part).round() as i64);
        }
        below += calls;
        lower = upper;
    }
    Some(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A histogram with these calls in the columns that end at these bounds; 0 is the open one.
    fn columns(filled: &[(i64, i64)]) -> Vec<i64> {
        let mut columns = vec![0; BOUNDS_MS.len() + 1];
        for (bound, calls) in filled {
            let place = BOUNDS_MS.iter().position(|known| known == bound);
            columns[place.unwrap_or(BOUNDS_MS.len())] += calls;
        }
        columns
    }

    #[test]
    fn quantiles_lie_in_the_column_that_holds_them() {
        assert_eq!(quantile(&columns(&[]), 0.5), None);
        assert_eq!(quantile(&columns(&[(1_000, 10)]), 0.5), Some(875));
        assert_eq!(
            quantile(&columns(&[(500, 10), (1_000, 10)]), 0.5),
            Some(500)
        );
        assert_eq!(
            quantile(&columns(&[(0, 3)]), 0.95),
            Some(10_000),
            "the open column"
        );
    }

    #[test]
    fn the_target_belongs_to_the_good_side() {
        let figures = LatencyFigures::of(&columns(&[(250, 1), (500, 1), (2_000, 2), (2_500, 1)]));
        assert_eq!(figures.over_target_share, Some(0.2));
        assert_eq!(figures.histogram.len(), BOUNDS_MS.len() + 1);
        assert_eq!(figures.histogram.last().unwrap().up_to_ms, None);
        assert_eq!(LatencyFigures::of(&columns(&[])).over_target_share, None);
    }
}
