//! `GET /api/stats`: the figures of a period in the viewer's time zone. They say how those who called
//! were served: calls that the receptionist made are in none of them.
//!
//! They come from the hourly rollups the projector keeps; only the parts of an hour at the ends
//! of the period are counted from the calls themselves. In zones whose hours are not UTC's (India,
//! Nepal, central Australia) everything is counted from the calls, because a rollup's hour would
//! straddle two of theirs.

mod buckets;
pub mod latency;
mod period;
pub mod revenue;

use crate::{
    Api, answer,
    freshness::Freshness,
    moment::Moment,
    money::Money,
    parameters::{self, Parameters},
    problem::{Problem, ReadProblems},
    shared::Told,
    viewer::{Plan, Right, Viewer, Whose},
};
use axum::{extract::State, http::Uri, response::Response};
use buckets::{Bucket, Spans};
use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use chrono_tz::Tz;
use frontdesk_process::clock;
use latency::LatencyFigures;
use period::Period;
use serde::Serialize;
use sqlx::PgConnection;
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Whose calls are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counting {
    /// All of the account.
    Account,
    /// Those of one client of it.
    Client(Uuid),
    /// Those that nobody owns; in rollups their client is the nil id.
    Nobodys,
}

impl Counting {
    fn whose(self) -> Whose {
        match self {
            Self::Account | Self::Client(_) => Whose::Account,
            Self::Nobodys => Whose::Nobody,
        }
    }

    /// What the rows counted have as their client.
    fn client(self) -> Option<Uuid> {
        match self {
            Self::Account => None,
            Self::Client(id) => Some(id),
            Self::Nobodys => Some(Uuid::nil()),
        }
    }
}

/// The figures of a period.
#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// What was asked for.
    pub period: PeriodShown,
    /// Over the whole period.
    pub totals: Totals,
    /// Over the period to compare with: the month before when the period lies in a month and
    /// begins with it, else as long a time just before.
    pub previous: Totals,
    /// By hour of the local day: always 24.
    pub by_hour: Vec<HourFigures>,
    /// By local day, empty days included.
    pub by_day: Vec<DayFigures>,
    /// By local weekday and hour; what is not listed had no call.
    pub heat: Vec<HeatCell>,
    /// How callers felt.
    pub sentiment: SentimentFigures,
    /// How fast the receptionist was.
    pub latency: LatencyFigures,
    /// How current this is.
    pub freshness: Freshness,
}

/// A period.
#[derive(Debug, Serialize, ToSchema)]
pub struct PeriodShown {
    /// From here on.
    pub from: Moment,
    /// Up to here, exclusive.
    pub to: Moment,
    /// Days and hours are of this zone.
    #[schema(example = "America/New_York")]
    pub tz: String,
}

/// Figures of ended inbound calls that began in a period.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Totals {
    /// All of them.
    pub calls: i64,
    /// Answered by the receptionist.
    pub answered: i64,
    /// Nobody answered.
    pub missed: i64,
    /// The caller gave up first.
    pub abandoned: i64,
    /// Never came about for a technical reason.
    pub failed: i64,
    /// Talk time in milliseconds.
    pub talk_ms: i64,
    /// Talk time of an answered call; null without one.
    pub average_talk_ms: Option<i64>,
    /// Answered of all, 0 to 1; null without calls.
    pub answered_share: Option<f64>,
    /// Answered calls whose outcome is a success.
    pub success: i64,
    /// Success of answered calls, 0 to 1; null without one.
    pub success_share: Option<f64>,
    /// Captured revenue by currency.
    pub revenue: Vec<Money>,
}

/// An hour of the day.
#[derive(Debug, Serialize, ToSchema)]
pub struct HourFigures {
    /// 0 to 23, local.
    pub hour: u32,
    /// Ended calls.
    pub calls: i64,
    /// Answered ones.
    pub answered: i64,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayFigures {
    /// Local date.
    #[schema(format = Date, example = "2026-11-23")]
    pub date: String,
    /// Ended calls.
    pub calls: i64,
    /// Answered ones.
    pub answered: i64,
    /// Talk time in milliseconds.
    pub talk_ms: i64,
    /// Answered calls whose outcome is a success.
    pub success: i64,
}

/// An hour of a weekday.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeatCell {
    /// 1 Monday to 7 Sunday, local.
    pub weekday: u32,
    /// 0 to 23, local.
    pub hour: u32,
    /// Ended calls.
    pub calls: i64,
}

