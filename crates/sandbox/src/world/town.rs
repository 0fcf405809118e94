//! The town's table: who owns which business. One line each, so that it reads as a table.

use super::{
    BillingTale::{Cancelled, PartlyRefunded, PastDue, Recovered, Steady, Upgraded},
    Business, NAMESPACE,
    Plan::{Pro, Solo, WhiteLabel},
    Profession, User,
};
use chrono_tz::{
    America::{Chicago, Denver, Los_Angeles, New_York},
    Tz,
};
use uuid::Uuid;

/// Key, name, zone, plan, months, tale.
type UserRow = (
    &'static str,
    &'static str,
    Tz,
    super::Plan,
    u32,
    super::BillingTale,
);

#[rustfmt::skip]
const USERS: [UserRow; 10] = [
    ("okafor",     "Amara Okafor",    Los_Angeles, Solo,       5, Steady),
    ("delgado",    "Ray Delgado",     Chicago,     Solo,       4, Recovered),
    ("marchetti",  "Ines Marchetti",  Chicago,     Pro,        6, Upgraded),
    ("haddad",     "Sami Haddad",     New_York,    Solo,       3, Cancelled),
    ("lindqvist",  "Maja Lindqvist",  Denver,      Solo,       7, Steady),
    ("abernathy",  "June Abernathy",  Los_Angeles, Solo,       4, PartlyRefunded),
    ("castellano", "Nora Castellano", New_York,    Pro,        8, Steady),
    ("ferro",      "Dante Ferro",     Chicago,     Solo,       2, PastDue),
    ("whitlock",   "Hal Whitlock",    Denver,      Solo,       1, Steady),
    ("tandem",     "Priya Raman",     New_York,    WhiteLabel, 9, Steady),
];

/// User, profession, tenant key, zone, weight, owner, name, address, numbers.
type BusinessRow = (
    &'static str,
    Profession,
    &'static str,
    Tz,
    f64,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

#[rustfmt::skip]
const BUSINESSES: [BusinessRow; 12] = [
    ("okafor",     Profession::Dentist,       "tnt_brightsmile", Los_Angeles, 1.5, "Dr. Okafor",    "Bright Smile Dental",                 "418 Harbor Street, second floor",      &["+14155550123"]),
    ("delgado",    Profession::Plumber,       "tnt_aceplumbing", Chicago,     1.4, "Ray",           "Ace Plumbing",                        "2200 West Fulton",                     &["+13125550118"]),
    ("marchetti",  Profession::Mechanic,      "tnt_northside",   Chicago,     1.2, "Ines",          "Northside Auto Repair",               "91 Lowry Avenue, behind the car wash", &["+16125550142"]),
    ("haddad",     Profession::Locksmith,     "tnt_keyhaven",    New_York,    1.2, "Sami",          "KeyHaven Locksmiths",                 "340 East 6th Street",                  &["+12125550164"]),
    ("lindqvist",  Profession::Massage,       "tnt_stillwater",  Denver,      1.0, "Dr. Lindqvist", "Stillwater Massage and Chiropractic", "1675 Larimer, suite 210",              &["+13035550171"]),
    ("abernathy",  Profession::Photographer,  "tnt_juniperlane", Los_Angeles, 0.7, "June",          "Juniper Lane Photography",            "27 Juniper Lane",                      &["+15035550136"]),
    ("castellano", Profession::RealEstate,    "tnt_harborview",  New_York,    1.1, "Nora",          "Harborview Realty",                   "8 Rowes Wharf",                        &["+16175550109", "+16175550110"]),
    ("ferro",      Profession::TattooArtist,  "tnt_blackfern",   Chicago,     0.8, "Dante",         "Black Fern Tattoo",                   "1106 East 6th, the green door",        &["+15125550187"]),
    ("whitlock",   Profession::HomeInspector, "tnt_plumbline",   Denver,      0.8, "Hal",           "Plumb Line Home Inspection",          "55 South State, suite 4",              &["+18015550155"]),
    ("tandem",     Profession::Dentist,       "tnt_maplestreet", New_York,    1.0, "Dr. Vance",     "Maple Street Dental",                 "12 Maple Street",                      &["+14045550148"]),
    ("tandem",     Profession::Plumber,       "tnt_riverbend",   Los_Angeles, 0.9, "Teo",           "Riverbend Plumbing and Heating",      "700 Riverbend Road",                   &["+12065550127"]),
    ("tandem",     Profession::Locksmith,     "tnt_lockwood",    Los_Angeles, 0.8, "Marguerite",    "Lockwood Lock and Key",               "4120 Lockwood Drive",                  &["+17025550193"]),
];

/// Known only by its number: its dispatch rule is an old one without attributes.
const WITHOUT_ATTRIBUTE: &str = "tnt_riverbend";

pub(super) fn users() -> Vec<User> {
    USERS.iter().map(user).collect()
}

pub(super) fn businesses() -> Vec<Business> {
    BUSINESSES.iter().map(business).collect()
}

pub(super) fn named(kind: &str, key: &str) -> Uuid {
    Uuid::new_v5(&NAMESPACE, format!("{kind}\0{key}").as_bytes())
}

/// PayPal's `custom_id` of somebody.
pub(super) fn billing_key(key: &str) -> String {
    format!("bk_{}", &named("billing", key).simple().to_string()[..20])
}

fn user(&(key, name, time_zone, plan, months, tale): &UserRow) -> User {
    User {
        id: named("user", key),
        name: name.to_owned(),
        email: format!("{key}@example.com"),
        billing_key: billing_key(key),
        time_zone,
        plan,
        months,
        tale,
    }
}

fn business(row: &BusinessRow) -> Business {
    let &(user, profession, tenant, time_zone, weight, owner, name, address, numbers) = row;
    let last = numbers[0].len() - 2;
    Business {
        id: named("client", tenant),
        user_id: named("user", user),
        name: name.to_owned(),
        profession,
        tenant_key: tenant.to_owned(),
        tenant_on_rule: tenant != WITHOUT_ATTRIBUTE,
        time_zone,
        numbers: numbers.iter().map(|&number| number.to_owned()).collect(),
        owner: owner.to_owned(),
        address: address.to_owned(),
        // A neighbour of the business's own number, still in the fictional range.
        transfer_number: Some(format!("{}00", &numbers[0][..last])),
        own_greeting: None,
        weight,
    }
}
