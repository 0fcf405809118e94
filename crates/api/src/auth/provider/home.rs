//! What an account that is made needs and no provider tells; the browser does, when it leaves.

use crate::{
    auth::signup::{DEFAULT_LOCALE, DEFAULT_TIME_ZONE},
    parameters::Parameters,
    text,
};
use serde::{Deserialize, Serialize};

/// Where somebody is and how they write.
#[derive(Serialize, Deserialize)]
pub(super) struct Home {
    pub(super) time_zone: String,
    pub(super) locale: String,
}

impl Default for Home {
    fn default() -> Self {
        Self {
            time_zone: DEFAULT_TIME_ZONE.to_owned(),
            locale: DEFAULT_LOCALE.to_owned(),
        }
    }
}

impl Home {
    /// What the browser's page says of it; what we do not know must not keep anybody out.
    pub(super) fn take(given: &mut Parameters) -> Self {
        let usual = Self::default();
        let zone = given.take("time_zone", |text| Ok(text::time_zone(text).ok()));
        let locale = given.take("locale", |text| Ok(text::locale(text).ok()));
        Self {
            time_zone: zone.flatten().unwrap_or(usual.time_zone),
            locale: locale.flatten().unwrap_or(usual.locale),
        }
    }
}