/// How callers felt.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct SentimentFigures {
    /// Content callers.
    pub positive: i64,
    /// Neither.
    pub neutral: i64,
    /// Upset callers.
    pub negative: i64,
    /// Not analysed, or in other words.
    pub unknown: i64,
}

/// What is asked for.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StatsFilters {
    /// From here on (RFC 3339); left out, the beginning of this month.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<DateTime<Utc>>,
    /// Up to here, exclusive (RFC 3339); left out, now.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<DateTime<Utc>>,
    /// IANA name of the zone for days and hours; UTC when left out.
    #[param(value_type = Option<String>, example = "America/New_York")]
    tz: Option<Tz>,
    /// Only calls of this client.
    client_id: Option<Uuid>,
    /// `true`: calls that nobody owns, instead of the account's; for administrators of the service.
    unassigned: Option<bool>,
}

impl StatsFilters {
    /// The period, where the path says whose calls.
    pub(crate) fn take_period(given: Parameters, now: DateTime<Utc>) -> Result<Period, Problem> {
        let (period, _) = Self::take(given.without_client(), now)?;
        Ok(period)
    }

    /// The period, and whose calls.
    fn take(mut given: Parameters, now: DateTime<Utc>) -> Result<(Period, Counting), Problem> {
        let filters = Self {
            from: given.take("from", parameters::instant),
            to: given.take("to", parameters::instant),
            tz: given.take("tz", |name| {
                name.parse()
                    .map_err(|_| "must be an IANA time zone like Europe/Berlin".to_owned())
            }),
            client_id: given.take("client_id", parameters::uuid),
            unassigned: given.take("unassigned", parameters::flag),
        };
        let counting = match (filters.client_id, filters.unassigned) {
            (Some(_), Some(true)) => {
                given.refuse("unassigned", "contradicts client_id");
                Counting::Nobodys
            }
            (None, Some(true)) => Counting::Nobodys,
            (Some(client), _) => Counting::Client(client),
            (None, _) => Counting::Account,
        };
        let period = Period::new(filters.from, filters.to, filters.tz.unwrap_or(Tz::UTC), now);
        if let (Err((name, message)), false) = (&period, given.has_errors()) {
            given.refuse(name, message);
        }
        given.finish()?;
        let period = period.map_err(|(name, message)| {
            let mut given = Parameters::default();
            given.refuse(name, &message);
            given.finish().expect_err("it was refused just now")
        })?;
        Ok((period, counting))
    }
}

/// Shows the figures of a period.
#[utoipa::path(
    get, operation_id = "show_stats", path = "/api/stats", tag = "stats", params(StatsFilters),
    responses((status = 200, description = "The figures", body = Stats), ReadProblems)
)]
pub async fn show(
    State(api): State<Api>,
    viewer: Viewer,
    uri: Uri,
    given: Parameters,
) -> Result<Response, Problem> {
    // Refused before it is shared. The period is worked out again with each read: "up to now" is
    // another instant then.
    let (_, counting) = StatsFilters::take(given, clock::now())?;
    viewer.require(Right::ReadCalls)?;
    shared(&api, &viewer, &uri, counting).await
}

/// Answers what is asked at `uri`, once for all who ask it now.
pub(crate) async fn shared(
    api: &Api,
    viewer: &Viewer,
    uri: &Uri,
    counting: Counting,
) -> Result<Response, Problem> {
    let (api, viewer) = (api.clone(), viewer.clone());
    let query = uri.query().unwrap_or_default().to_owned();
    let shared = api.shared().clone();
    let question = viewer.question(counting.whose(), uri)?;
    let read = move || figures(api.clone(), viewer.clone(), query.clone(), counting);
    shared.ask(question, read).await.map(answer::json)
}

