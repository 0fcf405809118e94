//! The businesses of the sandbox and the people who own them: invented names, numbers of the
//! range kept for fiction (555-0100 to 555-0199), addresses at example.com.
//!
//! The town is the same for every seed, ids included, so that two runs with different seeds share
//! their businesses instead of quarrelling over e-mail addresses and tenant keys.

mod desk;
mod town;

use crate::chance::Dice;
use chrono_tz::Tz;
use std::collections::HashSet;
use uuid::Uuid;

/// All ids of the sandbox's accounts are version 5 under this namespace.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2d_51a8_0c5e_4f6b_9d53_7f0f_5a9b_11c4);

/// The nine professions Frontdesk has instructions for, and every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profession {
    /// Teeth.
    Dentist,
    /// Pipes.
    Plumber,
    /// Cars.
    Mechanic,
    /// Locks.
    Locksmith,
    /// Massage and chiropractic.
    Massage,
    /// Pictures.
    Photographer,
    /// Homes for sale and to let.
    RealEstate,
    /// Tattoos.
    TattooArtist,
    /// Houses looked over before they are bought.
    HomeInspector,
    /// What an owner wrote in words of their own; none of the town's.
    Other,
}

impl Profession {
    /// The nine.
    pub const ALL: [Self; 9] = [
        Self::Dentist,
        Self::Plumber,
        Self::Mechanic,
        Self::Locksmith,
        Self::Massage,
        Self::Photographer,
        Self::RealEstate,
        Self::TattooArtist,
        Self::HomeInspector,
    ];

    /// The word the accounts store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Dentist => "dentist",
            Self::Plumber => "plumber",
            Self::Mechanic => "mechanic",
            Self::Locksmith => "locksmith",
            Self::Massage => "massage",
            Self::Photographer => "photographer",
            Self::RealEstate => "real_estate",
            Self::TattooArtist => "tattoo",
            Self::HomeInspector => "home_inspector",
            Self::Other => "other",
        }
    }

    /// Which one a stored word means.
    #[must_use]
    pub fn of_word(word: &str) -> Self {
        let known = Self::ALL.into_iter().find(|known| known.word() == word);
        known.unwrap_or(Self::Other)
    }
}

/// What a user pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// 299 USD a month, one number.
    Solo,
    /// 499 USD a month, three numbers.
    Pro,
    /// 799 USD a month, any number of numbers.
    WhiteLabel,
}

impl Plan {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Solo, Self::Pro, Self::WhiteLabel];

    /// The word the accounts store.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Solo => "solo",
            Self::Pro => "pro",
            Self::WhiteLabel => "white_label",
        }
    }
}

/// How a user's subscription has gone so far; [`crate::stories::billing`] tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillingTale {
    /// Paid every month.
    Steady,
    /// One payment failed, the second try went through.
    Recovered,
    /// The payment of this month failed; PayPal will try again.
    PastDue,
    /// Part of one payment was given back.
    PartlyRefunded,
    /// Ended by the user; paid until the end of the month.
    Cancelled,
    /// Began on Solo, moved to Pro.
    Upgraded,
}

/// Somebody who signed up.
#[derive(Debug, Clone)]
pub struct User {
    /// Stable.
    pub id: Uuid,
    /// Full name.
    pub name: String,
    /// At example.com.
    pub email: String,
    /// PayPal's `custom_id`.
    pub billing_key: String,
    /// Theirs.
    pub time_zone: Tz,
    /// The plan they are on now.
    pub plan: Plan,
    /// Months since they subscribed.
    pub months: u32,
    /// How it went.
    pub tale: BillingTale,
}