async fn figures(api: Api, viewer: Viewer, query: String, counting: Counting) -> Told {
    let freshness = api.board().calls();
    let (period, _) = StatsFilters::take(Parameters::parse(&query), clock::now())?;
    let read = viewer.read_of(
        counting.whose(),
        api.database(),
        Plan::ByValues,
        period,
        move |db, period| Box::pin(Counted::read(db, period, counting.client())),
    );
    let counted = read.await?;
    Ok(answer::written(
        &counted.stats(&period, freshness),
        16 * 1024,
    ))
}

/// What the database counted.
struct Counted {
    buckets: Vec<Bucket>,
    revenue: Vec<Money>,
    previous: Vec<Bucket>,
    previous_revenue: Vec<Money>,
    latency: Vec<i64>,
}

impl Counted {
    async fn read(
        db: &mut PgConnection,
        period: &Period,
        client: Option<Uuid>,
    ) -> sqlx::Result<Self> {
        let spans = Spans::of(period.from, period.to, period.has_whole_hours());
        // Only sums are shown of it, so the local hour does not matter.
        let (before_from, before_to) = period.previous();
        let before = Spans::of(before_from, before_to, true);
        Ok(Self {
            buckets: buckets::count(db, &spans, client).await?,
            revenue: buckets::revenue(db, &spans, client).await?,
            previous: buckets::count(db, &before, client).await?,
            previous_revenue: buckets::revenue(db, &before, client).await?,
            latency: latency::histogram(db, &Spans::of(period.from, period.to, true), client)
                .await?,
        })
    }

    fn stats(self, period: &Period, freshness: Freshness) -> Stats {
        let mut hours = [(0, 0); 24];
        let mut days: BTreeMap<_, _> = period
            .days()
            .into_iter()
            .map(|date| (date, Bucket::default()))
            .collect();
        let mut heat = BTreeMap::new();
        let mut sentiment = SentimentFigures::default();
        for bucket in &self.buckets {
            let local = bucket.at.with_timezone(&period.zone);
            let hour = &mut hours[local.hour() as usize];
            *hour = (hour.0 + bucket.calls, hour.1 + bucket.answered);
            days.entry(local.date_naive()).or_default().add(bucket);
            *heat
                .entry((local.weekday().number_from_monday(), local.hour()))
                .or_insert(0) += bucket.calls;
            sentiment.positive += bucket.positive;
            sentiment.neutral += bucket.neutral;
            sentiment.negative += bucket.negative;
            sentiment.unknown += bucket.calls - bucket.positive - bucket.neutral - bucket.negative;
        }
        let hours = hours.into_iter().zip(0..);
        Stats {
            period: PeriodShown {
                from: Moment(period.from),
                to: Moment(period.to),
                tz: period.zone.name().to_owned(),
            },
            totals: Totals::of(&self.buckets, self.revenue),
            previous: Totals::of(&self.previous, self.previous_revenue),
            by_hour: hours
                .map(|((calls, answered), hour)| HourFigures {
                    hour,
                    calls,
                    answered,
                })
                .collect(),
            by_day: days
                .into_iter()
                .map(|(date, sum)| DayFigures::of(date.to_string(), &sum))
                .collect(),
            heat: heat
                .into_iter()
                .map(|((weekday, hour), calls)| HeatCell {
                    weekday,
                    hour,
                    calls,
                })
                .collect(),
            sentiment,
            latency: LatencyFigures::of(&self.latency),
            freshness,
        }
    }
}

impl DayFigures {
    fn of(date: String, sum: &Bucket) -> Self {
        Self {
            date,
            calls: sum.calls,
            answered: sum.answered,
            talk_ms: sum.talk_ms,
            success: sum.success,
        }
    }
}

impl Totals {
    fn of(buckets: &[Bucket], revenue: Vec<Money>) -> Self {
        let mut sum = Bucket::default();
        buckets.iter().for_each(|bucket| sum.add(bucket));
        let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
        Self {
            calls: sum.calls,
            answered: sum.answered,
            missed: sum.missed,
            abandoned: sum.abandoned,
            failed: sum.failed,
            talk_ms: sum.talk_ms,
            average_talk_ms: (sum.answered > 0).then(|| sum.talk_ms / sum.answered),
            answered_share: share(sum.answered, sum.calls),
            success: sum.success,
            success_share: share(sum.success, sum.answered),
            revenue,
        }
    }
}