/// One receptionist for one business.
#[derive(Debug, Clone, PartialEq)]
pub struct Business {
    /// Stable.
    pub id: Uuid,
    /// Its user.
    pub user_id: Uuid,
    /// As answered on the phone.
    pub name: String,
    /// What it does.
    pub profession: Profession,
    /// What a dispatch rule carries as `app.tenantId`.
    pub tenant_key: String,
    /// Whether its dispatch rule carries the key at all; if not, only the dialled number tells
    /// whose call it is.
    pub tenant_on_rule: bool,
    /// Where its day begins and ends.
    pub time_zone: Tz,
    /// Dialled to reach it, E.164.
    pub numbers: Vec<String>,
    /// Who calls are put through to, as the receptionist says the name.
    pub owner: String,
    /// Where it is, as said on the phone.
    pub address: String,
    /// Where calls are put through to; nobody is put through when there is none.
    pub transfer_number: Option<String>,
    /// How calls are answered, where the owner has changed it.
    pub own_greeting: Option<String>,
    /// How often it is rung, next to the others.
    pub weight: f64,
}

/// Users, businesses, and a number nobody has.
#[derive(Debug, Clone)]
pub struct World {
    /// Who pays.
    pub users: Vec<User>,
    /// Who is called.
    pub businesses: Vec<Business>,
    /// Reaches the machine but belongs to nobody, so calls to it stay unassigned.
    pub spare_number: String,
}

impl World {
    /// The town everybody sees after `make up`: ten users, twelve businesses, every profession.
    #[must_use]
    pub fn town() -> Self {
        Self {
            users: town::users(),
            businesses: town::businesses(),
            spare_number: "+12025550100".to_owned(),
        }
    }

    /// The town and further businesses up to `count`, for benchmarks that need many: more of the
    /// same professions, owned by the town's users.
    #[must_use]
    pub fn crowd(seed: u64, count: usize) -> Self {
        let mut world = Self::town();
        let mut dice = Dice::new(seed).fork("crowd", 0);
        let spare = world.spare_number.clone();
        let taken: HashSet<_> = world
            .businesses
            .iter()
            .flat_map(|business| business.numbers.clone())
            .collect();
        let mut free = (0..)
            .map(fictional_number)
            .filter(|number| !taken.contains(number) && *number != spare);
        let originals = world.businesses.len();
        for number in originals..count {
            let mut twin = world.businesses[number % originals].clone();
            twin.tenant_key = format!("tnt_{}", dice.letters(10).to_lowercase());
            twin.id = town::named("client", &twin.tenant_key);
            twin.name = format!("{} {number}", twin.name);
            twin.numbers = free.next().into_iter().collect();
            twin.tenant_on_rule = number % 5 != 0;
            world.businesses.push(twin);
        }
        world
    }

    /// The user of this id.
    #[must_use]
    pub fn user(&self, id: Uuid) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }
}

/// The id of this user, client or key of the sandbox.
pub(crate) fn named(kind: &str, key: &str) -> Uuid {
    town::named(kind, key)
}

/// PayPal's `custom_id` of this user of the sandbox.
pub(crate) fn billing_key(key: &str) -> String {
    town::billing_key(key)
}

/// The n-th number of the range kept for fiction: 700 area codes of 100 numbers.
fn fictional_number(count: usize) -> String {
    format!("+1{}55501{:02}", 201 + (count / 100) % 700, count % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profession_has_a_business_and_every_business_a_user() {
        let world = World::town();
        for profession in Profession::ALL {
            assert!(
                world
                    .businesses
                    .iter()
                    .any(|business| business.profession == profession),
                "{profession:?}"
            );
        }
        for business in &world.businesses {
            assert!(world.user(business.user_id).is_some(), "{}", business.name);
        }
    }

    #[test]
    fn numbers_are_fictional_and_belong_to_one_business() {
        let world = World::crowd(1, 3000);
        let mut seen = HashSet::from([world.spare_number.clone()]);
        for number in world
            .businesses
            .iter()
            .flat_map(|business| &business.numbers)
        {
            assert!(
                number.len() == 12 && number.starts_with("+1") && number[5..].starts_with("55501"),
                "{number}"
            );
            assert!(seen.insert(number.clone()), "{number} twice");
        }
        let keys: HashSet<_> = world
            .businesses
            .iter()
            .map(|business| &business.tenant_key)
            .collect();
        assert_eq!(keys.len(), world.businesses.len());
    }
}
